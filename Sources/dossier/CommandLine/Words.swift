import ArgumentParser
import DossierModel
import Glibc

/// The words of the command line before they are parsed.
enum Words {
  private static let valueOptions: Set<String> = [
    "--store", "--fields", "--format", "-p", "--partnership", "-d", "--dialogue", "--on",
    "--color",
  ]
  private static let flags: Set<String> = ["--json", "--quiet", "--verbose", "--no-input"]

  /// Commands whose words are a text: it is kept when the command is refused.
  private static let texts: Set<String> = [
    "note", "action", "decide", "position", "statement", "line",
  ]
  /// Commands that save something, all or nothing.
  private static let writing: Set<String> = [
    "done", "reopen", "new", "edit", "set", "tag", "link", "act", "role", "attend", "move", "merge",
    "rm", "restore", "import",
  ]

  static func takesText(_ command: String) -> Bool { texts.contains(command) }

  /// Whether the words hold a text somebody wrote.
  private static func holdText(_ arguments: [String]) -> Bool {
    if arguments.contains(where: { $0 == "--text" || $0.hasPrefix("--text=") }) { return true }
    return takesText(arguments[0]) && arguments.dropFirst().contains { !$0.hasPrefix("-") }
  }

  /// Says of a refused command what became of its words.
  ///
  /// - Parameter arguments: as they were typed, the command first.
  static func told(_ failure: Failure, _ arguments: [String]) -> Failure {
    var failure = failure
    let command = arguments[0]
    let isWriting = takesText(command) || writing.contains(command)
    // Who only looks makes nothing.
    if !isWriting, failure.code == "no-such-record", failure.fix?.hasPrefix("dossier new") == true {
      failure.fix = "dossier parties"
    }
    let isTold = ([failure.message] + failure.details).contains { $0.contains("nothing was") }
    guard !isTold, [64, 65, 66, 73].contains(failure.exit) || failure.code == "key-missing" else {
      return failure
    }
    if holdText(arguments) {
      do {
        let path = try Unsaved.keep(bytes: Array(typed(after: command)))
        failure.details.append("nothing was saved; the words wait in \(path)")
      } catch {
        failure.details.append("nothing was saved, and the words could not be kept (\(error))")
      }
    } else if isWriting {
      failure.details.append("nothing was saved")
    }
    return failure
  }

  /// The bytes of the words after the command, a blank between two.
  private static func typed(after command: String) -> [UInt8] {
    let words = (1..<max(1, Int(CommandLine.argc))).compactMap { CommandLine.unsafeArgv[$0] }
      .map { word in
        UnsafeBufferPointer(start: word, count: strlen(word)).map { UInt8(bitPattern: $0) }
      }
    let start = words.firstIndex { $0 == Array(command.utf8) } ?? -1
    return Array(words[(start + 1)...].joined(separator: [UInt8(ascii: " ")]))
  }

  /// Puts options that stand before the command behind it, and says `now` where no command is said.
  static func ordered(_ arguments: [String]) -> [String] {
    var options: [String] = []
    var rest = arguments[...]
    while let word = rest.first {
      let name = word.split(separator: "=", maxSplits: 1).first.map(String.init) ?? word
      if flags.contains(word) || (valueOptions.contains(name) && name != word) {
        options.append(word)
        rest = rest.dropFirst()
      } else if valueOptions.contains(word), rest.count > 1 {
        options += rest.prefix(2)
        rest = rest.dropFirst(2)
      } else {
        break
      }
    }
    guard let command = rest.first else { return ["now"] + options }
    return [command] + options + rest.dropFirst()
  }

  /// - Throws: ``Failure`` when a word is no text: what the system made of it instead is not what was said.
  static func checkEncoding() throws {
    for place in 1..<max(1, Int(CommandLine.argc)) {
      guard let word = CommandLine.unsafeArgv[place] else { continue }
      guard String(validatingCString: word) == nil else { continue }
      throw Failure(
        "bad-text", exit: 65, "word \(place) of the command is not valid UTF-8",
        input: String(cString: word))
    }
  }

  /// - Throws: ``Failure`` with the closest commands when the first word is none.
  static func check(_ command: String, in root: any ParsableCommand.Type) throws {
    let groups = root.configuration.groupedSubcommands.flatMap { $0.subcommands }
    let known = (root.configuration.subcommands + groups).map { $0._commandName }
    guard !command.hasPrefix("-"), command != "help", !known.contains(command) else { return }
    let closest = Set(known).subtracting(["now"])
      .map { (Similarity.distance(command.lowercased(), $0), $0) }
      .filter { $0.0 <= 2 }.sorted { $0 < $1 }.prefix(3).map(\.1)
    throw Failure(
      "unknown-command", exit: 64, "there is no command \"\(command)\"",
      details: closest.isEmpty ? [] : ["closest: " + closest.joined(separator: ", ")],
      fix: closest.first.map { "dossier \($0)" } ?? "dossier --help", input: command,
      candidates: Array(closest))
  }
}
