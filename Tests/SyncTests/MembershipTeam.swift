import ChangeLog
import Glibc
import LogStore
import ReplicaStore
import SQLite
import Testing

@testable import SyncServer

/// A server's core over real files, and the machines of its members.
final class MembershipTeam {
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
    folder = DataFolder(path: temporary.path + "/0", database: try TestDatabase.fresh())
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

  /// What its clock says to those who ask, in milliseconds since 1970.
  var clock: UInt64 = 100_000

  /// The administrator's program opens the accounts beside the server.
  private var accounts: Accounts { get throws { try Accounts(in: folder) } }

  func machine(_ name: String, pin: Digest? = nil) throws -> MembershipMachine {
    let key = try DeviceKey(seed: Array(repeating: invites + 1, count: 32))
    let (token, invited) = try admit(key, of: name)
    return try MembershipMachine(name, key, token, self, pin: pin ?? invited)
  }

  /// Lets a device with a key in, by a new invite.
  ///
  /// - Returns: what it shows, and the entry that the invite names.
  func admit(_ key: DeviceKey, of name: String) throws -> (Token, invited: Digest) {
    invites += 1
    let code = try accounts.invite(
      name, to: Self.workspace, secret: Array(repeating: invites &+ seed, count: 32),
      expires: 1000, now: 100)
    let request = try JoinRequest(code, deviceName: name, key: key, now: 100_000)
    let token = Token(bytes: (0..<32).map { _ in UInt8.random(in: 0...255) })!
    _ = try accounts.join(request, to: Self.workspace, token: token, now: 100)
    return (token, code.membershipHead)
  }

  func answer(_ request: SyncRequest, _ token: Token) async throws -> SyncResponse {
    try await service!.sync(request, showing: token)
  }

  /// Shuts out the device of a member that was first and is still in.
  func revoke(_ member: String) throws {
    let device = try #require(devices().first { $0.member.name == member && !$0.isRevoked })
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
final class MembershipMachine {
  let name: String
  let replica: Replica
  private var token: Token
  private let team: MembershipTeam
  private let wall = Wall()

  private final class Wall { var milliseconds: UInt64 = 100_000 }

  /// What its clock says, in milliseconds since 1970; the server's says 100,000.
  var clock: UInt64 {
    get { wall.milliseconds }
    set { wall.milliseconds = newValue }
  }

  init(_ name: String, _ key: DeviceKey, _ token: Token, _ team: MembershipTeam, pin: Digest) throws
  {
    (self.name, self.token, self.team) = (name, token, team)
    let connection = try Connection(path: ":memory:")
    let surroundings = Surroundings(
      now: { [wall] in wall.milliseconds }, random: { UInt64.random(in: 0 ... .max) })
    try Replica.create(
      in: connection, workspace: MembershipTeam.workspace, key: key, surroundings: surroundings)
    replica = try Replica(
      connection: connection, key: key, surroundings: surroundings, projection: NoProjection())
    try replica.trustMembership(with: pin)
  }

  /// Loses its key, and goes on with another one under a new name; the team does not know it yet.
  func loseKey(_ seed: UInt8) throws -> DeviceKey {
    let key = try DeviceKey(seed: Array(repeating: seed, count: 32))
    try replica.startNewWriter(with: key)
    return key
  }

  /// Comes in with the key it has now.
  func enterAgain(_ key: DeviceKey) throws {
    let (token, invited) = try team.admit(key, of: name)
    try replica.trustMembership(with: invited)
    self.token = token
  }

  var remote: MembershipRemote { MembershipRemote(team: team, token: token) }

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
  func texts() throws -> [String] { try replica.texts() }

  func bundle() throws -> Bundle {
    try Bundle(
      decoding: #require(replica.bundles(beyond: VersionVector(), maker: name).first))
  }

  func take(_ bundle: Bundle) throws { _ = try replica.take(bundle) }
}

/// Requests and answers as bytes, as they travel.
struct MembershipRemote: Remote, @unchecked Sendable {
  // One test uses it, one thing after another.
  let team: MembershipTeam
  let token: Token

  var serverTime: UInt64? { team.clock }

  func exchange(_ request: SyncRequest) async throws -> SyncResponse {
    let response = try await team.answer(SyncRequest(decoding: request.encoded), token)
    return try SyncResponse(decoding: response.encoded)
  }
}

/// A remote that hands out what it likes under the members it cannot forge.
struct ForgingRemote: Remote, @unchecked Sendable {
  let log: MemoryLog
  let membership: Membership

  func exchange(_ request: SyncRequest) async throws -> SyncResponse {
    var response = try log.answer(request, from: "v-a") { _, _ in nil }
    response.membership = MembershipAnswer(head: membership.head, after: membership.head.count)
    return response
  }
}
