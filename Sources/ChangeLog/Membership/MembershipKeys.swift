/// The keys of an encrypted workspace: who gets them, who holds them.
///
/// At every entry the newest key is sealed to exactly those who may read: what changes who that is begins an epoch.
extension Membership {
  /// From the first entry on, or never.
  public var isEncrypted: Bool { recovery != nil }

  /// The epoch that now lasts; 0 where nothing is encrypted.
  public var epoch: UInt64 { grants.last?.number ?? 0 }

  /// All keys that were given to a device, or to the holder of an invite or of the recovery code.
  public func keys(of device: DeviceKey) -> [UInt64: EpochKey] {
    for grant in grants.reversed() {
      guard let key = grant.opened(by: device, of: workspace) else { continue }
      return keys(upTo: grant.number, key)
    }
    return [:]
  }

  /// Each epoch's key opens the one before.
  private func keys(upTo newest: UInt64, _ key: EpochKey) -> [UInt64: EpochKey] {
    var keys = [newest: key]
    var last = key
    for grant in grants.reversed() where grant.number <= newest && !grant.former.isEmpty {
      guard let key = grant.former(openedWith: last, of: workspace),
        key.commitment == grants.first(where: { $0.number == grant.number - 1 })?.commitment
      else { break }
      keys[grant.number - 1] = key
      last = key
    }
    return keys
  }

  /// What a statement has to give, said after all that is here.
  ///
  /// - Parameters:
  ///   - recipient: of the device or the invite that it lets in.
  ///   - time: of the entry.
  ///   - key: the newest.
  ///   - random: so many random bytes.
  /// - Returns: nil where nothing is encrypted, or nothing is to be given.
  public func grant(
    for statement: MembershipEntry.Statement, to recipient: SealingKey? = nil, at time: UInt64,
    holding key: EpochKey, random: (Int) -> [UInt8]
  ) throws -> KeyGrant? {
    guard isEncrypted else { return nil }
    switch statement {
    case .invite:
      guard let recipient else { return nil }
      return KeyGrant(
        recipient: recipient,
        key: try .init(epoch, key, of: workspace, sealedTo: [recipient]))
    case .device: return KeyGrant(recipient: recipient)
    case .member, .revoke:
      let readers = try recipients(after: statement, at: time)
      guard readers != recipients(at: time) else { return nil }
      return KeyGrant(
        key: try .init(
          epoch + 1, EpochKey(bytes: random(EpochKey.size)), of: workspace, sealedTo: readers,
          former: (key, random(EpochKey.saltSize))))
    case .found, .formerKeys, .clockBound, .other: return nil
    }
  }

  /// What the first entry of an encrypted workspace gives.
  public static func firstGrant(
    in workspace: WorkspaceID, recovery: SealingKey, key: EpochKey
  ) throws -> KeyGrant {
    KeyGrant(recipient: recovery, key: try .init(1, key, of: workspace, sealedTo: [recovery]))
  }

  // MARK: Checking

  func checkFirstGrant(of entry: MembershipEntry) throws(Refusal) {
    guard let grant = entry.grant else { return }
    guard let recipient = grant.recipient, let key = grant.key, key.number == 1,
      key.boxes.keys.elementsEqual([recipient]), key.former.isEmpty
    else { throw .wrongKeys }
  }

  /// Here is what an entry made of `former`: whether it gives what it has to.
  func checkGrant(of entry: MembershipEntry, after former: Membership) throws(Refusal) {
    guard isEncrypted else {
      guard entry.grant == nil else { throw .wrongKeys }
      return
    }
    switch entry.statement {
    case .invite:
      guard let recipient = entry.grant?.recipient, let key = entry.grant?.key,
        key.boxes.keys.elementsEqual([recipient]), key.former.isEmpty
      else { throw .wrongKeys }
      guard key.number == former.epoch, key.commitment == former.grants.last?.commitment else {
        throw .stale
      }
    case .device:
      guard entry.grant?.recipient != nil, entry.grant?.key == nil else { throw .wrongKeys }
    case .found, .member, .revoke, .formerKeys, .clockBound, .other:
      guard entry.grant?.recipient == nil else { throw .wrongKeys }
      let readers = recipients(at: entry.time)
      guard readers != former.recipients(at: entry.time) else {
        guard entry.grant == nil else { throw .stale }
        return
      }
      guard let key = entry.grant?.key, !key.former.isEmpty else { throw .wrongKeys }
      guard key.number == former.epoch + 1, Set(key.boxes.keys) == readers else { throw .stale }
    }
  }
}
