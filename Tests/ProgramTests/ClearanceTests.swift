import Foundation
import Testing

/// What leaves the house for a reader outside: by the rules of attribution, and never more than was cleared.
@Suite struct ClearanceTests {
  private let program: Program

  init() throws {
    program = try Program(clock: nil, seed: nil)
    try program.dossier("init", "--name", "ann")
    try run("new", "party", "Japan")
    try run("new", "party", "Taira", "--kind", "person")
    try run("new", "partnership", "The Partnership", "--slug", "p", "--with", "japan")
    try run("set", "p", "remark=REMARK-OF-US")
    try run("new", "dialogue", "The Council", "--in", "p", "--on", "2025-05-12", "--slug", "c")
    for (words, rule) in [
      ("SAID-ON-RECORD", "record"), ("SAID-ON-BACKGROUND", "background"),
      ("SAID-IN-CHATHAM", "chatham"),
      ("SAID-OFF", "off"), ("SAID-WITHOUT-RULE", nil),
    ] {
      try run(
        ["statement", words, "--of", "taira", "-d", "c"] + (rule.map { ["--rule", $0] } ?? []))
    }
    try run("line", "LINE-TO-TAKE", "-d", "c")
    try run("action", "AGREED-TASK", "--by", "me", "-d", "c")
    try run("action", "OWN-TASK", "--by", "me", "-p", "p")
  }

  @discardableResult private func run(_ words: String...) throws -> Program.Result {
    try run(words)
  }

  @discardableResult private func run(_ words: [String]) throws -> Program.Result {
    try program.run(words).expectSuccess()
  }

  private let secret = [
    "SAID-OFF", "SAID-WITHOUT-RULE", "LINE-TO-TAKE", "OWN-TASK", "REMARK-OF-US",
  ]
  private let open = ["SAID-ON-RECORD", "SAID-ON-BACKGROUND", "SAID-IN-CHATHAM", "AGREED-TASK"]

  @Test(arguments: ["md", "jsonl"])
  func onlyWhatIsClearedLeaves(format: String) throws {
    defer { try? FileManager.default.removeItem(at: program.home) }
    let outside = try run("export", "--for", "japan", "--as", format, "-o", "-")
    for word in open { #expect(outside.output.contains(word), "\(word)") }
    for word in secret { #expect(!outside.output.contains(word), "\(word)") }
    #expect(
      outside.errors.contains(
        "left out: lines to take (1), notes without a rule (1), off the record (1), tasks of our own (1)"
      ),
      "\(outside.errors)")
    // For one of us, as without a reader: everything.
    let all = try run("export", "--as", format, "-o", "-").output
    #expect(try run("export", "--for", "ann", "--as", format, "-o", "-").output == all)
    for word in secret + open { #expect(all.contains(word), "\(word)") }
  }

  /// Neither the speaker nor whoever wrote it down is told with words under the Chatham House Rule.
  @Test func nobodyIsNamedWithWordsThatHaveNoName() throws {
    defer { try? FileManager.default.removeItem(at: program.home) }
    let lines = try run("export", "--for", "japan", "--as", "jsonl", "-o", "-").output.lines
    for (word, isNamed) in [
      ("SAID-ON-RECORD", true), ("SAID-ON-BACKGROUND", false), ("SAID-IN-CHATHAM", false),
    ] {
      let line = try #require(lines.first { $0.contains(word) })
      #expect(line.contains("\"speaker\"") == isNamed, "\(line)")
      #expect(line.contains("\"author\"") == isNamed, "\(line)")
    }
    let page = try run("export", "p", "--for", "japan", "-o", "-").output
    for line in page.lines where line.contains("SAID-IN-CHATHAM") {
      #expect(!line.contains("Taira"))
    }
  }

  @Test func aReaderNobodyKnowsIsRefused() throws {
    defer { try? FileManager.default.removeItem(at: program.home) }
    #expect(try program.run(["export", "--for", "nobody", "-o", "-"]).status == 66)
  }
}
