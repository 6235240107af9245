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

  /// A table says what records are called: not those that stay.
  @Test func aTableTellsNothingOfWhatStays() throws {
    defer { try? FileManager.default.removeItem(at: program.home) }
    let notes = try run("notes", "--all", "--fields", "id,text").output.lines
    let off = try #require(notes.first { $0.contains("SAID-OFF") }?.split(separator: "\t").first)
    let task = try #require(
      run("actions", "--fields", "id,text").output.lines.first { $0.contains("AGREED") }?
        .split(separator: "\t").first)
    try run("set", String(task), "from=\(off)")
    for kind in ["action", "note"] {
      let words = ["export", "--as", "csv", "--kind", kind, "-o", "-"]
      let whole = try run(words).output
      #expect(whole.contains("SAID-OFF"))
      let outside = try run(words + ["--for", "japan"]).output
      for word in secret { #expect(!outside.contains(word), "\(outside)") }
      #expect(outside.contains(kind == "action" ? "AGREED-TASK" : "SAID-IN-CHATHAM"))
      #expect(!outside.contains("\n=") && outside.hasSuffix("\r\n"))
    }
    for format in ["md", "jsonl"] {
      let text = try run("export", "--for", "japan", "--as", format, "-o", "-").output
      #expect(!text.contains(off.dropFirst(2)) && !text.contains("SAID-OFF"))
    }
  }

  @Test func aReaderNobodyKnowsIsRefused() throws {
    defer { try? FileManager.default.removeItem(at: program.home) }
    #expect(try program.run(["export", "--for", "nobody", "-o", "-"]).status == 66)
  }
}
