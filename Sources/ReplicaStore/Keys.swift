public import ChangeLog
internal import SQLite

/// The keys of an encrypted workspace: bodies are sealed in the log, here as everywhere; what they amount to is not.
extension Replica {
  /// The keys that this device holds.
  public func keyring() throws -> Keyring {
    if connection.isInTransaction, let known = knownKeys,
      known.transaction == connection.transactionNumber
    {
      return known.keys
    }
    var keys = Keyring()
    try connection.forEach("SELECT number, key, seals FROM epoch ORDER BY number, key", []) {
      keys.add(EpochKey(bytes: $0.blob(1)), of: UInt64($0.int(0)), seals: $0.bool(2))
    }
    knownKeys = (connection.transactionNumber, keys)
    return keys
  }

  /// Keeps keys, and applies what waited for them.
  ///
  /// - Parameter current: the epoch of the one that seals what is written from now on; nil to leave that as it is.
  @discardableResult
  public func keep(_ keys: [UInt64: EpochKey], sealingWith current: UInt64?) throws -> Received {
    try connection.transaction {
      try store(keys, sealingWith: current)
      var received = Received()
      try applyReady(&received)
      return received
    }
  }

  func store(_ keys: [UInt64: EpochKey], sealingWith current: UInt64?) throws {
    for (epoch, key) in keys {
      precondition(epoch > 0)
      try connection.run(
        "INSERT OR IGNORE INTO epoch (number, key, seals) VALUES (?, ?, 0)", .int(Int64(epoch)),
        .blob(key.bytes))
    }
    if let current, let key = keys[current] {
      try connection.run(
        "UPDATE epoch SET seals = (number = ? AND key = ?)", .int(Int64(current)),
        .blob(key.bytes))
    }
    knownKeys = nil
  }

  /// Keeps what the membership log gives this device, and seals with the newest key of that log from now on.
  func takeKeys(of membership: Membership) throws {
    guard membership.isEncrypted, let key else { return }
    // A device that came in by an invite was given its keys by that, and later ones by name.
    try store(membership.keys(of: key), sealingWith: nil)
    // One can be sealed with another.
    var given = 0
    while case let former = membership.keysGivenAgain(to: try keyring()), former.count > given {
      given = former.count
      for one in former { try store([one.epoch: one.key], sealingWith: nil) }
    }
    let newest = try membership.newestKey(among: keyring())
    try keep(newest.map { [membership.epoch: $0] } ?? [:], sealingWith: membership.epoch)
  }

  /// Whether something about members waits for the remote, what it has lost for good included.
  func hasMoreToSayOfMembers() throws -> Bool {
    try connection.transaction {
      if try !membershipRequest().entries.isEmpty { return true }
      return try sayLostAgain()
    }
  }

  /// Says what the remote's log has lost for good, when this device may: first who has which rights; when all of that is settled,
  /// keys that nobody could be given any more. To be called when all that could be given back was.
  ///
  /// - Returns: whether anything was said.
  func sayLostAgain() throws -> Bool {
    let membership = try membership()
    guard membership.role(of: publicKey) == .owner, key != nil else { return false }
    let before = try membershipRequest().entries.count
    try sayRightsAgain(membership)
    let isSettled = try connection.first(
      "SELECT NOT EXISTS (SELECT * FROM membership_unsent WHERE lost = 1)", row: { $0.bool(0) })
    if isSettled == true { try giveKeysAgain(membership) }
    return try membershipRequest().entries.count > before
  }

  /// A statement that shut somebody out is stale where he wrote on meanwhile, because the remote knew nothing of it. It holds
  /// from now on.
  private func sayRightsAgain(_ membership: Membership) throws {
    let lost = try connection.all(
      "SELECT bytes FROM membership_unsent WHERE lost = 1 AND \(Self.isInVain)"
    ) { try MembershipEntry(bytes: $0.blob(0)) }
    for entry in lost.sorted(by: { ($0.time, $0.id) < ($1.time, $1.id) }) {
      try connection.run("DELETE FROM membership_unsent WHERE id = ?", .blob(entry.id.bytes))
      var again: MembershipEntry.Statement?
      switch entry.statement {
      case .revoke(let key, _):
        guard let device = membership.device(key), device.revoked == nil else { break }
        again = .revoke(key: key, heads: try heads(of: [key]))
      case .member(let name, let role, _):
        let member = membership.member(name)
        // Unless somebody gave him another one after that.
        guard member?.role != role, member?.since ?? 0 < entry.time else { break }
        let closed = membership.closed(by: entry.statement)
        again = .member(name: name, role: role, heads: try heads(of: closed))
      default: break
      }
      guard let again else { continue }
      // When he is faster once more, it is said once more.
      let said = try say(again)
      try connection.run(
        "UPDATE membership_unsent SET lost = 1 WHERE id = ?", .blob(said.id.bytes))
    }
  }

  /// Only what the founder of this log gave: keys of another one's are no business of his members.
  private func giveKeysAgain(_ membership: Membership) throws {
    var held = Keyring()
    try connection.forEach("SELECT number, key FROM epoch WHERE foreign_founder = 0", []) {
      held.add(EpochKey(bytes: $0.blob(1)), of: UInt64($0.int(0)), seals: false)
    }
    let unsent = try unsentStatements { if case .formerKeys = $0 { true } else { false } }
    // One at a time: the remote may have its reasons not to take it.
    guard unsent.waiting == 0,
      let statement = try membership.statement(
        givingAgain: held, random: surroundings.randomBytes)
    else { return }
    try say(statement)
  }

  /// What a statement of this device has to give, said after `membership`.
  func grant(
    for statement: MembershipEntry.Statement, to recipient: SealingKey?,
    after membership: Membership
  ) throws -> KeyGrant? {
    guard membership.isEncrypted else { return nil }
    if case .clockBound = statement { return nil }
    // What was said here before may have made a newer one, which is not on its way yet.
    let current = try keyring().current.flatMap { $0.epoch == membership.epoch ? $0.key : nil }
    let newest = try membership.keys(of: signingKey())[membership.epoch]
    guard let key = newest ?? current else { throw ReplicaError.noKeys }
    return try membership.grant(
      for: statement, to: recipient, at: surroundings.now(), holding: key,
      random: surroundings.randomBytes)
  }

  /// What founds the workspace again on a server that lost it: all that is known here of the members, and an invite of our
  /// own for this machine.
  ///
  /// - Parameter invite: what the server's keeper printed.
  /// - Returns: nil when this device is not an owner's.
  public func foundingAgain(_ invite: InviteCode) throws -> [MembershipEntry]? {
    let log = try membership()
    guard log.isEncrypted, log.role(of: publicKey) == .owner, let device = log.device(publicKey)
    else { return nil }
    let inviting = try DeviceKey(seed: invite.secret)
    // A clock that stands at the end of all times must not stop anybody.
    let now = Timestamp(milliseconds: surroundings.now()).milliseconds
    let key = try signingKey()
    let statement = MembershipEntry.Statement.invite(
      member: device.member, key: inviting.publicKey, expires: now + 3_600_000)
    let entry = try MembershipEntry(
      statement, in: log.workspace, after: log.last, at: now,
      giving: grant(for: statement, to: inviting.sealingKey, after: log), signedBy: key)
    return try membershipEntries().map { try MembershipEntry(bytes: $0) } + [entry]
  }

  /// A snapshot as it leaves here: sealed in an encrypted workspace.
  func sign(_ snapshot: Snapshot) throws -> [UInt8] {
    try SignedSnapshot.encode(snapshot, signedBy: signingKey(), seal: keyring().current)
  }

  /// - Throws: ``FormatError``, also for one that is not sealed in an encrypted workspace, or is in another.
  func read(_ bytes: [UInt8]) throws -> SignedSnapshot {
    let keys = try keyring()
    let signed = try SignedSnapshot(decoding: bytes, keys)
    guard (signed.epoch == 0) == (keys.current == nil) else {
      throw FormatError.invalid("a snapshot is sealed where the workspace is encrypted, only there")
    }
    return signed
  }

  /// Whether a body can be read, or cannot for want of its key only.
  func isReadable(_ changeset: Changeset) throws -> Bool {
    do {
      _ = try changeset.decodedBody(keyring())
      return true
    } catch FormatError.sealed { return true } catch is FormatError { return false }
  }
}
