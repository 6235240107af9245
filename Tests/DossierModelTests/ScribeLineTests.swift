import DossierModel
import Testing

/// Lines as they are typed in a meeting.
@Suite struct ScribeLineTests {
  @Test(arguments: [
    ("", ScribeLine.empty), ("   ", .empty), ("  Opening remarks  ", .note("Opening remarks")),
    ("jp: data should flow", .said(by: "jp", "data should flow")),
    ("... freely", .more("freely")), ("… freely", .more("freely")),
    ("TOPIC: data flows", .topic("data flows")),
    ("DECISION: go on", .decision("go on")), ("RESOLUTION: go on", .decision("go on")),
    ("AGREED: go on", .decision("go on")), ("decision: go on", .said(by: "decision", "go on")),
    ("POSITION jp: with trust", .position(of: "jp", "with trust")),
    ("ACTION ann: send it by friday", .action(owners: ["ann"], "send it by friday")),
    ("ACTION ann, bob: send it", .action(owners: ["ann", "bob"], "send it")),
    ("ACTION: send it", .action(owners: [], "send it")),
    ("PROMISE jp: share it by june", .promise(of: "jp", "share it by june")),
    ("POSITION: of nobody", .said(by: "POSITION", "of nobody")),
    ("present+ taira, kiuchi", .present(["taira", "kiuchi"])), ("regrets+ x", .regrets(["x"])),
    ("present+ ,", .note("present+ ,")),
    ("s/old/new/", .correction(old: "old", new: "new")),
    ("s/old//", .correction(old: "old", new: "")), ("s//new/", .note("s//new/")),
    ("s/a/b/c/", .note("s/a/b/c/")),
    ("/undo", .undo), ("/who", .who), ("/end", .end), ("/rule chatham", .rule("chatham")),
    ("/foo", .unknown("/foo")), ("/srv/data is full", .note("/srv/data is full")),
    ("http://example.org/a", .note("http://example.org/a")), ("10:30", .note("10:30")),
    ("10:30 the session resumes", .note("10:30 the session resumes")),
    ("Remember:", .note("Remember:")), (":-)", .note(":-)")),
  ])
  func isRead(_ line: String, as expected: ScribeLine) {
    #expect(ScribeLine(line) == expected)
  }

  @Test(arguments: [
    ("send it by friday", "send it", "friday"), ("stand by us by eom", "stand by us", "eom"),
    ("keep it until 2025-06-01", "keep it", "2025-06-01"),
  ])
  func aDateAtTheEndIsTheDueDate(_ text: String, _ words: String, _ date: String) throws {
    let reader = DateReader(today: Day(number: 20_220))
    let found = try #require(ScribeLine.due(in: text) { try? reader.read($0) })
    #expect(found.words == words)
    #expect(try found.due == reader.read(date))
  }

  @Test func wordsThatAreNoDateStay() {
    let reader = DateReader(today: Day(number: 20_220))
    for text in ["drafted by both sides", "by friday", "send it"] {
      #expect(ScribeLine.due(in: text) { try? reader.read($0) } == nil)
    }
  }
}
