import ArgumentParser
import DossierModel

/// The words of the command line before they are parsed.
enum Words {
  private static let valueOptions: Set<String> = [
    "--store", "--fields", "--format", "-p", "--partnership", "-d", "--dialogue", "--on",
    "--color",
  ]
  private static let flags: Set<String> = ["--json", "--quiet", "--verbose", "--no-input"]

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
        details: ["nothing was saved"], input: String(cString: word))
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
