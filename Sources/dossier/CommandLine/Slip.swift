import ArgumentParser
import DossierModel

/// What the parser of the command line refuses, in the words of the house.
///
/// The parser says what it means in sentences only; this reads them. A sentence it does not know is told as it is.
struct Slip {
  private let message: String
  private let arguments: [String]
  /// The word after the program's name; empty when that is an option.
  private let command: String

  /// - Parameters:
  ///   - message: the parser's sentence, without usage and help.
  ///   - arguments: the command and its words.
  init(_ message: String, in arguments: [String]) {
    self.message = message
    self.arguments = arguments
    command = arguments.first.flatMap { $0.hasPrefix("-") ? nil : $0 } ?? ""
  }

  var failure: Failure {
    let quoted = self.quoted
    guard let first = quoted.first else {
      return Failure("usage", exit: 64, Self.lowered(message), fix: help)
    }
    if message.hasPrefix("Unknown option") || message.hasPrefix("Invalid option") {
      return unknownOption(first)
    }
    if message.hasPrefix("Missing value for") {
      return missingValue(Self.option(first), Self.plain(first))
    }
    if message.hasPrefix("Missing expected argument") {
      return Failure(
        "missing-argument", exit: 64, "\(subject) needs \(Self.plain(first))",
        fix: help)
    }
    if message.contains("nexpected argument") {
      return Failure(
        "unexpected-argument", exit: 64,
        "\(subject) does not take "
          + quoted.map { "\"\($0)\"" }.joined(separator: " "),
        fix: help, input: quoted.joined(separator: " "))
    }
    if message.hasPrefix("The value"), quoted.count > 1 {
      return badValue(first, for: quoted[1], of: Array(quoted.dropFirst(2)))
    }
    if message.hasPrefix("The option"), quoted.count > 1 {
      return Failure(
        "unexpected-argument", exit: 64,
        "\(Self.option(first)) takes no value, and \"\(quoted[1])\" was given", fix: help,
        input: quoted[1])
    }
    return Failure("usage", exit: 64, Self.lowered(message), fix: help)
  }

  private func missingValue(_ option: String, _ synopsis: String) -> Failure {
    let place = arguments.firstIndex(of: option)
    let next = place.flatMap { $0 + 1 < arguments.count ? arguments[$0 + 1] : nil }
    let value = next.flatMap { $0.hasPrefix("--") ? nil : $0 }
    return Failure(
      "missing-value", exit: 64, "\(option) needs a value: \(synopsis)",
      details: value.map { ["a value that begins with -: \(Shell.word("\(option)=\($0)"))"] } ?? [],
      fix: help, input: option)
  }

  private func unknownOption(_ option: String) -> Failure {
    let closest = Complete.options(of: command.isEmpty ? "now" : command, "--").map(\.word)
      .map { (Similarity.distance(option.lowercased(), $0), $0) }
      .filter { option.hasPrefix("--") && $0.0 <= 2 }.sorted { $0 < $1 }.prefix(3).map(\.1)
    var details = closest.isEmpty ? [] : ["closest: " + closest.joined(separator: ", ")]
    if Words.takesText(command) {
      details.append("words that begin with - stand behind --: dossier \(command) -- \(option) …")
    }
    return Failure(
      "unknown-option", exit: 64, "\(subject) has no option \"\(option)\"",
      details: details, fix: help, input: option, candidates: Array(closest))
  }

  private func badValue(_ value: String, for place: String, of known: [String]) -> Failure {
    Failure(
      "bad-value", exit: 64, "\"\(value)\" is no value for \(Self.plain(place))",
      details: [
        known.isEmpty
          ? "a whole number is expected" : "values: " + known.joined(separator: ", ")
      ], fix: help, input: value, candidates: known)
  }

  /// Who needs or does not take it; the program's name stands before every failure.
  private var subject: String { command.isEmpty ? "the program" : command }
  private var program: String { command.isEmpty ? "dossier" : "dossier \(command)" }
  private var help: String { program + " --help" }

  /// What stands between single quotes. A value may hold quotes itself, so an ending one is followed by a blank, a
  /// comma, a full stop, a colon or the end.
  private var quoted: [String] {
    var found: [String] = []
    var rest = message[...]
    while let start = rest.firstRange(of: "'") {
      let inner = rest[start.upperBound...]
      let end = inner.indices.first { place in
        guard inner[place] == "'" else { return false }
        let next = inner[inner.index(after: place)...].first
        return next.map { " ,.:?\n".contains($0) } ?? true
      }
      guard let end else { break }
      found.append(String(inner[..<end]))
      rest = inner[inner.index(after: end)...]
    }
    return found
  }

  /// "--of" of "--of <PARTY>".
  private static func option(_ synopsis: String) -> String {
    synopsis.split(separator: " ").first.map(String.init) ?? synopsis
  }

  /// "--of PARTY" of "--of <PARTY>", "REF…" of "<REF> ...".
  private static func plain(_ synopsis: String) -> String {
    let words = synopsis.replacing(" ...", with: "…").split(separator: " ").map { word in
      guard word.hasPrefix("<") else { return String(word) }
      return word.filter { $0 != "<" && $0 != ">" }.uppercased()
    }
    return words.joined(separator: " ")
  }

  private static func lowered(_ sentence: String) -> String {
    var text = sentence.prefix(1).lowercased() + sentence.dropFirst()
    while text.last == "." { text.removeLast() }
    return text
  }
}
