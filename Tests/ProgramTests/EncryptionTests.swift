import Foundation
import Testing

/// An encrypted workspace on real programs: nothing that people write is in any byte that its server holds.
@Suite struct EncryptionTests {
  private static let canary = "CANARY-the-minister-will-not-sign"

  /// What a machine has, by what its notes say.
  private func notes(_ machine: Program) throws -> Set<String> {
    Set(try machine.run(["notes", "--fields", "text"]).expectSuccess().output.lines)
  }

  /// Every file below the server's folder, and all that it printed.
  private func expectNoCanary(_ team: Team, sourceLocation: SourceLocation = #_sourceLocation)
    throws
  {
    let files =
      try FileManager.default.subpathsOfDirectory(atPath: team.data)
      .map { team.folder.appending(path: "server/\($0)") } + [team.log]
    #expect(files.count > 3, sourceLocation: sourceLocation)
    for file in files {
      guard let bytes = try? Data(contentsOf: file) else { continue }
      #expect(
        bytes.range(of: Data(Self.canary.utf8)) == nil, "\(file.lastPathComponent)",
        sourceLocation: sourceLocation)
    }
  }

  @Test func theServerHoldsNothingThatItCanRead() throws {
    let team = try Team(isEncrypted: true)
    let ann = try team.machine(writing: "\(Self.canary) before joining")
    try ann.run(["new", "partnership", Self.canary]).expectSuccess()
    try ann.run(["note", Self.canary, "of ann"]).expectSuccess()
    try ann.run(["sync"]).expectSuccess()
    let code = try ann.run(["invite", "bob"]).expectSuccess().output.lines[0]
    let bob = try team.machine(code: code, writing: "\(Self.canary) of bob alone")
    try bob.run(["sync"]).expectSuccess()
    try ann.run(["sync"]).expectSuccess()
    #expect(
      try notes(ann) == [
        "\(Self.canary) before joining", "\(Self.canary) of ann", "\(Self.canary) of bob alone",
      ])
    #expect(try notes(ann) == notes(bob))
    try expectNoCanary(team)
    let copy = team.folder.appending(path: "server/copy").path
    try ann.run(["backup", copy, "--data", team.data], program: "dossier-server").expectSuccess()
    try expectNoCanary(team)
    for machine in [ann, bob] { try machine.run(["doctor"]).expectSuccess() }
    try ann.run(["check", "--data", team.data], program: "dossier-server").expectSuccess()
    // The same by a stick: a bundle is sealed too.
    let stick = team.folder.appending(path: "server/stick").path
    try bob.run(["note", Self.canary, "by stick"]).expectSuccess()
    try bob.run(["sync", "--to", stick]).expectSuccess()
    try expectNoCanary(team)
    try ann.run(["sync", "--from", stick]).expectSuccess()
    #expect(try notes(ann).contains("\(Self.canary) by stick"))
  }

  @Test func whoIsOutReadsNothingOfWhatFollows() throws {
    let team = try Team(isEncrypted: true)
    let ann = try team.machine()
    let code = try ann.run(["invite", "bob"]).expectSuccess().output.lines[0]
    let bob = try team.machine(code: code)
    try bob.run(["note", "of bob"]).expectSuccess()
    try bob.run(["sync"]).expectSuccess()
    try bob.run(["note", "never sent"]).expectSuccess()
    try ann.run(["grant", "bob", "none"]).expectSuccess()
    try ann.run(["note", "after bob"]).expectSuccess()
    try ann.run(["sync"]).expectSuccess()
    #expect(try bob.run(["sync"]).status == 77)
    #expect(try notes(bob) == ["of bob", "never sent"])
    // A bundle that falls into his hands is of no use to him.
    let stick = team.folder.appending(path: "stick").path
    try ann.run(["sync", "--to", stick]).expectSuccess()
    _ = try bob.run(["sync", "--from", stick])
    #expect(try notes(bob) == ["of bob", "never sent"])
    // Back again he reads it all, and what he had not sent goes up.
    try ann.run(["grant", "bob", "editor"]).expectSuccess()
    try ann.run(["note", "with bob again"]).expectSuccess()
    try ann.run(["sync"]).expectSuccess()
    try bob.run(["sync"]).expectSuccess()
    try ann.run(["sync"]).expectSuccess()
    #expect(try notes(bob) == ["of bob", "never sent", "after bob", "with bob again"])
    #expect(try notes(ann) == notes(bob))
  }

  @Test func aSnapshotIsSealedTooAndTheLogBelowItCanGo() throws {
    let team = try Team(isEncrypted: true)
    let ann = try team.machine()
    let invite = try ann.run(["invite", "bob"]).expectSuccess().output.lines[0]
    let bob = try team.machine(code: invite)
    for words in ["one", "two"] {
      try ann.run(["note", Self.canary, words]).expectSuccess()
      try ann.run(["grant", "bob", words == "one" ? "none" : "editor"]).expectSuccess()
    }
    let given = try ann.run(["sync", "--snapshot"]).expectSuccess()
    #expect(given.errors.contains("has a snapshot"))
    try expectNoCanary(team)
    team.stop()
    try ann.run(["compact", "--data", team.data], program: "dossier-server").expectSuccess()
    try ann.run(["check", "--data", team.data], program: "dossier-server").expectSuccess()
    try expectNoCanary(team)
    try team.start()
    // Who was away, and who comes later, go on from it.
    try bob.run(["note", Self.canary, "away"]).expectSuccess()
    try bob.run(["sync"]).expectSuccess()
    let code = try ann.run(["invite", "cleo"]).expectSuccess().output.lines[0]
    let cleo = try team.machine(code: code)
    try ann.run(["sync"]).expectSuccess()
    let all: Set = ["\(Self.canary) one", "\(Self.canary) two", "\(Self.canary) away"]
    for machine in [ann, bob, cleo] {
      #expect(try notes(machine) == all)
      try machine.run(["doctor"]).expectSuccess()
    }
    // A store that begins with it saves room too, and gives it away by bundle, sealed.
    try ann.run(["compact"]).expectSuccess()
    let stick = team.folder.appending(path: "server/stick").path
    try ann.run(["sync", "--to", stick]).expectSuccess()
    try expectNoCanary(team)
    #expect(try notes(ann) == all)
  }

  @Test func aServerSetBackForgetsNoKeys() throws {
    let team = try Team(isEncrypted: true)
    let ann = try team.machine()
    let code = try ann.run(["invite", "bob"]).expectSuccess().output.lines[0]
    let bob = try team.machine(code: code)
    try bob.run(["sync"]).expectSuccess()
    let copy = team.folder.appending(path: "copy").path
    try ann.run(["backup", copy, "--data", team.data], program: "dossier-server").expectSuccess()
    try ann.run(["invite", "cleo"]).expectSuccess()
    try ann.run(["grant", "bob", "none"]).expectSuccess()
    try ann.run(["note", "without bob"]).expectSuccess()
    try ann.run(["sync"]).expectSuccess()
    team.stop()
    try FileManager.default.removeItem(atPath: team.data)
    try ann.run(["restore", copy, "--into", team.data], program: "dossier-server").expectSuccess()
    try team.start()
    // By the backup bob is in, until somebody who knows better comes by.
    try ann.run(["sync"]).expectSuccess()
    #expect(try bob.run(["sync"]).status == 77)
    #expect(try notes(bob).isEmpty)
    let dora = try ann.run(["invite", "dora"]).expectSuccess().output.lines[0]
    #expect(try notes(team.machine(code: dora)) == ["without bob"])
  }

  /// An owner puts what he knows of the members on an empty server, and the words come back with them.
  @Test func anEmptyServerInThePlaceOfALostOneIsFoundedByWhatAnOwnerKnows() throws {
    let team = try Team(isEncrypted: true)
    let (ann, recovery) = try team.founder()
    let code = try ann.run(["invite", "bob"]).expectSuccess().output.lines[0]
    let bob = try team.machine(code: code)
    try bob.run(["note", "of bob"]).expectSuccess()
    for machine in [bob, ann] { try machine.run(["sync"]).expectSuccess() }
    try ann.run(["grant", "bob", "none"]).expectSuccess()
    try ann.run(["grant", "bob", "editor"]).expectSuccess()
    try ann.run(["note", "of ann"]).expectSuccess()
    try team.replaceByEmptyOne(of: ann)
    let refused = try bob.run(["join", team.firstCode])
    #expect(refused.status == 77, "\(refused.errors)")
    let founded = try ann.run(["join", team.firstCode]).expectSuccess()
    #expect(founded.output.isEmpty, "the recovery code stays what it was")
    let again = try ann.run(["invite", "bob"]).expectSuccess().output.lines[0]
    try bob.run(["join", again]).expectSuccess()
    let new = try team.machine(code: recovery)
    for machine in [ann, bob, new] {
      try machine.run(["sync"]).expectSuccess()
      #expect(try notes(machine) == ["of bob", "of ann"])
    }
  }

  @Test func nothingIsSentToAServerThatWouldLikeToRead() throws {
    let team = try Team(isEncrypted: true)
    let ann = try team.machine(writing: Self.canary)
    try team.replaceByEmptyOne(of: ann, isEncrypted: false)
    let refused = try ann.run(["join", team.firstCode])
    #expect(refused.status == 77 && refused.errors.contains("this workspace is encrypted"))
    #expect(try ann.run(["sync"]).status != 0)
    try expectNoCanary(team)
    #expect(try notes(ann) == [Self.canary])
  }

  @Test func theServersKeeperLetsNobodyIn() throws {
    let team = try Team(isEncrypted: true)
    let ann = try team.machine()
    for command in [
      ["user", "add", "eve"], ["user", "invite", "ann"], ["user", "role", "ann", "reader"],
      ["user", "disable", "ann"],
    ] {
      let refused = try ann.run(command + ["--data", team.data], program: "dossier-server")
      #expect(refused.status == 77, "\(command): \(refused.errors)")
      #expect(refused.errors.contains("its owners alone say who belongs to it"))
    }
    // The code that founded it does not found it again.
    let other = try Program(home: team.folder, clock: nil, seed: nil)
    let again = try other.run(["join", team.firstCode])
    #expect(again.status == 77, "\(again.errors)")
  }

  @Test func theRecoveryCodeBringsEverythingBack() throws {
    let team = try Team(isEncrypted: true)
    let (ann, recovery) = try team.founder()
    try ann.run(["note", "kept by the server alone"]).expectSuccess()
    try ann.run(["sync"]).expectSuccess()
    #expect(try ann.run(["access", "--check-recovery", recovery]).status == 0)
    let (_, other) = try Team(isEncrypted: true).founder()
    let wrong = try ann.run(["access", "--check-recovery", other])
    #expect(wrong.status == 1, "\(wrong.errors)")
    // Every device is lost.
    let new = try team.machine(code: recovery)
    #expect(try notes(new) == ["kept by the server alone"])
    let code = try new.run(["invite", "bob"]).expectSuccess().output.lines[0]
    #expect(try notes(team.machine(code: code)) == ["kept by the server alone"])
  }
}
