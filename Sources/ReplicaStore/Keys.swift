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
        "INSERT OR IGNORE INTO epoch VALUES (?, ?, 0)", .int(Int64(epoch)), .blob(key.bytes))
    }
    if let current, let key = keys[current] {
      try connection.run(
        "UPDATE epoch SET seals = (number = ? AND key = ?)", .int(Int64(current)),
        .blob(key.bytes))
    }
    knownKeys = nil
  }

  /// Keeps what the membership log gives this device.
  func takeKeys(of membership: Membership) throws {
    guard membership.isEncrypted, let key else { return }
    // A device that came in by an invite was given its keys by that, and later ones by name.
    let keys = membership.keys(of: key)
    guard !keys.isEmpty else { return }
    try keep(keys, sealingWith: membership.epoch)
  }

  /// What a statement of this device has to give, said after `membership`.
  func grant(
    for statement: MembershipEntry.Statement, to recipient: SealingKey?,
    after membership: Membership
  ) throws -> KeyGrant? {
    guard membership.isEncrypted else { return nil }
    guard let key = try keyring().current?.key else { throw ReplicaError.noKeys }
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
    let now = surroundings.now()
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
