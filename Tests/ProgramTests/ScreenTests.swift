import Foundation
import Testing

/// What a person sees and types on a real terminal.
@Suite struct ScreenTests {
  private let program: Program

  init() throws {
    program = try Program(clock: nil, seed: nil)
    try program.dossier("init", "--name", "ann")
  }

  private func dossier(_ words: String...) throws -> String {
    try program.run(words).expectSuccess().output
  }

  private func end() { try? FileManager.default.removeItem(at: program.home) }

  @Test func oneKeyDecidesEachThingThatWaits() throws {
    defer { end() }
    let japan = try dossier("new", "party", "Côte d'Ivoire").trimmingCharacters(in: .newlines)
    _ = try dossier("new", "party", "Cote d’Ivoire")
    _ = try dossier("new", "party", "Congo")
    _ = try dossier("new", "party", "CONGO")
    let screen = try Screen(program, "dossier review")
    try screen.wait(for: "m merge into")
    try screen.type("x", "m")
    try screen.wait(for: "moved")
    try screen.wait(for: "CONGO")
    try screen.type("a")
    try screen.wait(for: "are not the same")
    try screen.wait(for: "nothing waits any more")
    try screen.wait(for: "[ended 0]")
    #expect(try dossier("review").isEmpty)
    #expect(try dossier("parties", "--fields", "id").contains(japan))
    #expect(
      try dossier("parties", "--fields", "name").lines.sorted() == [
        "CONGO", "Congo", "Côte d'Ivoire", "ann",
      ])
  }

  @Test func aDecisionCanBeLeftForLater() throws {
    defer { end() }
    for name in ["Congo", "CONGO"] { _ = try dossier("new", "party", name) }
    let screen = try Screen(program, "dossier review")
    try screen.wait(for: "m merge into")
    try screen.type("q")
    try screen.wait(for: "1 waits")
    #expect(try program.run(["review", "--check"]).status == 1)
  }

  @Test func aTableFitsTheScreenWhateverIsInIt() throws {
    defer { end() }
    for name in [
      "日本国経済産業省大臣官房総務課国際協力室", "Ministe\u{301}re de l'E\u{301}conomie et des Finances",
      "A ministry with a name that is longer than any screen should be made to show", "🇯🇵 👩‍👩‍👧 family",
    ] {
      _ = try dossier("new", "party", name, "--kind", "a kind of ministry that is long too")
    }
    for width in [40, 60, 80] {
      let screen = try Screen(program, "dossier parties", width: width)
      let text = try screen.wait(for: "[ended 0]")
      // One line a record and one for the names of the columns: nothing runs over.
      let lines = text.lines.prefix { !$0.contains("[ended") }
      #expect(lines.count == 6, "\(width):\n\(text)")
    }
  }

  @Test func whatIsLongerThanTheScreenIsPaged() throws {
    defer { end() }
    for number in 1...30 { _ = try dossier("note", "number \(number)") }
    let long = try Screen(program, "dossier notes", environment: ["PAGER": "less"])
    try long.wait(for: "number 20")
    #expect(try !long.text().contains("[ended"))
    try long.type("q")
    try long.wait(for: "[ended 0]")
    let short = try Screen(program, "dossier notes --limit 5", environment: ["PAGER": "less"])
    try short.wait(for: "[ended 0]")
    let none = try Screen(program, "dossier notes", environment: ["PAGER": "cat"])
    try none.wait(for: "[ended 0]")
    let missing = try Screen(program, "dossier notes", environment: ["PAGER": "no-such-pager"])
    try missing.wait(for: "[ended 0]")
  }

  @Test func colourIsForTerminalsThatWantIt() throws {
    defer { end() }
    _ = try dossier("action", "send it", "--by", "me", "--due", "2020-01-01")
    let red = "\u{1b}[31m"
    let screen = try Screen(program, "dossier overdue")
    try screen.wait(for: "[ended 0]")
    #expect(try screen.text(withColors: true).contains(red))
    let plain = try Screen(program, "dossier overdue", environment: ["NO_COLOR": "1"])
    try plain.wait(for: "[ended 0]")
    #expect(try !plain.text(withColors: true).contains(red))
    #expect(try !dossier("overdue").contains("\u{1b}"))
    #expect(try dossier("overdue", "--color", "always", "--format", "table").contains(red))
  }

  @Test func aNoteIsTypedAtAPromptWhateverStandsInIt() throws {
    defer { end() }
    let screen = try Screen(program, "dossier note")
    try screen.wait(for: ">")
    try screen.type("it's #1 \"$HOME\" `date`", "Enter")
    try screen.wait(for: "[ended 0]")
    #expect(try dossier("notes", "--fields", "text") == "it's #1 \"$HOME\" `date`\n")
  }

  /// An editor that saves nothing cancels; what it saved and the store did not take stays in a file.
  @Test func theEditorOfThePersonIsUsed() throws {
    defer { end() }
    let editor = program.home.appending(path: "editor").path
    func edits(_ script: String) throws {
      try "#!/bin/sh\n\(script)\n".write(toFile: editor, atomically: true, encoding: .utf8)
      chmod(editor, 0o700)
    }
    try edits("printf 'typed in an editor\\nsecond line\\n' > \"$1\"")
    let saved = try Screen(program, "dossier note -e", environment: ["EDITOR": editor])
    try saved.wait(for: "[ended 0]")
    #expect(try dossier("notes", "--fields", "text") == "typed in an editor second line\n")

    try edits(": > \"$1\"")
    let empty = try Screen(program, "dossier note -e", environment: ["EDITOR": editor])
    #expect(try empty.wait(for: "[ended").contains("empty"))
    #expect(try dossier("notes").lines.count == 1)

    try edits("printf 'kept words' > \"$1\"; exit 3")
    let failed = try Screen(program, "dossier note -e", environment: ["EDITOR": editor])
    let text = try failed.wait(for: "[ended 64]")
    #expect(text.contains("the text waits in"))
    let folder = program.home.appending(path: ".local/state/dossier/unsaved")
    let kept = try FileManager.default.contentsOfDirectory(atPath: folder.path)
    #expect(kept.count == 1)
    #expect(
      try String(contentsOf: folder.appending(path: kept[0]), encoding: .utf8) == "kept words")
  }

  @Test func aClashIsSettledInTheEditorWithBothVersionsInSight() throws {
    defer { end() }
    let two = try TwoMachines()
    let id = try two.ann.run(["note", "one two three"]).expectSuccess().output
      .trimmingCharacters(in: .newlines)
    try two.give(two.ann, two.bob)
    try two.ann.run(["edit", id, "--text", "one 2 three"]).expectSuccess()
    try two.bob.run(["edit", id, "--text", "one second three"]).expectSuccess()
    try two.give(two.bob, two.ann)
    let editor = program.home.appending(path: "editor").path
    let seen = program.home.appending(path: "seen")
    try
      "#!/bin/sh\ncp \"$1\" '\(seen.path)'\n(echo settled; sed -n '/^----/,$p' \"$1\") > \"$1.new\"\nmv \"$1.new\" \"$1\"\n"
      .write(toFile: editor, atomically: true, encoding: .utf8)
    chmod(editor, 0o700)
    let screen = try Screen(two.ann, "dossier review", environment: ["EDITOR": editor])
    try screen.wait(for: "e edit")
    try screen.type("e")
    try screen.wait(for: "[ended 0]")
    let buffer = try String(contentsOf: seen, encoding: .utf8)
    #expect(buffer.contains("one 2 three") && buffer.contains("one second three"), "\(buffer)")
    #expect(try two.ann.run(["notes", "--fields", "text"]).output == "settled\n")
    #expect(try two.ann.run(["review", "--check"]).status == 0)
  }
}
