import ArgumentParser
import DossierModel
import DossierStore
import Glibc

struct Take: StoreCommand {
  static let configuration = CommandConfiguration(
    abstract: "Take minutes: one line in, one record safe on disk out.",
    discussion: """
      any text                    a note
      jp: text                    what that party or person said; ... text goes on with it
      TOPIC: data flows           the agenda point of what follows
      DECISION: text              also RESOLUTION: and AGREED:
      POSITION jp: text           its position
      ACTION ann: text by friday  an action item
      PROMISE jp: text by june    a commitment of theirs
      present+ taira, kiuchi      who is there; regrets+ x
      s/old/new/                  corrects the last line
      /undo /rule chatham /who /end
      """)
  static let createsStore = true

  @OptionGroup var place: PlaceOptions
  @OptionGroup var options: GlobalOptions
  @Argument(help: ArgumentHelp("The dialogue; what is open when absent.", valueName: "DIALOGUE"))
  var reference: String?

  func run(_ context: Context) throws {
    var options = place
    options.dialogue = reference ?? options.dialogue
    let place = try context.place(options)
    if context.terminal.isInputTerminal {
      context.report("minutes of \(place.name); /end or Ctrl-D ends, --help shows the lines")
    }
    var scribe = Scribe(context, in: place)
    var lines = StandardInputLines()
    var failures: [Failure] = []
    while !scribe.isOver {
      if context.terminal.isInputTerminal { prompt() }
      guard let bytes = lines.next() else { break }
      guard let line = String(validating: bytes, as: UTF8.self), !line.contains("\0") else {
        let path = try Unsaved.keep(bytes: bytes)
        failures.append(
          Failure("bad-text", exit: 65, "this line is not valid UTF-8; it waits in \(path)"))
        tell(failures.last?.text ?? "")
        continue
      }
      do { try take(line, &scribe, context) } catch {
        // One line that cannot be saved must not end the meeting.
        failures.append(Failure(explaining: error))
        tell(failures.last?.text ?? "")
      }
    }
    context.report("\(scribe.count) record\(scribe.count == 1 ? "" : "s") taken")
    guard let first = failures.first else { return }
    tell(
      "\(failures.count) line\(failures.count == 1 ? " was" : "s were") not saved; above it says where they wait"
    )
    throw ExitCode(first.exit)
  }

  private func take(_ line: String, _ scribe: inout Scribe, _ context: Context) throws {
    let answer = try context.keeping(line) { try scribe.take(line) }
    guard let answer else { return }
    if answer.isProblem {
      tell(answer.text)
    } else if context.terminal.isOutputTerminal {
      say(answer.text)
    } else if let id = answer.id, let short = try context.store.found(id)?.short {
      say(short)
    }
  }

  private func prompt() {
    write(STDOUT_FILENO, "> ", 2)
  }
}

/// The lines of standard input as they come: bytes, for what is typed may be anything.
struct StandardInputLines {
  private var buffer: [UInt8] = []
  private var isAtEnd = false
  /// A longer line is cut into several.
  private static let limit = 1 << 20

  /// - Returns: nil at the end of the input.
  mutating func next() -> [UInt8]? {
    while true {
      if let end = buffer.firstIndex(of: UInt8(ascii: "\n")) {
        let line = Array(buffer[..<end])
        buffer.removeFirst(end + 1)
        return line.last == UInt8(ascii: "\r") ? line.dropLast() : line
      }
      if isAtEnd || buffer.count >= Self.limit {
        defer { buffer = [] }
        return buffer.isEmpty ? nil : buffer
      }
      var chunk = [UInt8](repeating: 0, count: 1 << 16)
      let count = read(STDIN_FILENO, &chunk, chunk.count)
      if count < 0, errno == EINTR { continue }
      if count <= 0 { isAtEnd = true } else { buffer += chunk[..<count] }
    }
  }
}
