import Foundation
import Testing

/// Minutes line by line: each is a record, safe on disk before the next is read.
@Suite struct TakeTests {
  private let program: Program

  init() throws {
    program = try Program(clock: nil, seed: nil)
    try program.dossier("init", "--name", "ann")
    for (name, slug) in [
      ("Japan", "jp"), ("European Union", "eu"), ("Korea", "kr"), ("Taira", "taira"),
      ("Kiuchi", "kiuchi"),
    ] {
      try program.run(["new", "party", name, "--slug", slug]).expectSuccess()
    }
    try program.run(["new", "partnership", "P", "--slug", "p"]).expectSuccess()
    try program.run(["new", "dialogue", "D", "--slug", "d", "--in", "p", "--on", "2025-05-12"])
      .expectSuccess()
  }

  private var minutes: URL { Project.root.appending(path: "fixtures/take/long-day.txt") }

  private func expectTheLongDay() throws {
    let counts = try JSONDecoder().decode(
      [String: Int].self,
      from: Data(contentsOf: Project.root.appending(path: "fixtures/take/long-day.json")))
    func count(_ words: String...) throws -> Int {
      try program.run(words + ["--all", "--limit", "1000", "--fields", "id"]).output
        .split(separator: "\n").count
    }
    for kind in ["note", "statement", "position", "decision"] {
      #expect(try count("notes", "in:d", "kind:\(kind)") == counts[kind], "\(kind)")
    }
    let modalities = try program.run(["actions", "in:d", "--limit", "1000", "--fields", "modality"])
      .output.split(separator: "\n")
    #expect(modalities.filter { $0 == "task" }.count == counts["task"])
    #expect(modalities.filter { $0 == "commitment" }.count == counts["commitment"])
    let show = try program.run(["show", "d"]).output
    #expect(show.contains("Taira · present") && show.contains("Korea · excused"), "\(show)")
    #expect(try program.run(["doctor"]).status == 0)
  }

  @Test func fiveHundredTypedLinesBecomeTheRightRecords() throws {
    defer { try? FileManager.default.removeItem(at: program.home) }
    let text = try String(contentsOf: minutes, encoding: .utf8)
    #expect(text.lines.count == 500)
    let taken = try program.run(["take", "d"], input: text).expectSuccess()
    #expect(taken.output.split(separator: "\n").count > 400)
    try expectTheLongDay()
    // A due date is read from the dialogue's day.
    let due = try program.run(["actions", "in:d", "circulate", "--fields", "due"]).output
    #expect(due.hasPrefix("2025-05-18\n"))
  }

  @Test func theSameLinesAreImported() throws {
    defer { try? FileManager.default.removeItem(at: program.home) }
    let dry = try program.run(["import", minutes.path, "--as", "md", "-d", "d", "--dry-run"])
      .expectSuccess()
    #expect(dry.errors.hasPrefix("would add"))
    #expect(try program.run(["notes", "--all"]).output.isEmpty)
    try program.run(["import", minutes.path, "--as", "md", "-d", "d"]).expectSuccess()
    try expectTheLongDay()
  }

  @Test func nothingThatIsTypedIsLost() throws {
    defer { try? FileManager.default.removeItem(at: program.home) }
    let input = """
      ACTION nobody: send the paper
      jp: first part
      ... second part
      s/first/1st/
      Remember: this
      /undo
      /rule nonsense
      /nonsense
      present+ jp, stranger
      last line without an end
      """
    let taken = try program.run(["take", "d"], input: input).expectSuccess()
    let notes = try program.run(["notes", "--fields", "kind,speaker,text"]).output.lines
    #expect(
      Set(notes) == [
        "note\t\tACTION nobody: send the paper", "statement\tJapan\t1st part second part",
        "note\t\tpresent+ jp, stranger", "note\t\tlast line without an end",
      ])
    #expect(taken.errors.contains("no party matches \"nobody\"; kept as a note"))
    #expect(taken.errors.contains("there is no rule \"nonsense\""))
  }

  /// A line that is no text waits in a file; the meeting goes on, and its end says that not all was saved.
  @Test func aLineThatIsNoTextIsKept() throws {
    defer { try? FileManager.default.removeItem(at: program.home) }
    let dossier = Project.programs.appending(path: "dossier").path
    let script = "printf 'one\\nbad \\377 word\\ntwo\\n' | '\(dossier)' take d"
    let taken = try program.run(["-c", script], program: "/bin/sh")
    #expect(taken.status == 65 && taken.errors.contains("1 line was not saved"), "\(taken.errors)")
    #expect(taken.errors.contains("not valid UTF-8; it waits in"))
    #expect(try Set(program.run(["notes", "--fields", "text"]).output.lines) == ["one", "two"])
    #expect(try program.run(["doctor"]).output.contains("1 text that could not be saved"))
  }

  /// What was there before the meeting, and what another window writes, is not the scribe's to take back.
  @Test func undoTakesBackTheLinesOfThisSessionOnly() throws {
    defer { try? FileManager.default.removeItem(at: program.home) }
    try program.run(["note", "before the meeting", "-d", "d"]).expectSuccess()
    let taken = try program.run(
      ["take", "d"], input: "/undo\none\ntwo\n/undo\n/undo\n/undo\nthree\n"
    ).expectSuccess()
    let notes = try program.run(["notes", "--fields", "text"]).output.lines
    #expect(Set(notes) == ["before the meeting", "three"])
    #expect(taken.errors.components(separatedBy: "there is nothing to take back").count == 3)
    #expect(taken.errors.contains("1 record taken"))
  }

  /// A slip of the fingers is told, and costs no word.
  @Test func slipsAreTold() throws {
    defer { try? FileManager.default.removeItem(at: program.home) }
    for (line, told) in [
      ("POSITON jp: with trust", "no party and no label is called \"POSITON\"; kept as a note"),
      ("ACTION ann: send it by tomorow", "no due date: tomorow is not in the grammar; tomorrow is"),
      ("ACTION ann: send it by 3/4/2026", "no due date: 3/4/2026 is 3 April 2026 or March 4, 2026"),
      ("PROMISE jp: text by 2025-02-30", "no due date: 2025-02-30"),
    ] {
      let taken = try program.run(["take", "d"], input: line + "\n").expectSuccess()
      #expect(taken.errors.contains(told), "\(taken.errors)")
    }
    for line in ["ACTION ann: a draft by both sides", "NATO: a note", "Remember: a note"] {
      let taken = try program.run(["take", "d"], input: line + "\n").expectSuccess()
      #expect(!taken.errors.contains("no due date"), "\(taken.errors)")
    }
    #expect(try program.run(["notes"]).output.lines.count == 3)
    #expect(try program.run(["actions"]).output.lines.count == 4)
  }

  /// Whoever kills it in the middle of the meeting finds every line that was answered.
  @Test func aLineThatWasAnsweredIsThereAfterAKill() throws {
    defer { try? FileManager.default.removeItem(at: program.home) }
    let list = program.home.appending(path: "ids")
    let dossier = Project.programs.appending(path: "dossier").path
    let child = try Child(
      "/bin/sh",
      ["-c", "yes 'one more line' | '\(dossier)' take d"], environment: program.environment,
      folder: program.home.path, output: list.path, errors: "/dev/null", leadsGroup: true)
    usleep(1_500_000)
    child.kill(group: true)
    _ = child.wait()
    let answered = try String(contentsOf: list, encoding: .utf8).lines.filter { $0.hasPrefix("n-") }
    let there = Set(
      try program.run(["notes", "--limit", "100000", "--fields", "id"]).output.lines
        .map { String($0.prefix(6)) })
    #expect(answered.count > 10)
    #expect(Set(answered.map { String($0.prefix(6)) }).subtracting(there).isEmpty)
  }
}
