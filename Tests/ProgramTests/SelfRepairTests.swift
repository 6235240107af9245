import Foundation
import Testing

/// Servers and devices that were restored, replaced or copied: all end level, nothing is lost, and the person
/// reads one honest line.
@Suite struct SelfRepairTests {
  private let team: Team
  private let ann: Program
  private let bob: Program

  init() throws {
    team = try Team()
    ann = try team.machine()
    try ann.run(
      ["user", "add", "bob", "--data", team.data], program: "dossier-server"
    ).expectSuccess()
    bob = try team.machine(code: Self.invite("bob", ann, team))
    try note(ann, "from the beginning")
    try sync(ann)
    try sync(bob)
  }

  private static func invite(_ name: String, _ from: Program, _ team: Team) throws -> String {
    try from.run(["user", "invite", name, "--data", team.data], program: "dossier-server")
      .expectSuccess().output.trimmingCharacters(in: .newlines)
  }

  private func note(_ one: Program, _ text: String) throws {
    try one.run(["note", text]).expectSuccess()
  }

  @discardableResult
  private func sync(_ one: Program) throws -> String {
    try one.run(["sync"]).expectSuccess().errors
  }

  private func copy(_ from: String, to target: String) throws {
    _ = try ann.run(["-a", from, target], program: "/bin/cp").expectSuccess()
  }

  private func store(_ one: Program) -> String {
    one.home.appending(path: ".local/share/dossier").path
  }

  /// The server keeps only what a snapshot does not tell; who comes late and who was away are level all the same.
  @Test func aCompactedServerServesNewMachinesAndThoseThatWereAway() throws {
    let away = try team.machine(code: Self.invite("bob", ann, team))
    try sync(away)
    try note(away, "noted far away")
    for text in ["one", "two"] { try note(ann, text) }
    let given = try ann.run(["sync", "--snapshot"]).expectSuccess()
    #expect(given.errors.hasPrefix("sent 2") && given.errors.contains("has a snapshot"))
    let again = try ann.run(["sync", "--snapshot"]).expectSuccess()
    #expect(again.errors.contains("there was no snapshot to be given"), "\(again.errors)")
    let served = try ann.run(["compact", "--data", team.data], program: "dossier-server")
    #expect(served.status == 75)
    team.stop()
    let compacted = try ann.run(["compact", "--data", team.data], program: "dossier-server")
      .expectSuccess()
    #expect(compacted.errors.hasPrefix("dropped "))
    try team.start()
    try note(bob, "three")
    try sync(bob)
    let late = try team.machine(code: Self.invite("bob", ann, team))
    let notes = try late.run(["notes", "--fields", "text"]).output
    #expect(Set(notes.split(separator: "\n")) == ["from the beginning", "one", "two", "three"])
    try sync(away)
    try expectLevel(
      [ann, bob, late, away],
      ["from the beginning", "one", "two", "three", "noted far away"])
    // A machine may save room too; its records stay what they are.
    let before = try ann.run(["export", "-o", "-", "--as", "jsonl"]).expectSuccess().output
    try ann.run(["compact"]).expectSuccess()
    #expect(try ann.run(["export", "-o", "-", "--as", "jsonl"]).output == before)
    #expect(try ann.run(["undo"]).status != 0)
    try note(ann, "goes on")
    try expectLevel(
      [ann, bob, late, away],
      ["from the beginning", "one", "two", "three", "noted far away", "goes on"])
  }

  /// All have the same notes, these among them, and nothing is wrong with any store or the server.
  private func expectLevel(_ all: [Program], _ notes: Set<String>) throws {
    for _ in 0..<2 { for one in all { try sync(one) } }
    let lists = try all.map {
      try $0.run(["notes", "--all", "--limit", "100", "--fields", "id,text"]).output
    }
    for list in lists { #expect(list == lists[0]) }
    let texts = lists[0].split(separator: "\n").compactMap { $0.split(separator: "\t").last }
    #expect(texts.map(String.init).sorted() == notes.sorted())
    for one in all {
      let doctor = try one.run(["doctor"])
      #expect(doctor.status == 0, "\(doctor.output)")
      #expect(try one.run(["sync"]).errors.hasPrefix("sent 0, received 0"))
    }
    let check = try ann.run(["check", "--data", team.data], program: "dossier-server")
    #expect(check.status == 0, "\(check.errors)")
  }

  @Test func aServerRestoredFromAnOlderBackupGetsBackWhatItLost() throws {
    team.stop()
    try copy(team.data, to: team.data + ".backup")
    try team.start()
    try note(ann, "after the backup")
    try sync(ann)
    try note(bob, "bob's, after the backup")
    try sync(bob)
    team.stop()
    try FileManager.default.removeItem(atPath: team.data)
    try copy(team.data + ".backup", to: team.data)
    try team.start()
    #expect(try sync(ann).contains("the server had lost 1 change; they were given back"))
    try sync(bob)
    // Its files were copied back: the log has its name still, and not its past.
    for one in [ann, bob] {
      #expect(try one.run(["doctor"]).output.contains("BAD  what the server shows everybody"))
      try one.run(["doctor", "--settle"]).expectSuccess()
    }
    try expectLevel(
      [ann, bob], ["from the beginning", "after the backup", "bob's, after the backup"])
  }

  @Test func anEmptyServerInThePlaceOfALostOneIsFilledByTheDevices() throws {
    let identity = try ann.run(["whoami", "--json"]).output
    let id = try #require(identity.firstMatch(of: /"workspace":"([0-9a-f]{32})"/)).1
    team.stop()
    try FileManager.default.removeItem(atPath: team.data)
    let made = try ann.run(
      [
        "init", team.data, "--workspace", "team", "--user", "ann", "--address",
        "http://127.0.0.1:\(team.port)", "--workspace-id", String(id),
      ], program: "dossier-server"
    ).expectSuccess()
    try team.start()
    let lost = try ann.run(["sync"])
    #expect(lost.status == 77 && lost.errors.contains("the server does not know this device"))
    try note(ann, "written before the new invite")
    let code = try #require(made.output.split(separator: "\n").last.map(String.init))
    let joined = try ann.run(["join", code]).expectSuccess()
    #expect(joined.errors.contains("the server had lost"), "\(joined.errors)")
    try ann.run(
      ["user", "add", "bob", "--data", team.data], program: "dossier-server"
    ).expectSuccess()
    try bob.run(["join", Self.invite("bob", ann, team)]).expectSuccess()
    try expectLevel([ann, bob], ["from the beginning", "written before the new invite"])
  }

  @Test func aDeviceSetBackToAnOlderCopyBecomesANewWriterBeforeItWrites() throws {
    try copy(store(ann), to: store(ann) + ".backup")
    try note(ann, "sent, then lost here")
    try sync(ann)
    try FileManager.default.removeItem(atPath: store(ann))
    try copy(store(ann) + ".backup", to: store(ann))
    let next = try ann.run(["note", "after the restore"]).expectSuccess()
    #expect(next.errors.contains("this store was copied or restored"))
    #expect(try !ann.run(["whoami"]).errors.contains("copied or restored"))
    try expectLevel(
      [ann, bob], ["from the beginning", "sent, then lost here", "after the restore"])
  }

  /// The file is the same, only its content is old.
  @Test func aDatabaseSetBackInItsPlaceIsNoticedToo() throws {
    try copy(store(ann) + "/dossier.db", to: store(ann) + "/old.db")
    try note(ann, "lost here, never sent")
    try note(bob, "bob's")
    _ = try ann.run(
      ["-c", "cat old.db > dossier.db && rm old.db"], program: "/bin/sh", folder: store(ann)
    ).expectSuccess()
    let next = try ann.run(["note", "after it"]).expectSuccess()
    #expect(next.errors.contains("this store was copied or restored"))
    try expectLevel([ann, bob], ["from the beginning", "after it", "bob's"])
  }

  @Test func twoCopiesOfOneStoreThatBothWriteKeepAllTheirWords() throws {
    try note(ann, "unsent when the copy was made")
    let twin = try Program(
      home: team.folder.appending(path: "twin"), clock: nil, seed: nil)
    try copy(ann.home.path, to: twin.home.path)
    try note(ann, "ann, first machine")
    let noticed = try twin.run(["note", "ann, second machine"]).expectSuccess()
    #expect(noticed.errors.contains("this store was copied or restored"))
    try note(ann, "ann, first machine again")
    try sync(twin)
    try sync(ann)
    try expectLevel(
      [ann, twin, bob],
      [
        "from the beginning", "unsent when the copy was made", "ann, first machine",
        "ann, second machine", "ann, first machine again",
      ])
  }

  @Test func syncExplainsOfOneRecordWhatIsSentAndWhatWaits() throws {
    let id = try ann.run(["note", "its way"]).expectSuccess().output
      .trimmingCharacters(in: .newlines)
    #expect(try ann.run(["sync", "--explain", id]).output.contains("waits here for the next sync"))
    try sync(ann)
    let sent = try ann.run(["sync", "--explain", id]).output
    #expect(sent.contains("on the server, number"))
    try ann.run(
      ["user", "role", "bob", "reader", "--data", team.data], program: "dossier-server"
    ).expectSuccess()
    try sync(bob)
    let own = try bob.run(["note", "a reader writes"]).expectSuccess().output
      .trimmingCharacters(in: .newlines)
    _ = try bob.run(["sync"])
    let refused = try bob.run(["sync", "--explain", own]).output
    #expect(refused.contains("the server does not take it"), "\(refused)")
    #expect(try bob.run(["sync", "--explain", own, "--json"]).output.contains("\"refused\""))
  }
}

extension Program.Result {
  @discardableResult
  func expectSuccess() throws -> Program.Result {
    try #require(status == 0, "\(errors)")
    return self
  }
}
