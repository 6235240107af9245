import Foundation
import Testing

/// What colleagues did: seen once, taken back only when asked for by name.
@Suite struct TeamNewsTests {
  private let team: TwoMachines
  private var ann: Program { team.ann }
  private var bob: Program { team.bob }

  init() throws { team = try TwoMachines() }

  private func give(_ from: Program, _ to: Program) throws { try team.give(from, to) }

  @Test func changesShowsWhatOthersDidOnce() throws {
    #expect(try ann.run(["changes"]).errors.contains("nothing new"))
    try ann.run(["note", "my own"]).expectSuccess()
    try bob.run(["new", "party", "Japan"]).expectSuccess()
    try bob.run(["note", "from bob"]).expectSuccess()
    try give(bob, ann)
    for _ in 0..<2 {
      let peek = try ann.run(["changes", "--peek"]).output
      #expect(peek.lines.count == 2 && peek.contains("bob") && peek.contains("new party"))
      #expect(!peek.contains("my own"))
    }
    #expect(try ann.run(["changes"]).output.lines.count == 2)
    #expect(try ann.run(["changes"]).output.isEmpty)
    try bob.run(["set", "japan", "acronym=JP"]).expectSuccess()
    try give(bob, ann)
    let json = try ann.run(["changes", "--json"]).output
    #expect(json.contains("\"fields\":[\"acronym\"]") && json.contains("\"new\":false"))
    #expect(try ann.run(["changes", "--since", "today"]).output.lines.count == 2)
    #expect(try ann.run(["changes", "--since", "tomorrow"]).output.isEmpty)
  }

  /// Every text a record ever had can be had again: whole in its log, and as of a day.
  @Test func earlierTextsCanBeReadWhole() throws {
    // The clock of a store never goes back: the days lie ahead.
    let start = Int(Date().timeIntervalSince1970) + 86_400
    func name(_ days: Int) -> String {
      Date(timeIntervalSince1970: Double(start + days * 86_400)).formatted(
        .iso8601.year().month().day())
    }
    func at(_ days: Int) -> [String: String] { ["DOSSIER_TEST_CLOCK": "\(start + days * 86_400)"] }
    let id = try ann.run(["note", "we meet in May"], environment: at(0)).expectSuccess().output
      .trimmingCharacters(in: .whitespacesAndNewlines)
    try ann.run(["edit", id, "--text", "we meet in June"], environment: at(1)).expectSuccess()
    try ann.run(["edit", id, "--text", "we meet in June, in Tokyo"], environment: at(2))
      .expectSuccess()
    let log = try ann.run(["log", id]).output
    #expect(log.contains("text: we meet in June, in Tokyo   was: we meet in June\n"), "\(log)")
    #expect(log.contains("text: we meet in June   was: we meet in May\n"), "\(log)")
    for (date, text) in [
      (name(0), "we meet in May"), (name(1), "we meet in June"),
      (name(2), "we meet in June, in Tokyo"),
    ] {
      let show = try ann.run(["show", id, "--at", date], environment: at(3)).expectSuccess().output
      #expect(show.lines[0].hasSuffix("  " + text), "\(show)")
    }
    #expect(try ann.run(["show", id, "--at", name(-1)], environment: at(3)).status == 66)
    try ann.run(["rm", id], environment: at(4)).expectSuccess()
    #expect(try ann.run(["show", id, "--at", name(2)], environment: at(5)).status == 0)
    #expect(try ann.run(["show", id, "--at", name(4)], environment: at(5)).status == 66)
  }

  @Test func opsListsCommandsAndUndoTakesOneBack() throws {
    for text in ["one", "two", "three"] { try ann.run(["note", text]).expectSuccess() }
    try bob.run(["note", "from bob"]).expectSuccess()
    try give(bob, ann)
    let ops = try ann.run(["ops"]).output.lines
    #expect(
      ops[0].hasPrefix("1\t") && ops[0].contains("from bob") && ops[0].contains("bob on desk"))
    #expect(ops[2].hasPrefix("3\t") && ops[2].contains("two"))
    try ann.run(["undo", "3"]).expectSuccess()
    func notes() throws -> Set<String> {
      Set(try ann.run(["notes", "--fields", "text"]).output.lines)
    }
    #expect(try notes() == ["one", "three", "from bob"])
    // The undo is a command of its own: what was 3 is 4 now, and undone.
    #expect(try ann.run(["ops"]).output.lines[3].contains("undone"))
    #expect(try ann.run(["undo", "4"]).status == 73)
    let others = try ann.run(["undo", "2"])
    #expect(others.status == 77 && others.errors.contains("bob on desk"))
    try ann.run(["undo", "2", "--others"]).expectSuccess()
    #expect(try notes() == ["one", "three"])
    #expect(try ann.run(["undo", "99"]).status == 66)
    try ann.run(["redo"]).expectSuccess()
    #expect(try notes() == ["one", "three", "from bob"])
    try give(ann, bob)
    #expect(try Set(bob.run(["notes", "--fields", "text"]).output.lines) == notes())
  }

  /// What one machine alone has had for more than a week is told before the machine is lost.
  @Test func doctorTellsWorkThatNobodyElseHas() throws {
    let team = try Team()
    let ann = try team.machine()
    try ann.run(["sync"]).expectSuccess()
    try ann.run(["note", "only here"]).expectSuccess()
    #expect(try ann.run(["doctor"]).status == 0)
    let later = ["DOSSIER_TEST_CLOCK": String(Int(Date().timeIntervalSince1970) + 8 * 86_400)]
    let doctor = try ann.run(["doctor"], environment: later)
    #expect(doctor.status == 1)
    #expect(
      doctor.output.contains("BAD  remote: 1 change is on this machine alone"), "\(doctor.output)")
    try ann.run(["sync"], environment: later).expectSuccess()
    // The clock that it has here is found out by now.
    let after = try ann.run(["doctor"], environment: later).output
    #expect(after.contains("ok   remote\n") && after.contains("BAD  clock: "), "\(after)")
  }
}
