/// How an encrypted workspace begins: said by the first owner's machine, so that its server can say nothing in it.
public struct Founding: Sendable {
  /// In their order: the workspace, its owner, and the invite that the owner's machine comes in with.
  public let entries: [MembershipEntry]
  /// What lets a device of an owner in when all others are lost, any number of times. To be kept on paper.
  public let recovery: InviteCode

  /// - Parameters:
  ///   - invite: from whoever keeps the server (``InviteCode/Encryption/founding(workspace:)``).
  ///   - now: in milliseconds since 1970.
  ///   - random: so many random bytes.
  public init(_ invite: InviteCode, now: UInt64, random: (Int) -> [UInt8]) throws {
    guard case .founding(let name) = invite.encryption else {
      throw FormatError.invalid("this code founds no workspace")
    }
    let recovery = try DeviceKey(seed: random(32))
    let inviting = try DeviceKey(seed: invite.secret)
    let key = EpochKey(bytes: random(EpochKey.size))
    var log = Membership(workspace: invite.workspace)
    var entries: [MembershipEntry] = []
    func say(_ statement: MembershipEntry.Statement, giving grant: KeyGrant?) throws {
      let entry = try MembershipEntry(
        statement, in: invite.workspace, after: log.last, at: now, giving: grant,
        signedBy: recovery)
      try log.append(entry)
      entries.append(entry)
    }
    try say(
      .found(name: name),
      giving: Membership.firstGrant(
        in: invite.workspace, recovery: recovery.sealingKey, key: key))
    try say(.member(name: invite.member, role: .owner, heads: []), giving: nil)
    let statement = MembershipEntry.Statement.invite(
      member: invite.member, key: inviting.publicKey, expires: now + 3_600_000)
    try say(
      statement,
      giving: log.grant(
        for: statement, to: inviting.sealingKey, at: now, holding: key, random: random))
    self.entries = entries
    self.recovery = InviteCode(
      address: invite.address, workspace: invite.workspace, member: invite.member,
      secret: recovery.seed, pin: invite.pin, membershipHead: entries[0].id, encryption: .sealed)
  }
}
