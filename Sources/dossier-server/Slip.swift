import ArgumentParser

/// What the parser of the command line refuses, in the words of the house. A sentence that is not known here is told as
/// it is.
struct Slip {
  /// The parser's sentence, without usage and help.
  let message: String
  /// "dossier-server user add", as far as it is a command.
  let command: String

  init(_ message: String) {
    self.message = message
    let words = CommandLine.arguments.dropFirst().prefix(while: Self.commands.contains)
    command = (["dossier-server"] + words).joined(separator: " ")
  }

  /// Every word that stands for a command.
  private static var commands: Set<String> {
    let first = DossierServer.configuration.subcommands
    return Set((first + first.flatMap { $0.configuration.subcommands }).map { $0._commandName })
  }

  var failure: Failure {
    let quoted = message.split(separator: "'", omittingEmptySubsequences: false)
    let first = quoted.count > 1 ? String(quoted[1]) : ""
    var hints: [String] = []
    let text: String
    if message.hasPrefix("Unexpected argument") {
      let isGroup = ["dossier-server", "user", "device", "workspace"]
        .contains(command.split(separator: " ").last.map(String.init) ?? "")
      text =
        isGroup
        ? "there is no command \"\(first)\" of \(command)" : "\(command) does not take \"\(first)\""
    } else if message.hasPrefix("Unknown option") {
      text = "\(command) has no option \"\(first)\""
      if quoted.count > 3 { hints.append("closest: \(quoted[3])") }
    } else if message.hasPrefix("Missing expected argument") {
      text = "\(command) needs \(Self.plain(first))"
    } else if message.hasPrefix("Missing value") {
      text = "\(Self.plain(first)): a value is missing"
    } else if message.hasPrefix("The value"), quoted.count > 3 {
      let reason = quoted[4...].joined(separator: "'").drop { ": .".contains($0) }
      text =
        "\"\(first)\" is no value for \(Self.plain(String(quoted[3])))"
        + (reason.isEmpty ? "" : "; \(reason)")
    } else {
      text = message.prefix(1).lowercased() + message.dropFirst()
    }
    return Failure(
      exit: .usage, code: "usage", message: text, hints: hints + ["try: \(command) --help"])
  }

  /// "--role ROLE" of "--role <role>".
  private static func plain(_ synopsis: String) -> String {
    synopsis.split(separator: " ").map { word in
      word.hasPrefix("<") ? word.filter { $0 != "<" && $0 != ">" }.uppercased() : String(word)
    }.joined(separator: " ")
  }
}
