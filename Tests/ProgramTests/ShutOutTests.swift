import Foundation
import Testing

/// A machine that was shut out: it is told by whom, and its words can be carried away.
@Suite struct ShutOutTests {
  private let team: Team
  private let ann: Program
  private let bob: Program

  init() throws {
    team = try Team()
    ann = try team.machine()
    bob = try team.machine(code: team.invite("bob"))
    try bob.run(["new", "partnership", "Pact", "--slug", "pact"]).expectSuccess()
    for one in [bob, ann] { try one.run(["sync"]).expectSuccess() }
    try bob.run(["note", "never sent", "-p", "pact"]).expectSuccess()
  }

  private func path(_ name: String) -> String { team.folder.appending(path: name).path }

  private func machine(_ name: String) throws -> Program {
    let home = team.folder.appending(path: name)
    try FileManager.default.createDirectory(at: home, withIntermediateDirectories: false)
    return try Program(home: home, clock: nil, seed: nil)
  }

  /// By every way out; and none of it is taken from the machine.
  private func expectTheWordsCanBeCarriedAway() throws {
    try bob.run(["export", "-o", path("out")]).expectSuccess()
    let page = try String(contentsOfFile: path("out/pact.md"), encoding: .utf8)
    #expect(page.contains("never sent"), "\(page)")
    let lines = try bob.run(["export", "--as", "jsonl", "-o", "-"]).expectSuccess().output
    #expect(lines.contains("never sent"))

    try bob.run(["sync", "--to", path("bundle")]).expectSuccess()
    let reader = try machine("reader")
    try reader.run(["join", path("bundle"), "--name", "bob"]).expectSuccess()
    #expect(try reader.run(["notes", "--fields", "text"]).output == "never sent\n")

    try bob.run(["backup", path("backup")]).expectSuccess()
    let restored = try machine("restored")
    try restored.run(["init", "--from", path("backup")]).expectSuccess()
    #expect(try restored.run(["notes", "--fields", "text"]).output == "never sent\n")

    try bob.run(["note", "written afterwards"]).expectSuccess()
    let doctor = try bob.run(["doctor"])
    #expect(doctor.status == 1 && doctor.output.contains("lets this device in no more"))
    let remote = try bob.run(["doctor", "--json"])
    #expect(remote.status == 1 && remote.output.contains(#"{"subject":"remote","good":false,"#))
    #expect(try bob.run(["sync", "--status"]).output.contains("shut out   "))
    #expect(try bob.run(["access"]).output.contains("\tthis device, shut out"))
    let note = try #require(bob.run(["notes"]).output.lines.first).prefix { $0 != "\t" }
    #expect(try bob.run(["sync", "--explain", String(note)]).output.contains("is here only"))
    #expect(
      try Set(bob.run(["notes", "--fields", "text"]).output.lines)
        == ["never sent", "written afterwards"])
  }

  private func expectRefusal(_ words: String) throws {
    let refused = try bob.run(["sync"])
    #expect(refused.status == 77)
    #expect(refused.errors.contains(words), "\(refused.errors)")
    #expect(refused.errors.contains("what you wrote is kept here"))
    #expect(refused.errors.contains("1 change never sent: still in dossier export"))
  }

  @Test func aRevokedMachineKeepsItsWordsAndIsTold() throws {
    let device = try #require(ann.run(["access"]).output.lines.first { $0.hasPrefix("bob\t") })
    let id = String(device.split(separator: "\t")[2])
    try ann.run(["device", "revoke", id, "--data", team.data], program: "dossier-server")
      .expectSuccess()
    try expectRefusal("this device was revoked (dossier revoke, or dossier-server device revoke)")
    try expectTheWordsCanBeCarriedAway()
    try ann.run(["sync"]).expectSuccess()
    #expect(try ann.run(["notes"]).output.isEmpty)
  }

  @Test func aMachineOfADisabledMemberKeepsItsWordsAndIsTold() throws {
    try ann.run(["user", "disable", "bob", "--data", team.data], program: "dossier-server")
      .expectSuccess()
    try expectRefusal(
      "member bob is shut out (dossier grant bob none, or dossier-server user disable)")
    try expectTheWordsCanBeCarriedAway()
  }

  /// What a colleague had written before he was shut out, and never sent, is offered to whoever gets it.
  @Test func wordsOfAMachineThatIsOutAreReadAndTakenOver() throws {
    let device = try #require(ann.run(["access"]).output.lines.first { $0.hasPrefix("bob\t") })
    let id = String(device.split(separator: "\t")[2])
    try bob.run(["set", "pact", "summary=Peace, as bob saw it"]).expectSuccess()
    try ann.run(["device", "revoke", id, "--data", team.data], program: "dossier-server")
      .expectSuccess()
    for one in [ann, bob] { _ = try one.run(["sync"]) }
    let none = try ann.run(["quarantine"])
    #expect(none.output.isEmpty && none.errors == "nothing is in quarantine\n")
    try bob.run(["sync", "--to", path("bundle")]).expectSuccess()
    let taken = try ann.run(["sync", "--from", path("bundle"), "--trust"]).expectSuccess()
    #expect(taken.errors.contains("dossier quarantine"), "\(taken.errors)")

    let shown = try ann.run(["quarantine"]).expectSuccess().output
    #expect(shown.contains("never sent") && shown.contains("as bob saw it"), "\(shown)")
    #expect(shown.contains("bob on "), "\(shown)")
    let note = try #require(bob.run(["notes"]).output.lines.first).prefix { $0 != "\t" }
    #expect(shown.contains("\(note) (not here)"), "\(shown)")
    #expect(try ann.run(["quarantine", "bob"]).output == shown)
    #expect(try ann.run(["quarantine", "cem"]).status == 66)
    #expect(try ann.run(["notes"]).output.isEmpty)
    let json = try ann.run(["quarantine", "--json"]).expectSuccess().output
    #expect(json.contains(#""adopted":false"#) && json.contains("never sent"))

    let adopted = try ann.run(["quarantine", "bob", "--adopt"]).expectSuccess()
    #expect(adopted.errors.contains("took over 2 changes of bob"), "\(adopted.errors)")
    #expect(try ann.run(["notes", "--fields", "text"]).output == "never sent\n")
    #expect(try ann.run(["show", "pact"]).output.contains("as bob saw it"))
    #expect(try ann.run(["quarantine", "--adopt"]).status == 66)
    #expect(try ann.run(["quarantine"]).output.contains("(taken over)"))
    // Taken back, it can be taken over again; and again, when that is taken back.
    for _ in 0..<2 {
      try ann.run(["undo"]).expectSuccess()
      #expect(try ann.run(["notes"]).output.isEmpty)
      #expect(try !ann.run(["quarantine"]).output.contains("(taken over)"))
      try ann.run(["redo"]).expectSuccess()
      #expect(try ann.run(["notes", "--fields", "text"]).output == "never sent\n")
      #expect(try ann.run(["quarantine"]).output.contains("(taken over)"))
      try ann.run(["undo"]).expectSuccess()
      try ann.run(["quarantine", "--adopt"]).expectSuccess()
    }
    try ann.run(["sync"]).expectSuccess()
    let cem = try team.machine(code: team.invite("cem"))
    try cem.run(["sync"]).expectSuccess()
    #expect(try cem.run(["notes", "--fields", "text"]).output == "never sent\n")
    #expect(try cem.run(["log", "pact"]).output.contains("adopt"))
    // Whoever gets the bundle later is told that it was done.
    try cem.run(["sync", "--from", path("bundle"), "--trust"]).expectSuccess()
    let known = try cem.run(["quarantine"]).output
    #expect(known.components(separatedBy: "(taken over)").count == 3, "\(known)")
    #expect(try cem.run(["quarantine", "--adopt"]).status == 66)
    try ann.run(["doctor"]).expectSuccess()
  }
}
