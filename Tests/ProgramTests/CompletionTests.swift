import Foundation
import Testing

/// The shell completes commands, options, ids, slugs and names.
@Suite struct CompletionTests {
  private let program: Program

  init() throws { program = try Program.withFixture() }

  private func complete(_ words: String...) throws -> [String] {
    try program.run(["complete", "--"] + words).expectSuccess().output.lines
      .map { String($0.split(separator: "\t")[0]) }
  }

  @Test func wordsAreCompletedByTheirPlace() throws {
    defer { try? FileManager.default.removeItem(at: program.home) }
    #expect(try complete("over") == ["overdue"])
    #expect(try complete("").contains("note"))
    #expect(try complete("action", "--d").contains("--due"))
    #expect(try complete("open", "eu-australia-dig") == ["eu-australia-digital-dialogue"])
    #expect(
      try complete("note", "-d", "eu-australia-dd") == ["eu-australia-dd-1", "eu-australia-dd-2"])
    #expect(try complete("actions", "in:eu-australia-dig") == ["in:eu-australia-digital-dialogue"])
    // A name leads to its slug.
    #expect(try complete("show", "Second EU-Aus") == ["eu-australia-dd-2"])
    #expect(try complete("show", "nothing-like-it").isEmpty)
  }

  /// Before there is a store nothing is found, and none is made.
  @Test func withoutAStoreNothingIsMade() throws {
    let empty = try Program()
    defer { try? FileManager.default.removeItem(at: empty.home) }
    #expect(try empty.run(["complete", "--", "show", "x"]).expectSuccess().output.isEmpty)
    #expect(try empty.run(["notes"]).status == 78)
    try? FileManager.default.removeItem(at: program.home)
  }

  @Test func bashCompletesInARealShell() throws {
    defer { try? FileManager.default.removeItem(at: program.home) }
    let script = program.home.appending(path: "dossier.bash").path
    try program.run(["completions", "bash"]).expectSuccess().output
      .write(toFile: script, atomically: true, encoding: .utf8)
    func reply(_ words: String) throws -> [String] {
      try program.run(
        [
          "-c",
          "source '\(script)'; COMP_WORDS=(dossier \(words)); COMP_CWORD=$((${#COMP_WORDS[@]}-1)); _dossier; printf '%s\\n' \"${COMPREPLY[@]}\"",
        ], program: "/bin/bash",
        environment: ["PATH": "\(Project.programs.path):/usr/bin:/bin"]
      ).expectSuccess().output.lines
    }
    #expect(try reply("overd") == ["overdue"])
    #expect(try reply("show eu-australia-dd") == ["eu-australia-dd-1", "eu-australia-dd-2"])
    #expect(try reply("actions in:eu-australia-dig") == ["eu-australia-digital-dialogue"])
    for shell in ["zsh", "fish"] { try program.run(["completions", shell]).expectSuccess() }
    #expect(try program.run(["completions", "tcsh"]).status == 64)
  }
}
