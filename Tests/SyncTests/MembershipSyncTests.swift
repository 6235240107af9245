import ChangeLog
import Glibc
import LogStore
import ReplicaStore
import SQLite
import Testing

@testable import SyncServer

/// The membership log between a real server's core and real replicas: who is out is out for everybody, by every way.
@Suite("Members, as a server enforces and every replica verifies them")
struct MembershipSyncTests {
  @Test("Words of a revoked device that came by bundle are let go when the revocation is heard of")
  func lateBundle() async throws {
    let team = try Team()
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
    "What a device wrote before it was revoked is brought back by anybody after a server's loss")
  func giveBack() async throws {
    let team = try Team()
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

  @Test("What was said after a restore and what was lost by it both hold")
  func forkedMembers() async throws {
    let team = try Team()
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
    let team = try Team()
    let ann = try team.machine("ann")
    try await ann.sync()
    try ann.write(1, "for the team")
    // The same address and workspace, another founder: he let in whom he liked.
    let impostor = try Team(key: 66, named: "team")
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
    let team = try Team()
    let ann = try team.machine("ann", pin: Digest(of: Array("nobody said this".utf8)))
    await #expect(throws: ReplicaError.foreignMembers) { try await ann.sync() }
    #expect(try ann.replica.membership().isEmpty)
  }

  @Test("A bundle with the members of others is read, its members are not believed")
  func bundleOfOthers() async throws {
    let team = try Team()
    let impostor = try Team(key: 66)
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
    let team = try Team()
    let ann = try team.machine("ann")
    try await ann.sync()
    // A server that was taken over writes what it likes into its log.
    var eve = try Author(66, in: Team.workspace)
    let forged = try eve.write("forged")
    let log = MemoryLog(id: LogID(high: 3, low: 3), workspace: Team.workspace)
    log.append(forged, from: "v-x")
    let membership = try team.membership()
    let remote = Forger(log: log, membership: membership)
    let report = try await SyncSession(ann.replica, with: remote).run()
    #expect(report.quarantined.map(\.reason) == [.notEnrolled])
    #expect(try ann.texts().isEmpty)
  }

  @Test("An owner's device revokes another one, once it knows all that was written there")
  func byOwner() async throws {
    let team = try Team()
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
    let team = try Team()
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

/// A server's core over real files, and the machines of its members.
private final class Team {
  static let workspace = WorkspaceID(high: 4, low: 4)
  private let temporary: TemporaryFolder
  private var service: SyncService?
  private let seed: UInt8
  private var folders = 0
  private var invites: UInt8 = 0
  private(set) var folder: DataFolder

  init(key seed: UInt8 = 200, named name: String = "team") throws {
    temporary = try TemporaryFolder()
    self.seed = seed
    folder = DataFolder(path: temporary.path + "/0")
    try folder.create()
    try LogDatabase.create(in: folder)
    let accounts = try Accounts.create(
      in: folder, address: "http://127.0.0.1:1",
      key: DeviceKey(seed: Array(repeating: seed, count: 32)))
    try accounts.addWorkspace(named: name, id: Self.workspace, now: 1)
    for member in ["ann", "bob", "cleo", "dora"] {
      try accounts.addMember(
        member, role: member == "ann" ? .owner : .editor, to: Self.workspace, now: 1)
    }
    try open()
  }

  private func open() throws {
    let world = World(
      now: { 100 }, random: { count in (0..<count).map { _ in UInt8.random(in: 0...255) } })
    service = try SyncService(folder: folder, world: world)
  }

  /// The administrator's program opens the accounts beside the server.
  private var accounts: Accounts { get throws { try Accounts(in: folder) } }

  func machine(_ name: String, pin: Digest? = nil) throws -> Machine {
    invites += 1
    let code = try accounts.invite(
      name, to: Self.workspace, secret: Array(repeating: invites &+ seed, count: 32),
      expires: 1000, now: 100)
    let key = try DeviceKey(seed: Array(repeating: invites, count: 32))
    let request = try JoinRequest(code, deviceName: name, key: key, now: 100_000)
    let token = Token(bytes: (0..<32).map { _ in UInt8.random(in: 0...255) })!
    _ = try accounts.join(request, to: Self.workspace, token: token, now: 100)
    return try Machine(name, key, token, self, pin: pin ?? code.membershipHead)
  }

  func answer(_ request: SyncRequest, _ token: Token) async throws -> SyncResponse {
    try await service!.sync(request, showing: token)
  }

  func revoke(_ member: String) throws {
    let device = try #require(devices().first { $0.member.name == member })
    _ = try accounts.revoke(device.id, in: Self.workspace, now: 100)
  }

  func setRole(_ role: Role, of member: String) throws {
    try accounts.setRole(role, of: member, in: Self.workspace, now: 100)
  }

  func devices() throws -> [Device] { try accounts.devices(of: Self.workspace) }
  func membership() throws -> Membership { try accounts.membership(of: Self.workspace) }

  func backUp() throws -> String {
    folders += 1
    let file = temporary.path + "/backup-\(folders)"
    try folder.backUp(to: file)
    return file
  }

  func restore(_ file: String) throws {
    folders += 1
    service = nil
    folder = DataFolder(path: temporary.path + "/\(folders)")
    try folder.restore(from: file) { LogID(high: 50, low: UInt64(folders)) }
    try open()
  }
}

/// One device with a replica in memory.
private final class Machine {
  let name: String
  let replica: Replica
  private let token: Token
  private let team: Team

  init(_ name: String, _ key: DeviceKey, _ token: Token, _ team: Team, pin: Digest) throws {
    (self.name, self.token, self.team) = (name, token, team)
    let connection = try Connection(path: ":memory:")
    let surroundings = Surroundings(
      now: { 100_000 }, random: { UInt64.random(in: 0 ... .max) })
    try Replica.create(
      in: connection, workspace: Team.workspace, key: key, surroundings: surroundings)
    replica = try Replica(
      connection: connection, key: key, surroundings: surroundings, projection: NoProjection())
    try replica.trustMembership(with: pin)
  }

  var remote: TeamRemote { TeamRemote(team: team, token: token) }

  @discardableResult
  func sync() async throws -> SyncSession.Report {
    try await SyncSession(replica, with: remote).run()
  }

  func write(_ number: UInt64, _ text: String) throws {
    try replica.commit(
      "note",
      [
        Operation(
          entity: EntityID(high: 1, low: number), kind: 1, .put(1, .text(Text(text)), replacing: [])
        )
      ])
  }

  /// All that is shown, by record.
  func texts() throws -> [String] {
    var texts: [String] = []
    try replica.forEachState { _, state in
      for field in state.fields {
        for value in field.alive {
          if case .text(let text) = value.value { texts.append(text.string) }
        }
      }
    }
    return texts
  }

  func bundle() throws -> Bundle {
    try Bundle(
      decoding: #require(replica.bundles(beyond: VersionVector(), maker: name).first))
  }

  func take(_ bundle: Bundle) throws { _ = try replica.take(bundle) }
}

/// Requests and answers as bytes, as they travel.
private struct TeamRemote: Remote, @unchecked Sendable {
  // One test uses it, one thing after another.
  let team: Team
  let token: Token

  func exchange(_ request: SyncRequest) async throws -> SyncResponse {
    let response = try await team.answer(SyncRequest(decoding: request.encoded), token)
    return try SyncResponse(decoding: response.encoded)
  }
}

/// A remote that hands out what it likes under the members it cannot forge.
private struct Forger: Remote, @unchecked Sendable {
  let log: MemoryLog
  let membership: Membership

  func exchange(_ request: SyncRequest) async throws -> SyncResponse {
    var response = try log.answer(request, from: "v-a") { _, _ in nil }
    response.membership = MembershipAnswer(head: membership.head, after: membership.head.count)
    return response
  }
}
