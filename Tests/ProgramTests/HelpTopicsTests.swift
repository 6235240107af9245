import Foundation
import Testing

/// The topics of help say all that the sources do.
@Suite struct HelpTopicsTests {
  private let program: Program

  init() throws { program = try Program(seed: nil) }

  private func topic(_ name: String) throws -> String {
    try program.dossier("help", name).expectSuccess().output
  }

  @Test func everyVariableTheProgramsReadIsInTheTopic() throws {
    defer { try? FileManager.default.removeItem(at: program.home) }
    var read: Set<String> = []
    for text in try Project.sources("dossier") + Project.sources("dossier-server") {
      for match in text.matches(of: #/(?:environment|getenv)\("([A-Z_]+)"\)/#) {
        read.insert(String(match.1))
      }
    }
    #expect(read.count > 10)
    // The C library reads TZ.
    read.insert("TZ")
    var told: Set<String> = []
    for line in try topic("environment").lines {
      guard let head = line.prefixMatch(of: #/[A-Z_]+(, [A-Z_]+)*/#) else { continue }
      told.formUnion(head.0.split(separator: ", ").map(String.init))
    }
    #expect(told == read)
  }

  @Test func everyFilterIsInTheTopicAndIsOne() throws {
    defer { try? FileManager.default.removeItem(at: program.home) }
    let source = try String(
      contentsOf: Project.root.appending(path: "Sources/DossierModel/Words/Filter.swift"),
      encoding: .utf8)
    let start = try #require(source.firstRange(of: "switch key {"))
    let end = try #require(source[start.upperBound...].firstRange(of: "default:"))
    let keys = Set(
      source[start.upperBound..<end.lowerBound].matches(of: #/"([a-z.]+)"/#).map { String($0.1) })
    #expect(keys.count > 18)
    let text = try topic("filters")
    let told = Set(text.matches(of: #/([a-z.]+):/#).map { String($0.1) }).subtracting(["not"])
    #expect(told == keys)
    try program.dossier("new", "partnership", "Test", "--slug", "test")
    try program.dossier("new", "party", "Anybody", "--slug", "anybody")
    try program.dossier("new", "topic", "Trade", "--slug", "trade")
    for key in keys {
      let value =
        switch key {
        case "in": "test"
        case "by", "of", "owner", "with", "for": "anybody"
        case "topic": "trade"
        default: "2025"
        }
      try program.dossier("notes", "\(key):\(value)").expectSuccess()
      try program.dossier("notes", "not:\(key):\(value)").expectSuccess()
    }
  }

  @Test func everyFormInTheTopicOfDatesIsRead() throws {
    defer { try? FileManager.default.removeItem(at: program.home) }
    try program.dossier("init")
    var count = 0
    for line in try topic("dates").lines where line.hasPrefix("  ") {
      let columns = line.split(separator: #/ {2,}/#).map(String.init)
      for form in columns.dropLast() {
        let result = try program.dossier("notes", "on:\(form)")
        #expect(result.status == 0, "\(form): \(result.errors)")
        count += 1
      }
    }
    #expect(count > 50)
  }

  /// A date without a day is found where no date is asked for.
  @Test func aDateThatIsNoneFindsWhatHasNone() throws {
    defer { try? FileManager.default.removeItem(at: program.home) }
    try program.dossier("action", "with a date", "--due", "2025-06-01")
    try program.dossier("action", "without a date")
    try program.dossier("action", "date to be confirmed", "--due", "tbc")
    for words in ["due:none", "due:tbc", "due:unknown"] {
      let output = try program.dossier("actions", words, "--fields", "text").expectSuccess().output
      #expect(Set(output.lines) == ["without a date", "date to be confirmed"], "\(words)")
    }
  }

  @Test func everyFieldOfEveryKindIsInTheTopic() throws {
    defer { try? FileManager.default.removeItem(at: program.home) }
    try program.dossier("init")
    let text = try topic("fields")
    for kind in [
      "partnership", "dialogue", "note", "action", "party", "role", "act", "document",
      "discrepancy", "topic", "principle", "instrument", "device",
    ] {
      let start = try #require(text.firstRange(of: "\n\(kind)\n"), "\(kind)")
      let section = text[start.upperBound...].lines.prefix { $0.hasPrefix("  ") }
      let told = Set(section.compactMap { $0.split(separator: " ").first.map(String.init) })
      let list =
        kind == "party"
        ? "parties" : kind == "discrepancy" ? "discrepancies" : kind + "s"
      let errors = try program.dossier(list, "--fields", "?").errors
      let line = try #require(errors.firstMatch(of: #/fields: ([a-z_, ]+)/#))
      var known = Set(line.1.split(separator: ", ").map(String.init)).subtracting(["id"])
      if kind != "role" { known.remove("title") }
      #expect(told == known, "\(kind)")
    }
  }
}

extension Substring {
  fileprivate var lines: [String] { String(self).lines }
}
