import ChangeLog
import LogStore
import ReplicaStore
import Testing

@testable import SyncServer

/// The membership log between a real server's core and real replicas: who is out is out for everybody, by every way.
@Suite("Members, as a server enforces and every replica verifies them")
struct MembershipSyncTests {
  @Test("Words of a revoked device that came by bundle are let go when the revocation is heard of")
  func lateBundle() async throws {
    let team = try MembershipTeam()
    let (ann, bob, cleo) = try (team.machine("ann"), team.machine("bob"), team.machine("cleo"))
    try bob.write(1, "before")
    for one in [bob, ann, cleo] { try await one.sync() }
    // Bob goes on without a network, Ann takes it from his stick and builds on it.
    try bob.write(2, "after")
    try ann.take(bob.bundle())
    try ann.write(3, "built on it")
    try team.revoke("bob")
    try await cleo.sync()
    let report = try await ann.sync()
    #expect(report.quarantined.contains { $0.reason == .notEnrolled })
    try await cleo.sync()
    for one in [ann, cleo] {
      #expect(try one.texts() == ["before", "built on it"], "\(one.name)")
      #expect(try one.replica.unsentCount() == 0 && one.replica.waitingCount() == 0)
    }
    #expect(try ann.replica.identity().cursor == cleo.replica.identity().cursor)
    // Cleo, who has heard of it already, does not take the stick's words at all.
    try cleo.take(bob.bundle())
    #expect(try cleo.texts() == ["before", "built on it"])
    // On his own machine they stay, to be exported, and the server does not hear him.
    #expect(try bob.texts() == ["before", "after"])
    await #expect(throws: Refusal.self) { try await bob.sync() }
  }

  @Test(
    "What a device wrote before it was revoked is brought back by anybody after a server's loss",
    .onFiles)
  func giveBack() async throws {
    let team = try MembershipTeam()
    let (ann, bob) = try (team.machine("ann"), team.machine("bob"))
    let backup = try team.backUp()
    try bob.write(1, "bob's words")
    try await bob.sync()
    try await ann.sync()
    try team.revoke("bob")
    try await ann.sync()
    try team.restore(backup)
    let report = try await ann.sync()
    #expect(report.givenBack > 0)
    // The server had lost the revocation too, and has it again: bob stays out.
    #expect(try team.devices().first { $0.member.name == "bob" }?.isRevoked == true)
    let dora = try team.machine("dora")
    try await dora.sync()
    #expect(try dora.texts() == ["bob's words"])
    await #expect(throws: Refusal.self) { try await bob.sync() }
  }

  /// The server was set back to before the revocation, and the device was there before anybody who knew of it.
  @Test(
    "A revocation that a server lost comes back, though the device wrote there meanwhile",
    .onFiles, arguments: ["administrator", "owner"])
  func lostRevocation(by: String) async throws {
    let team = try MembershipTeam()
    let (ann, bob, cleo) = try (team.machine("ann"), team.machine("bob"), team.machine("cleo"))
    let dora = try team.machine("dora")
    try bob.write(1, "before")
    for one in [bob, ann, cleo, dora] { try await one.sync() }
    let backup = try team.backUp()
    // The second one is said after the first, and would follow it.
    for one in [bob, dora] {
      if by == "owner" {
        let key = one.replica.publicKey
        try ann.replica.say(.revoke(key: key, heads: ann.replica.heads(of: [key])))
        try await ann.sync()
      } else {
        try team.revoke(one.name)
      }
    }
    for one in [ann, cleo] { try await one.sync() }
    try team.restore(backup)
    try bob.write(2, "while nobody here knew")
    try await bob.sync()
    // What the server took from him counts, for nobody was there who knew; from now on nothing does. What the administrator had
    // said his server says again, whoever brings it.
    try await cleo.sync()
    if by == "owner" { try await ann.sync() }
    for name in ["bob", "dora"] {
      #expect(try team.devices().first { $0.member.name == name }?.isRevoked == true, "\(name)")
    }
    try bob.write(3, "after")
    await #expect(throws: Refusal.self) { try await bob.sync() }
    for one in [cleo, ann] { try await one.sync() }
    for one in [ann, cleo] {
      #expect(try one.texts() == ["before", "while nobody here knew"], "\(one.name)")
      #expect(try one.replica.refusedStatements().isEmpty, "\(one.name)")
      #expect(try one.replica.membership().head == team.membership().head, "\(one.name)")
    }
  }

  /// Shut out and let in again: what was lost of both is not said again by halves.
  @Test("Who was let in again before a server was set back stays in", .onFiles)
  func lostReturn() async throws {
    let team = try MembershipTeam()
    let (ann, bob) = try (team.machine("ann"), team.machine("bob"))
    for one in [bob, ann] { try await one.sync() }
    let backup = try team.backUp()
    for role in [nil, Role.editor] {
      try ann.replica.say(
        .member(name: "bob", role: role, heads: ann.replica.heads(of: [bob.replica.publicKey])))
      try await ann.sync()
    }
    try team.restore(backup)
    try bob.write(1, "one")
    try await bob.sync()
    try await ann.sync()
    try bob.write(2, "two")
    try await bob.sync()
    try await ann.sync()
    #expect(try ann.texts() == ["one", "two"])
  }

  @Test("What was said after a restore and what was lost by it both hold", .onFiles)
  func forkedMembers() async throws {
    let team = try MembershipTeam()
    let ann = try team.machine("ann")
    let backup = try team.backUp()
    _ = try team.machine("bob")
    try await ann.sync()
    try team.restore(backup)
    let dora = try team.machine("dora")
    try await ann.sync()
    try await dora.sync()
    let names = try team.devices().map(\.member.name)
    #expect(names.sorted() == ["ann", "bob", "dora"])
    for one in [ann, dora] {
      #expect(try one.replica.membership().head == team.membership().head, "\(one.name)")
      #expect(try one.replica.refusedStatements().isEmpty)
    }
  }

  @Test("A server whose members somebody else signed for is not believed, and gets nothing")
  func otherFounder() async throws {
    let team = try MembershipTeam()
    let ann = try team.machine("ann")
    try await ann.sync()
    try ann.write(1, "for the team")
    // The same address and workspace, another founder: he let in whom he liked.
    let impostor = try MembershipTeam(key: 66, named: "team")
    let strange = try impostor.machine("ann")
    let remote = strange.remote
    await #expect(throws: ReplicaError.foreignMembers) {
      try await SyncSession(ann.replica, with: remote).run()
    }
    #expect(try ann.replica.identity().cursor.position == 0)
    #expect(try ann.replica.membership().head == team.membership().head)
    #expect(try ann.texts() == ["for the team"])
  }

  @Test("An invite names an entry; a log without it is not believed")
  func pin() async throws {
    let team = try MembershipTeam()
    let ann = try team.machine("ann", pin: Digest(of: Array("nobody said this".utf8)))
    await #expect(throws: ReplicaError.foreignMembers) { try await ann.sync() }
    #expect(try ann.replica.membership().isEmpty)
  }

  @Test("A bundle with the members of others is read, its members are not believed")
  func bundleOfOthers() async throws {
    let team = try MembershipTeam()
    let impostor = try MembershipTeam(key: 66)
    // Keys go by number, and ann has the first.
    _ = try impostor.machine("ann")
    let strange = try impostor.machine("bob")
    try await strange.sync()
    try strange.write(1, "from before the server was set up anew")
    // Invited, and not yet level: ann knows an entry that the log must have, and nothing of it.
    let ann = try team.machine("ann")
    try ann.take(strange.bundle())
    #expect(try ann.replica.membership().isEmpty)
    let report = try await ann.sync()
    #expect(try ann.replica.membership().head == team.membership().head)
    // The server does not know that device; its words stay here and wait for it to come in.
    #expect(report.refused.map(\.reason) == [.notEnrolled])
    #expect(try ann.texts() == ["from before the server was set up anew"])
  }

  @Test("A page with words of a device that nobody let in puts them in quarantine")
  func forgedAuthor() async throws {
    let team = try MembershipTeam()
    let ann = try team.machine("ann")
    try await ann.sync()
    // A server that was taken over writes what it likes into its log.
    var eve = try Author(66, in: MembershipTeam.workspace)
    let forged = try eve.write("forged")
    let log = MemoryLog(id: LogID(high: 3, low: 3), workspace: MembershipTeam.workspace)
    log.append(forged, from: "v-x")
    let membership = try team.membership()
    let remote = ForgingRemote(log: log, membership: membership)
    let report = try await SyncSession(ann.replica, with: remote).run()
    #expect(report.quarantined.map(\.reason) == [.notEnrolled])
    #expect(try ann.texts().isEmpty)
  }

  @Test("An owner's device revokes another one, once it knows all that was written there")
  func byOwner() async throws {
    let team = try MembershipTeam()
    let (ann, bob) = try (team.machine("ann"), team.machine("bob"))
    try bob.write(1, "one")
    try await bob.sync()
    // What she says must stand for all that he wrote, or the others would lose it.
    let key = bob.replica.publicKey
    try await ann.sync()
    try ann.replica.say(.revoke(key: key, heads: []))
    _ = try await ann.sync()
    #expect(try ann.replica.refusedStatements().map(\.reason) == [.stale])
    try ann.replica.dropRefusedStatements()
    try ann.replica.say(.revoke(key: key, heads: ann.replica.heads(of: [key])))
    _ = try await ann.sync()
    #expect(try ann.replica.refusedStatements().isEmpty)
    await #expect(throws: Refusal.self) { try await bob.sync() }
    #expect(try ann.texts() == ["one"])
    // An editor says it in vain.
    let cleo = try team.machine("cleo")
    try await cleo.sync()
    let annKey = ann.replica.publicKey
    try cleo.replica.say(.revoke(key: annKey, heads: cleo.replica.heads(of: [annKey])))
    _ = try await cleo.sync()
    #expect(try cleo.replica.refusedStatements().map(\.reason) == [.notAllowed])
    try await ann.sync()
  }

  @Test("A role that is taken ends at the word the server has; given back, the rest goes up")
  func roles() async throws {
    let team = try MembershipTeam()
    let (ann, bob) = try (team.machine("ann"), team.machine("bob"))
    try bob.write(1, "one")
    try await bob.sync()
    try team.setRole(.reader, of: "bob")
    try bob.write(2, "two")
    let refused = try await bob.sync()
    #expect(refused.refused.map(\.reason) == [.readOnly])
    try await ann.sync()
    #expect(try ann.texts() == ["one"])
    try team.setRole(.editor, of: "bob")
    let taken = try await bob.sync()
    #expect(taken.sent == 1 && taken.refused.isEmpty)
    try await ann.sync()
    #expect(try ann.texts() == ["one", "two"])
  }
}
