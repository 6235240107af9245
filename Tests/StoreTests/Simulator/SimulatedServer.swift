import ChangeLog
import CrashDisk
import ReplicaStore
import SQLite

@testable import LogStore

/// The server's real log on a disk that can lose power, behind lines that do what lines do.
final class SimulatedServer {
  private(set) var disk: CrashDisk
  private var database: LogDatabase?
  private var log: StoredLog?
  private var accounts: Accounts?
  /// The administrator's key: it goes where the accounts go.
  let administrator: DeviceKey
  /// Of another workspace, in the same database.
  private var otherLog: StoredLog?
  private let id: LogID
  /// What it told a device it had, and where.
  private(set) var acknowledged: [ChangesetID: Int] = [:]
  /// Requests that came, as bytes: a line may bring one again.
  private(set) var past: [Request] = []
  private var invites: UInt64 = 0
  /// In seconds; it goes on whatever the server's disk is set back to.
  private(set) var time: Int
  private let isEncrypted: Bool
  /// What its owner founds an encrypted workspace with; nil when nobody has to.
  private(set) var founding: InviteCode?

  /// What the log was called first.
  private var life: LogID?

  struct IsDown: Error {}
  struct Refused: Error {}

  struct Request {
    let bytes: [UInt8]
    let device: String
    let key: PublicKey
    let token: Token?
  }

  init(
    number: UInt64, disk: CrashDisk = CrashDisk(), administrator: DeviceKey? = nil,
    acknowledged: [ChangesetID: Int] = [:], isEncrypted: Bool = false, time: Int = 1
  ) throws {
    self.time = time
    self.isEncrypted = isEncrypted
    self.administrator =
      try administrator
      ?? DeviceKey(seed: Array(repeating: UInt8(truncatingIfNeeded: 100 + number), count: 32))
    id = LogID(high: 1, low: number)
    self.disk = disk
    self.acknowledged = acknowledged
    try open()
  }

  private func open() throws {
    let connection = try Connection(path: "log.db", vfs: disk.vfs)
    let database = try LogDatabase(connection, lock: nil)
    log = try database.log(of: TestReplica.workspace, newID: id)
    otherLog = try database.log(
      of: SimulatedOutsider.workspace, newID: LogID(high: 2, low: id.low))
    self.database = database
    let key = administrator
    let accounts = try Accounts(
      Connection(path: "accounts.db", vfs: disk.vfs), administrator: { key },
      written: { [unowned self] in try self.database?.heads(of: $0, in: $1) ?? [] })
    self.accounts = accounts
    if try accounts.workspaces().isEmpty {
      try accounts.database.run("INSERT INTO server VALUES (1, 'http://127.0.0.1:1')")
      if isEncrypted {
        founding = try accounts.addEncryptedWorkspace(
          named: "team", id: TestReplica.workspace, owner: "owner",
          secret: Digest(of: id.bytes).bytes,
          expires: 1 << 40)
      } else {
        try accounts.addWorkspace(named: "team", id: TestReplica.workspace, now: now())
      }
    }
    if life == nil { life = try log?.head().log }
  }

  /// Each thing that the administrator does takes a second.
  private func now() -> Int {
    time += 1
    return time
  }

  func close() {
    log = nil
    accounts = nil
    otherLog = nil
    database = nil
  }

  /// Answers a request, given and returned as bytes.
  func answer(
    _ bytes: [UInt8], from device: String, key: PublicKey, showing token: Token?
  ) throws -> [UInt8] {
    guard let database, let log, let accounts else { throw IsDown() }
    guard try knows(token, of: key), try role(of: key) != nil else { throw Refused() }
    past.append(Request(bytes: bytes, device: device, key: key, token: token))
    if past.count > 20 { past.removeFirst() }
    let request = try SyncRequest(decoding: bytes)
    do {
      // As the real server's core does.
      var response = try accounts.unchanged(in: TestReplica.workspace) {
        let members = try accounts.membership(of: TestReplica.workspace)
        return try database.answer(request, from: device, in: log, now: past.count) {
          writer, header in
          members.refusal(ofSender: key)
            ?? (header.map { members.refusal(of: $0, by: writer) }
              ?? members.refusal(ofSender: writer))
        }
      }
      response.membership = try accounts.answer(request.membership, in: TestReplica.workspace) {
        try database.heads(of: $0, in: TestReplica.workspace)
      }
      for (bytes, verdict) in zip(request.changesets, response.verdicts) {
        if case .accepted(let position) = verdict { acknowledged[Digest(of: bytes)] = position }
      }
      return response.encoded
    } catch {
      // As the real server does after a failure of its disk.
      close()
      throw IsDown()
    }
  }

  // MARK: Members

  func membership() throws -> Membership {
    guard let accounts else { throw IsDown() }
    return try accounts.membership(of: TestReplica.workspace)
  }

  /// Whether a device comes in with what it shows.
  func knows(_ token: Token?, of key: PublicKey) throws -> Bool {
    guard let accounts else { throw IsDown() }
    guard let token else { return false }
    do {
      let device = try accounts.device(showing: token)
      return device?.workspace == TestReplica.workspace && device?.key == key
    } catch {
      close()
      throw IsDown()
    }
  }

  private func role(of key: PublicKey) throws -> ChangeLog.Role? {
    guard let accounts else { throw IsDown() }
    do { return try accounts.membership(of: TestReplica.workspace).role(of: key) } catch {
      close()
      throw IsDown()
    }
  }

  /// The administrator invites a member of its own for a key, and the device comes in; one that is in already stays.
  ///
  /// - Parameter token: what the device shows so far.
  /// - Returns: the entry that the invite names, and what it shows from now on; nil when the device is in, or shut out for ever.
  func admit(_ key: DeviceKey, showing token: Token?) throws -> (Digest, Token)? {
    guard let accounts, database != nil else { throw IsDown() }
    let name = "member \(Hexadecimal.encode(Array(key.publicKey.bytes.prefix(4))))"
    let workspace = TestReplica.workspace
    let members = try membership()
    if let device = members.device(key.publicKey) {
      guard try device.revoked == nil && !knows(token, of: key.publicKey) else { return nil }
    }
    if members.member(name) == nil {
      try accounts.addMember(name, role: .editor, to: workspace, now: now())
    }
    invites += 1
    let secret = Digest(of: id.bytes + members.head.hash.bytes + [UInt8(invites & 255)])
    let code = try accounts.invite(
      name, to: workspace, secret: secret.bytes, expires: 1 << 40, now: now())
    let request = try JoinRequest(
      code, deviceName: "device", key: key, now: UInt64(now()) * 1000)
    let new = Token(bytes: secret.bytes)!
    _ = try accounts.join(request, to: workspace, token: new, now: now())
    return (code.membershipHead, new)
  }

  /// A device comes in by an invite of an owner.
  func enter(_ request: JoinRequest) throws -> JoinResponse {
    guard let accounts, database != nil else { throw IsDown() }
    return try accounts.join(
      request, to: TestReplica.workspace, token: Token(bytes: Digest(of: request.encoded).bytes)!,
      now: now())
  }

  /// A reader becomes an editor, an editor a reader.
  func toggleRole(of key: PublicKey) throws {
    guard let accounts, let device = try membership().device(key),
      let role = try membership().member(device.member)?.role
    else { return }
    try accounts.setRole(
      role == .reader ? .editor : .reader, of: device.member, in: TestReplica.workspace, now: now())
  }

  /// The entry that founded the workspace here.
  func foundation() throws -> Digest {
    guard let accounts else { throw IsDown() }
    return try MembershipEntry(
      bytes: accounts.entries(of: TestReplica.workspace, after: 0)[0]
    ).id
  }

  /// The keys of those devices that are not shut out for ever.
  func keysIn(_ devices: [SimulatedDevice]) throws -> Set<UInt64> {
    guard accounts != nil else { return [] }
    let members = try membership()
    return Set(
      devices.filter { members.device($0.replica.key.publicKey)?.revoked == nil }.map(\.key))
  }

  func letEverybodyWrite() throws {
    for member in try membership().members where member.role == .reader {
      try accounts!.setRole(.editor, of: member.name, in: TestReplica.workspace, now: now())
    }
  }

  func revoke(_ key: PublicKey) throws {
    guard let accounts, try membership().device(key) != nil else { return }
    _ = try accounts.revoke(key.deviceID, in: TestReplica.workspace, now: now())
  }

  /// Answers a request to the outsider's workspace.
  func answerOutsider(_ request: SyncRequest, key: PublicKey) throws -> SyncResponse {
    guard let database, let otherLog else { throw IsDown() }
    let request = try SyncRequest(decoding: request.encoded)
    do {
      return try database.answer(request, from: "outsider", in: otherLog, now: past.count) {
        asking, _ in asking == key ? nil : .notEnrolled
      }
    } catch {
      close()
      throw IsDown()
    }
  }

  /// The power comes back, or the program is started again.
  func restart(damage: (() -> UInt64)?) throws {
    close()
    disk.fault = nil
    disk = disk.restarted(damage: damage)
    try open()
  }

  func lose(at operation: Int) { disk.fault = (.powerLoss, disk.operations + operation) }

  func mend() throws {
    disk.fault = nil
    if database == nil { try restart(damage: nil) }
  }

  func head() throws -> Cursor { try log!.head() }

  /// Whether its log is not the one that a cursor is of, and has its name.
  func contradicts(_ cursor: Cursor) throws -> Bool {
    guard let log, try log.head().log == cursor.log, cursor.position > 0 else { return false }
    let read = try log.entries(after: 0, limit: .max).prefix(cursor.position)
    return read.count < cursor.position
      || read.reduce(Digest.zero) { $0.followed(by: $1.id) } != cursor.hash
  }

  /// Those of which it has the bytes.
  var isUp: Bool { log != nil }

  func changesets() throws -> [Changeset] {
    try log!.entries(after: 0, limit: .max).filter { !$0.bytes.isEmpty }
      .map { try Changeset(bytes: $0.bytes) }
  }

  func snapshot(_ keys: Keyring) throws -> Snapshot? {
    guard let kept = try log!.snapshot() else { return nil }
    return try SignedSnapshot(
      decoding: log!.snapshotBytes(from: 0, count: kept.size), keys
    ).snapshot
  }

  func names() throws -> Set<ChangesetID> {
    Set(try log!.entries(after: 0, limit: .max).map(\.id))
  }

  func outsidersNames() throws -> Set<ChangesetID> {
    Set(try otherLog!.entries(after: 0, limit: .max).map(\.id))
  }

  func compact() throws {
    _ = try log!.compact()
    _ = try otherLog!.compact()
  }

  /// What it acknowledged is where it said.
  func lostAcknowledged() throws -> [ChangesetID] {
    // A log that took a snapshot of what it lacked is another one.
    let isSameLog = try log!.head().log == life
    return try acknowledged.filter {
      let position = try log!.position(of: $0.key)
      return isSameLog ? position != $0.value : position == nil
    }.map(\.key)
  }
}
