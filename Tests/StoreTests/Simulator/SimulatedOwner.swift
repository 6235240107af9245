import ChangeLog
import CrashDisk
import ReplicaStore
import SQLite

/// An encrypted team: its first owner says on the first machine who belongs to it, since no server can.
extension Simulation {
  private var owner: SimulatedDevice { devices[0] }

  func isOwners(_ device: SimulatedDevice) -> Bool { device.key == owner.key }

  /// The owner's machine founds the workspace; or puts what it knows of its members on a server that lost all.
  func found() throws {
    guard let code = server.founding else { return }
    let replica = owner.replica.replica
    var dice = ReplicaDice(~seed)
    let made = try Founding(
      code, now: 1000, random: { (0..<$0).map { _ in UInt8.random(in: 0...255, using: &dice) } })
    let entries = try replica.foundingAgain(code) ?? made.entries
    let request = try JoinRequest(
      code, deviceName: "device", key: owner.replica.key, now: 1000, founding: entries)
    try enter(owner, request, by: code, knowing: entries[0].id)
  }

  /// The owner invites a member of its own for a machine, which comes in; one that is in already stays.
  func joinEncrypted(_ device: SimulatedDevice) async throws {
    let key = device.replica.key
    let isIn = try server.knows(device.token, of: key.publicKey)
    guard !isIn, !isOwners(device) else {
      return try device.replica.replica.trustMembership(with: server.foundation())
    }
    invites += 1
    let secret = Digest(of: Array("\(seed) \(invites)".utf8)).bytes
    let inviting = try DeviceKey(seed: secret)
    let name = "member \(Hexadecimal.encode(Array(key.publicKey.bytes.prefix(4))))"
    let head = try await say { members, _ in
      let enters =
        members.member(name)?.role == nil
        ? [MembershipEntry.Statement.member(name: name, role: .editor, heads: [])] : []
      // For ever: what ends by a clock has tests of its own.
      return enters + [.invite(member: name, key: inviting.publicKey, expires: 1 << 52)]
    } to: {
      inviting.sealingKey
    }
    guard let head else { return }
    let invite = InviteCode(
      address: "", workspace: TestReplica.workspace, member: name, secret: secret,
      membershipHead: head, encryption: .sealed)
    let request = try JoinRequest(invite, deviceName: "device", key: key, now: 1000)
    try enter(device, request, by: invite, knowing: head)
  }

  private func enter(
    _ device: SimulatedDevice, _ request: JoinRequest, by invite: InviteCode, knowing head: Digest
  ) throws {
    let answer = try server.enter(request)
    guard let members = try invite.members(in: answer, with: head) else {
      throw Broken(description: "\(device.name) comes in and gets no key")
    }
    let replica = device.replica.replica
    try replica.connection.transaction {
      try replica.keep(members.keys, sealingWith: members.keys.keys.max())
      try replica.trustMembership(with: head)
      try replica.begin(with: answer.members)
    }
    try keep(answer.token, for: device)
    try device.acknowledge()
  }

  /// Says it as the command line does: level first, then said, then heard back.
  ///
  /// - Returns: the last entry; nil when the server did not take it, or is away.
  @discardableResult
  func say(
    _ statements: (Membership, Replica) throws -> [MembershipEntry.Statement],
    to recipient: () -> SealingKey? = { nil }
  ) async throws -> Digest? {
    let replica = owner.replica.replica
    let line = try SimulatedLine(server: server, owner)
    for _ in 0..<3 {
      try replica.dropRefusedStatements()
      _ = try await SyncSession(replica, with: line).run()
      let entries = try statements(replica.membership(), replica).map { statement in
        if case .invite = statement { return try replica.say(statement, to: recipient()) }
        return try replica.say(statement)
      }
      try owner.acknowledge()
      _ = try await SyncSession(replica, with: line).run()
      try owner.acknowledge()
      let refused = Set(try replica.refusedStatements().map(\.entry.id))
      if entries.allSatisfy({ !refused.contains($0.id) }) { return entries.last?.id }
    }
    return nil
  }

  func revokeEncrypted(_ device: SimulatedDevice) async throws {
    let key = device.replica.key.publicKey
    try await unlessAway {
      try await say { members, replica in
        guard members.device(key)?.revoked == nil, members.device(key) != nil else { return [] }
        return [.revoke(key: key, heads: try replica.heads(of: [key]))]
      }
    }
  }

  /// A reader, an editor, or nobody any more.
  func changeRole(of device: SimulatedDevice, to role: ChangeLog.Role?) async throws {
    let key = device.replica.key.publicKey
    guard !isOwners(device) else { return }
    try await unlessAway {
      try await say { members, replica in
        guard let name = members.device(key)?.member else { return [] }
        return [try Self.statement(name, role, members, replica)]
      }
    }
  }

  func letEverybodyWriteEncrypted() async throws {
    try await say { members, replica in
      try members.members.filter { $0.role == .reader || $0.role == nil }
        .map { try Self.statement($0.name, .editor, members, replica) }
    }
  }

  private static func statement(
    _ name: String, _ role: ChangeLog.Role?, _ members: Membership, _ replica: Replica
  ) throws -> MembershipEntry.Statement {
    let closed = members.closed(by: .member(name: name, role: role, heads: []))
    return .member(name: name, role: role, heads: try replica.heads(of: closed))
  }

  /// What comes to nothing because of the server is tried again another day.
  private func unlessAway(_ work: () async throws -> Digest?) async throws {
    do { _ = try await work() } catch is SimulatedServer.IsDown {
    } catch is SimulatedServer.Refused {
    } catch let error as ReplicaError {
      guard [.stalled, .otherBeginning, .foreignMembers].contains(error) else { throw error }
    }
  }

  // MARK: Checks

  /// Collects what anybody ever held, to read what they wrote.
  func gatherKeys() throws {
    guard isEncrypted else { return }
    for device in devices {
      try device.replica.replica.connection.forEach("SELECT number, key FROM epoch", []) { row in
        let (epoch, key) = (UInt64(row.int(0)), EpochKey(bytes: row.blob(1)))
        if !keys[epoch].contains(key) { keys.add(key, of: epoch, seals: false) }
      }
    }
  }

  /// Whoever is in seals with the newest key that he knows of, and with no other. What a server had lost of the members is not in
  /// the log again before it was given back.
  func checkKeys() throws {
    guard isEncrypted else { return }
    for device in devices {
      let members = try device.replica.replica.membership()
      let key = device.replica.key
      let givesBack = try device.replica.replica.connection.first(
        "SELECT EXISTS (SELECT * FROM membership_unsent WHERE refused IS NULL)"
      ) { $0.bool(0) }
      guard members.role(of: key.publicKey) != nil, givesBack == false else { continue }
      let current = try device.replica.replica.keyring().current
      // The first ones a device has from its invite, which can be newer than its log; later ones are sealed to itself.
      guard let current, current.epoch >= members.epoch,
        current.epoch > members.epoch
          || members.keys(of: key)[members.epoch] ?? current.key == current.key
      else { throw Broken(description: "\(device.name) seals with a key that is not the newest") }
    }
  }

  /// What nobody but the members may know.
  func checkSecrets() throws {
    guard isEncrypted else { return }
    let members = try server.membership()
    guard let newest = try owner.replica.replica.keyring().current?.key else {
      throw Broken(description: "the owner has not got the newest key")
    }
    for device in devices where members.role(of: device.replica.key.publicKey) == nil {
      guard try !device.replica.replica.keyring()[members.epoch].contains(newest) else {
        throw Broken(description: "\(device.name) is out, and has the newest key")
      }
    }
    guard try server.changesets().allSatisfy({ $0.header.epoch > 0 }) else {
      throw Broken(description: "the server has what is not sealed")
    }
    for text in Self.canaries where server.disk.holds(Array(text.utf8)) {
      throw Broken(description: "the server can read \"\(text)\"")
    }
  }
}
