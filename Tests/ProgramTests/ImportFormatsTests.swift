import Foundation
import Testing

/// Files of other programs become the right records, once, and what cannot be read is named with its line.
@Suite struct ImportFormatsTests {
  private let program: Program

  init() throws {
    program = try Program(clock: nil, seed: nil)
    try program.dossier("init", "--name", "ann")
  }

  private func end() { try? FileManager.default.removeItem(at: program.home) }

  private func sample(_ name: String) -> String {
    Project.root.appending(path: "fixtures/imports/\(name)").path
  }

  private func file(_ text: String, _ name: String = "file.csv") throws -> String {
    let path = program.home.appending(path: name)
    try text.write(to: path, atomically: true, encoding: .utf8)
    return path.path
  }

  private func list(_ words: String...) throws -> [String] {
    try program.run(words).expectSuccess().output.lines
  }

  private let contacts = [
    "--as", "csv", "--kind", "party", "--map", "Organisation=name", "--map", "Short=acronym",
    "--map", "Sort=kind", "--map", "Since=", "--map", "Notes=remark",
  ]

  @Test func aTableBecomesRecordsOnce() throws {
    defer { end() }
    let words = ["import", sample("contacts.csv")] + contacts
    #expect(try program.run(words + ["--dry-run"]).errors.contains("would add 3"))
    #expect(try program.run(words).errors.contains("added 3"))
    let rows = try list("parties", "--fields", "name,acronym,remark", "--sort", "title")
    #expect(
      Set(rows) == [
        "=SUM(A1:A2)\t\t", "ann\t\t", "Côte d'Ivoire\tCIV\ttwo lines",
        "Ministry of Economy, Trade and Industry\tMETI\tsaid \"yes\" twice",
      ])
    #expect(try program.run(words).errors.contains("added 0, changed 0, unchanged 3"))
  }

  /// What our own lists print as a table comes back as it was.
  @Test func ourOwnTablesAreReadAgain() throws {
    defer { end() }
    try program.run(["new", "party", "Japan"]).expectSuccess()
    try program.run(["new", "partnership", "P", "--slug", "p"]).expectSuccess()
    for (text, due) in [
      ("=HYPERLINK(\"x\")", "2026-05-12"), ("two, \"three\"", "end of june 2026"), ("plain", "tbc"),
    ] {
      try program.run(["action", text, "--by", "japan", "--due", due, "-p", "p"]).expectSuccess()
    }
    let table = try program.run(["actions", "--format", "csv"]).output
    let path = try file(table)
    let again = try program.run(["import", path, "--as", "csv", "--kind", "action"])
    #expect(again.errors.contains("added 0"), "\(again.errors)")
    #expect(try program.run(["actions", "--format", "csv"]).output == table)
    // And into an empty store.
    let other = ["--store", program.home.appending(path: "other").path]
    try program.run(["init"] + other).expectSuccess()
    for (kind, words) in [("party", "parties"), ("partnership", "partnerships")] {
      let rows = try file(
        try program.run([words, "--fields", "slug,name", "--format", "csv"]).output, "\(kind).csv")
      try program.run(["import", rows, "--as", "csv", "--kind", kind] + other).expectSuccess()
    }
    try program.run(["import", path, "--as", "csv", "--kind", "action"] + other).expectSuccess()
    let fields = ["actions", "--fields", "due,owners,text,partnership"]
    #expect(
      try program.run(fields + other).output.lines.sorted()
        == program.run(fields).output.lines.sorted())
  }

  @Test(arguments: [
    ("name\n\"open", "file.csv:2: a quoted cell has no end"),
    ("name,kind\nJapan", "file.csv:2: 1 cells, where the first row has 2"),
    ("name\na\"b", "file.csv:2: a quotation mark inside a cell"),
    ("name,colour\nJapan,red", "file.csv:1: colour: a party has no such field"),
    ("name,name\na,b", "file.csv:1: name: a second column for name"),
    ("name,us\nJapan,perhaps", "file.csv:2: us: \"perhaps\" is neither yes nor no"),
    ("name,member_count\nJapan,1e2", "file.csv:2: member_count: \"1e2\" is no whole number"),
    ("name,parent\nJapan,Nobody", "file.csv:2: parent: no record is called \"Nobody\""),
    ("name\nJ\u{0}", "file.csv:2: a cell is not valid UTF-8, or holds NUL"),
  ])
  func aTableThatIsNotClearIsRefused(text: String, answer: String) throws {
    defer { end() }
    let path = try file(text)
    let before = try program.run(["parties"]).output
    let result = try program.run(["import", path, "--as", "csv", "--kind", "party"])
    #expect(result.status == 65 && result.errors.contains(answer), "\(result.errors)")
    #expect(try program.run(["parties"]).output == before)
  }

  @Test func aDateWithTwoReadingsIsRefusedWithBoth() throws {
    defer { end() }
    let path = try file("text;due\nsend it;3/4/2026\nsend more;summer 2026\n")
    let words = ["import", path, "--as", "csv", "--kind", "action", "--separator", ";"]
    let result = try program.run(words)
    #expect(result.errors.contains("file.csv:2: due: \"3/4/2026\" can be read two ways"))
    #expect(try program.run(words + ["--partial"]).status == 65)
    #expect(try list("actions", "--fields", "text,due") == ["send more\tsummer 2026"])
  }

  @Test func tasksOfTaskwarriorBecomeActions() throws {
    defer { end() }
    try program.run(["new", "partnership", "EU-Japan", "--slug", "eu-jp"]).expectSuccess()
    let words = ["import", sample("tasks.json"), "--as", "taskwarrior"]
    let result = try program.run(words, environment: ["TZ": "Europe/Brussels"]).expectSuccess()
    #expect(result.errors.contains("deleted and recurring tasks (1)"), "\(result.errors)")
    // Midnight in Brussels is 23:00 the day before in the time of the world.
    #expect(
      try list("actions", "--all", "--fields", "due,state,partnership,topics,text") == [
        "2026-01-16\topen\tEU-Japan\tdraft, legal\tsend the draft  she asked twice",
        "\tdone · 2026-01-03\t\tLogistics\tbook the room",
      ])
    let again = try program.run(words, environment: ["TZ": "Europe/Brussels"])
    #expect(again.errors.contains("added 0, changed 0"), "\(again.errors)")
  }

  @Test func aCalendarBecomesDialoguesAndActions() throws {
    defer { end() }
    try program.run(["new", "party", "Japan"]).expectSuccess()
    let words = ["import", sample("calendar.ics"), "--as", "ics"]
    let result = try program.run(words).expectSuccess()
    #expect(result.errors.contains("it is repeated; the first is taken"), "\(result.errors)")
    #expect(
      try list("dialogues", "--fields", "date,name,city,state,organisers,participants,remark") == [
        "2026-05-12/2026-05-13\tCouncil, thirdmeeting\tTokyo\t\tJapan\tJapan\tin the calendar: Somebody Unknown",
        "2026-06-01\tCall\t\tcancelled\t\t\t",
      ])
    #expect(try list("actions", "--fields", "due,text") == ["2026-07-01\tSend the minutes"])
    #expect(try program.run(words).errors.contains("added 0, changed 0"))
  }

  @Test func ourOwnCalendarChangesNothing() throws {
    defer { end() }
    try program.run(["new", "dialogue", "Council", "--on", "12 May 2026"]).expectSuccess()
    try program.run(["action", "send it", "--by", "me", "--due", "2026-05-01"]).expectSuccess()
    let path = try file(try program.run(["export", "--as", "ics", "-o", "-"]).output, "own.ics")
    let before = try program.run(["export", "--as", "jsonl", "-o", "-"]).output
    let result = try program.run(["import", path, "--as", "ics"]).expectSuccess()
    #expect(result.errors.contains("they came from here: 2"), "\(result.errors)")
    #expect(try program.run(["export", "--as", "jsonl", "-o", "-"]).output == before)
  }

  @Test func aFolderOfNotesBecomesNotes() throws {
    defer { end() }
    try program.run(["new", "partnership", "P", "--slug", "p"]).expectSuccess()
    try program.run(["new", "party", "Japan"]).expectSuccess()
    let folder = program.home.appending(path: "vault")
    let inner = folder.appending(path: "2026/may")
    try FileManager.default.createDirectory(at: inner, withIntermediateDirectories: true)
    try
      "---\ntitle: \"First call\"\ndate: 12 May 2026\npartnership: p\nspeaker: Japan\ncssclass: wide\n---\n# Words\n\n  kept as they are\n"
      .write(to: inner.appending(path: "call.md"), atomically: true, encoding: .utf8)
    try "no front matter".write(
      to: folder.appending(path: "plain.md"), atomically: true, encoding: .utf8)
    try "not a note".write(
      to: folder.appending(path: "list.txt"), atomically: true, encoding: .utf8)
    try FileManager.default.createSymbolicLink(
      atPath: folder.appending(path: "link.md").path, withDestinationPath: "/etc/passwd")
    let words = ["import", folder.path, "--as", "md"]
    let result = try program.run(words).expectSuccess()
    #expect(
      result.errors.contains("added 2") && result.errors.contains("\"cssclass\" is passed over"))
    let json = try program.run(["notes", "--json", "--fields", "name,when,text"]).output
    #expect(json.contains("First call") && json.contains("12 May 2026"))
    #expect(json.contains("# Words\\n\\n  kept as they are"), "\(json)")
    #expect(!json.contains("root:"))
    #expect(try program.run(words).errors.contains("added 0, changed 0, unchanged 2"))
    try "---\nkey: [open\nno colon\n---\nx".write(
      to: folder.appending(path: "wrong.md"), atomically: true, encoding: .utf8)
    let wrong = try program.run(words)
    #expect(
      wrong.status == 65 && wrong.errors.contains("vault/wrong.md: front matter"), "\(wrong.errors)"
    )
    #expect(
      try program.run(words + ["--partial", "--dry-run"]).errors.contains("unchanged 2, refused 1"))
  }

  @Test(arguments: ["csv", "taskwarrior", "ics", "jsonl"])
  func whatIsNoSuchFileSavesNothing(format: String) throws {
    defer { end() }
    for text in ["\u{1}\u{2}", "{\"a\":", "BEGIN:VCALENDAR\nBEGIN:VEVENT\nno colon", "[1,2]"] {
      let path = try file(text)
      let result = try program.run(["import", path, "--as", format, "--kind", "party"])
      #expect(result.status == 65, "\(format) \(text): \(result.errors)")
    }
    let folder = try program.run(["import", program.home.path, "--as", format])
    #expect(folder.status == 66 && folder.errors.contains("is a folder"), "\(folder.errors)")
    #expect(try list("parties", "--fields", "name") == ["ann"])
  }
}
