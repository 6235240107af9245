/// Who belongs to a workspace: what the entries of its membership log amount to, each of them checked.
///
/// The order of the log decides; the same entries give everybody the same members. What a device may have written is
/// told by writer and number, so it does not matter when or by which way a changeset comes.
public struct Membership: Sendable {
  public let workspace: WorkspaceID
  /// How many entries there are, and the hash over their names, as with the log of changesets (3.1 of the protocol).
  public private(set) var head = Head()
  /// What the founder called the workspace.
  public private(set) var name = ""
  /// Who may say who belongs to it, besides the owners' devices; nil before the first entry.
  public private(set) var administrator: PublicKey?
  /// In the order in which they were first named.
  public private(set) var members: [Member] = []
  /// In the order in which they came in.
  public private(set) var devices: [Device] = []
  private var invites: [PublicKey: Invite] = [:]
  /// In an encrypted workspace what is sealed to whoever holds the recovery code.
  var recovery: SealingKey?
  /// The keys given so far, in their order.
  var grants: [KeyGrant.Epoch] = []
  private(set) var formerKeys: [FormerKeys] = []
  public private(set) var clockBounds = ClockBounds()
  /// The names of all entries, in their order.
  private var ids: [Digest] = []
  private var places: [Digest: Int] = [:]

  public struct Head: Hashable, Sendable {
    public var count = 0
    public var hash = Digest.zero

    public init(count: Int = 0, hash: Digest = .zero) {
      self.count = count
      self.hash = hash
    }
  }

  /// A person.
  public struct Member: Hashable, Sendable {
    public let name: String
    /// nil for one who is shut out.
    public fileprivate(set) var role: Role?
    /// The role before that, for one who is shut out.
    public fileprivate(set) var formerRole: Role
    /// Since when, in milliseconds since 1970.
    public fileprivate(set) var since: UInt64
  }

  /// A machine of a member, with its own key.
  public struct Device: Hashable, Sendable {
    public let key: PublicKey
    public let member: String
    public fileprivate(set) var name: String
    /// When it came in, in milliseconds since 1970.
    public let since: UInt64
    /// Since when it is shut out, in milliseconds since 1970.
    public fileprivate(set) var revoked: UInt64?
    /// Of each of its writers the last changeset that counts; nil while it may write.
    public fileprivate(set) var limit: [WriterID: UInt64]?
    /// With what keys are sealed to it; nil in a workspace that is not encrypted.
    let recipient: SealingKey?
  }

  private struct Invite {
    let member: String
    let expires: UInt64
    /// With what keys are sealed to whoever holds it; nil in a workspace that is not encrypted.
    let recipient: SealingKey?
    var isUsed = false
  }

  /// Why an entry is not taken.
  public enum Refusal: UInt8, Error, Sendable {
    case malformed = 1
    case otherWorkspace = 2
    case badSignature = 3
    /// An entry that it was said after is not here.
    case unknownCause = 4
    /// The signer may not say that.
    case notAllowed = 5
    case unknownMember = 6
    case unknownDevice = 7
    /// The device's key belongs to another member, or was revoked.
    case keyTaken = 8
    case inviteUnknown = 9
    case inviteUsed = 10
    case inviteExpired = 11
    /// It is here already.
    case known = 12
    /// A device wrote more than the statement knows of, or others may read, or by another key.
    case stale = 13
    /// It does not give the keys that it has to, or gives some that it must not.
    case wrongKeys = 14
  }

  public init(workspace: WorkspaceID) { self.workspace = workspace }

  public var isEmpty: Bool { head.count == 0 }

  /// The name of the last entry; zero when there is none.
  public var last: Digest { ids.last ?? .zero }

  public func contains(_ entry: Digest) -> Bool { places[entry] != nil }

  /// The running hash after so many entries; nil when there are not so many.
  public func hash(at count: Int) -> Digest? {
    guard (0...ids.count).contains(count) else { return nil }
    return ids.prefix(count).reduce(Digest.zero) { $0.followed(by: $1) }
  }

  public func member(_ name: String) -> Member? {
    members.first { $0.name.utf8.elementsEqual(name.utf8) }
  }

  public func device(_ key: PublicKey) -> Device? { devices.first { $0.key == key } }

  /// What a device may do now; nil when it is shut out, or none of ours.
  public func role(of key: PublicKey) -> Role? {
    guard let device = device(key), device.revoked == nil else { return nil }
    return member(device.member)?.role
  }

  /// The end of an invite, by its key, in milliseconds since 1970.
  public func expiry(ofInvite key: PublicKey) -> UInt64? { invites[key]?.expires }

  /// Whose device an invite lets in.
  public func member(ofInvite key: PublicKey) -> String? { invites[key]?.member }

  // MARK: Changesets

  /// Whether a changeset of a device counts; nil when it does. Before the first entry everybody's does.
  public func refusal(of header: Header, by key: PublicKey) -> Verdict.Refusal? {
    // What is sealed where nobody has a key could be read by nobody, what is not sealed elsewhere by everybody.
    guard isEmpty || isEncrypted == (header.epoch != 0) else { return .malformed }
    return refusal(of: header.writer, header.sequence, by: key)
  }

  func refusal(
    of writer: WriterID, _ sequence: UInt64, by key: PublicKey
  ) -> Verdict.Refusal? {
    guard !isEmpty else { return nil }
    guard let device = device(key) else { return .notEnrolled }
    guard let limit = device.limit, sequence > limit[writer] ?? 0 else { return nil }
    return role(of: key) == .reader ? .readOnly : .notEnrolled
  }

  /// Whether a device may bring changesets of others, or a snapshot; nil when it may.
  public func refusal(ofSender key: PublicKey) -> Verdict.Refusal? {
    guard !isEmpty else { return nil }
    guard let role = role(of: key) else { return .notEnrolled }
    return role == .reader ? .readOnly : nil
  }

  // MARK: Entries

  /// Adds an entry, when it is one that may come next.
  ///
  /// - Parameter isTrusted: it was checked when it came: its signatures are not looked at again.
  public mutating func append(
    _ entry: MembershipEntry, isTrusted: Bool = false
  ) throws(Refusal) {
    guard entry.workspace == workspace else { throw .otherWorkspace }
    let id = entry.id
    guard places[id] == nil else { throw .known }
    guard entry.previous == .zero ? isEmpty : places[entry.previous] != nil else {
      throw .unknownCause
    }
    if case .found(let name) = entry.statement {
      guard isEmpty else { throw .notAllowed }
      try checkFirstGrant(of: entry)
      guard isTrusted || entry.isSigned else { throw .badSignature }
      (self.name, administrator) = (name, entry.signer)
      recovery = entry.grant?.recipient
    } else {
      // The cheap questions first: a signature costs.
      try mayBeSaid(entry)
      guard isTrusted || entry.isSigned else { throw .badSignature }
      if isTrusted {
        try apply(entry, isTrusted: true)
      } else {
        var next = self
        try next.apply(entry, isTrusted: false)
        try next.checkGrant(of: entry, after: self)
        self = next
      }
    }
    if let key = entry.grant?.key { grants.append(key) }
    places[id] = ids.count
    ids.append(id)
    head = Head(count: ids.count, hash: head.hash.followed(by: id))
  }

  private func mayBeSaid(_ entry: MembershipEntry) throws(Refusal) {
    if case .device = entry.statement {
      if isRecovery(entry) { return }
      guard let invite = invites[entry.signer] else { throw .inviteUnknown }
      guard !invite.isUsed else { throw .inviteUsed }
      guard entry.time <= invite.expires else { throw .inviteExpired }
      return
    }
    guard entry.signer == administrator || role(of: entry.signer) == .owner else {
      throw .notAllowed
    }
  }

  /// Whether an invite has the newest key to give. Whoever changed the key last may have had another clock, and held the invite
  /// for over: a device that came in by it could not read.
  public func givesNewestKey(invite key: PublicKey) -> Bool {
    guard isEncrypted, let invite = invites[key] else { return true }
    guard let recipient = invite.recipient else { return false }
    return grants.contains { $0.number == epoch && $0.boxes[recipient] != nil }
  }

  private mutating func apply(_ entry: MembershipEntry, isTrusted: Bool) throws(Refusal) {
    switch entry.statement {
    case .found, .other: break
    // Who does not know them takes them too: nobody refuses them.
    case .formerKeys(let keys): if isEncrypted { formerKeys.append(keys) }
    case .clockBound(let bound):
      for place in bound.places { clockBounds.add(place, bound.latest) }
    case .member, .revoke: try change(entry.statement, at: entry.time)
    case .invite(let member, let key, let expires):
      guard self.member(member)?.role != nil else { throw .unknownMember }
      guard invites[key] == nil, device(key) == nil, key != administrator else { throw .keyTaken }
      invites[key] = Invite(
        member: member, expires: expires, recipient: entry.grant?.recipient)
    case .device(let key, let name, let proof):
      try admit(key, name, proof, entry, isTrusted: isTrusted)
    }
  }

  /// What says that somebody has other rights than before.
  private mutating func change(
    _ statement: MembershipEntry.Statement, at time: UInt64
  ) throws(Refusal) {
    switch statement {
    case .member(let name, let role, let heads): set(role, of: name, heads, at: time)
    case .revoke(let key, let heads):
      guard let place = devices.firstIndex(where: { $0.key == key }) else { throw .unknownDevice }
      guard devices[place].revoked == nil else { break }
      devices[place].revoked = time
      close(place, heads)
    default: break
    }
  }

  private mutating func admit(
    _ key: PublicKey, _ name: String, _ proof: [UInt8], _ entry: MembershipEntry, isTrusted: Bool
  ) throws(Refusal) {
    let member = try memberLetIn(by: entry)
    let recipient = entry.grant?.recipient
    let words = MembershipEntry.Statement.proof(
      of: key, in: workspace, invitedBy: entry.signer, recipient: recipient)
    guard isTrusted || key.verify(signature: proof, of: words) else { throw .badSignature }
    guard let role = member.role else { throw .unknownMember }
    if let place = devices.firstIndex(where: { $0.key == key }) {
      // It lost its token, and comes again.
      guard devices[place].member == member.name, devices[place].revoked == nil,
        devices[place].recipient == recipient
      else { throw .keyTaken }
      devices[place].name = name
    } else {
      guard key != administrator, invites[key] == nil else { throw .keyTaken }
      devices.append(
        Device(
          key: key, member: member.name, name: name, since: entry.time,
          limit: role == .reader ? [:] : nil, recipient: recipient))
    }
    invites[entry.signer]?.isUsed = true
  }

  /// The recovery code of an encrypted workspace is an invite that is always good, for a device of an owner.
  private func isRecovery(_ entry: MembershipEntry) -> Bool {
    isEncrypted && entry.signer == administrator
  }

  private func memberLetIn(by entry: MembershipEntry) throws(Refusal) -> Member {
    if isRecovery(entry) {
      guard let owner = members.first(where: { $0.role == .owner }) else { throw .unknownMember }
      return owner
    }
    guard let invite = invites[entry.signer] else { throw .inviteUnknown }
    guard let member = member(invite.member) else { throw .unknownMember }
    return member
  }

  private mutating func set(
    _ role: Role?, of name: String, _ heads: [WriterHead], at time: UInt64
  ) {
    if let place = members.firstIndex(where: { $0.name.utf8.elementsEqual(name.utf8) }) {
      members[place].since = time
      members[place].role = role
      if let role { members[place].formerRole = role }
    } else {
      members.append(
        Member(name: name, role: role, formerRole: role ?? .reader, since: time))
    }
    let mayWrite = role == .owner || role == .editor
    for place in devices.indices where devices[place].member.utf8.elementsEqual(name.utf8) {
      if !mayWrite {
        close(place, heads)
      } else if devices[place].revoked == nil {
        devices[place].limit = nil
      }
    }
  }

  /// From now on nothing counts that a device wrote beyond these heads. An earlier limit stays.
  private mutating func close(_ place: Int, _ heads: [WriterHead]) {
    guard devices[place].limit == nil else { return }
    devices[place].limit = Dictionary(
      heads.map { ($0.writer, $0.sequence) }, uniquingKeysWith: max)
  }

  /// What the keys of an encrypted workspace are sealed with: for its devices, its open invites, the recovery code.
  ///
  /// - Parameter time: in milliseconds since 1970; invites that have ended get nothing.
  func recipients(at time: UInt64) -> Set<SealingKey> {
    let devices = devices.filter { $0.revoked == nil && member($0.member)?.role != nil }
    let invites = invites.values.filter {
      !$0.isUsed && $0.expires >= time && member($0.member)?.role != nil
    }
    return Set(
      devices.compactMap(\.recipient) + invites.compactMap(\.recipient)
        + (recovery.map { [$0] } ?? []))
  }

  func recipients(
    after statement: MembershipEntry.Statement, at time: UInt64
  ) throws(Refusal) -> Set<SealingKey> {
    var next = self
    try next.change(statement, at: time)
    return next.recipients(at: time)
  }

  /// The devices that may write now and could not after a statement.
  public func closed(by statement: MembershipEntry.Statement) -> [PublicKey] {
    switch statement {
    case .revoke(let key, _): devices.filter { $0.key == key && $0.limit == nil }.map(\.key)
    case .member(let name, let role, _) where role == nil || role == .reader:
      devices.filter { $0.member.utf8.elementsEqual(name.utf8) && $0.limit == nil }.map(\.key)
    default: []
    }
  }
}
