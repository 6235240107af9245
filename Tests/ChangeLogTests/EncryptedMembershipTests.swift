import Testing

@testable import ChangeLog

/// Who can read an encrypted workspace: at every entry of its log the newest key is sealed to exactly those who may.
@Suite struct EncryptedMembershipTests {
  private let recovery = Team.key(200)

  @Test func everyKeyIsSealedToThoseWhoMayReadAndNobodyElse() throws {
    var team = try Team()
    #expect(team.log.isEncrypted && team.log.epoch == 1)
    #expect(team.log.keys(of: Team.key(102)).count == 1)
    #expect(team.log.keys(of: Team.key(66)).isEmpty)
    // Bob is out: what follows is for ann, for cleo's open invite and for the recovery code.
    try team.say(.revoke(key: Team.key(2).publicKey, heads: []))
    #expect(team.log.epoch == 2)
    for reader in [Team.key(1), Team.key(103), recovery] {
      #expect(team.log.keys(of: reader) == [1: Team.first, 2: team.newest])
    }
    #expect(team.log.keys(of: Team.key(2)).isEmpty)
    // Whoever comes later can read what was before.
    try team.invite("dora", 104)
    try team.join(Team.key(4), with: Team.key(104))
    #expect(team.log.keys(of: Team.key(104)) == [1: Team.first, 2: team.newest])
    try team.say(.member(name: "cleo", role: nil, heads: []))
    #expect(team.log.keys(of: Team.key(4)).keys.sorted() == [1, 2, 3])
    #expect(team.log.keys(of: Team.key(103)).keys.sorted() == [1, 2])
  }

  @Test func whoIsShutOutIsNeverGivenAKey() throws {
    let team = try Team()
    let revoke = MembershipEntry.Statement.revoke(key: Team.key(2).publicKey, heads: [])
    let right = try #require(try team.grant(for: revoke))
    let all = team.log.recipients(at: 10)
    func refusal(_ change: (inout KeyGrant) throws -> Void) throws -> Membership.Refusal? {
      var grant = right
      try change(&grant)
      return team.refusal(of: revoke, giving: grant)
    }
    #expect(team.refusal(of: revoke, giving: nil) == .wrongKeys)
    #expect(
      try refusal {
        $0.key = nil
        $0.recipient = Team.key(2).sealingKey
      } == .wrongKeys)
    #expect(try refusal { $0.recipient = Team.key(2).sealingKey } == .wrongKeys)
    #expect(try refusal { $0.key?.former = [] } == .wrongKeys)
    #expect(try refusal { $0.key?.number = 3 } == .stale)
    #expect(try refusal { $0.key?.number = 1 } == .stale)
    // The one who goes, too; one who stays, not; somebody else, too.
    #expect(try refusal { $0.key = try team.epoch(2, to: all) } == .stale)
    #expect(try refusal { $0.key?.boxes[Team.key(1).sealingKey] = nil } == .stale)
    #expect(
      try refusal {
        $0.key = try team.epoch(2, to: right.key!.boxes.keys + [Team.key(66).sealingKey])
      }
        == .stale)
    #expect(team.refusal(of: revoke, giving: right) == nil)
  }

  @Test func aKeyChangesWithWhoMayReadAndNotOtherwise() throws {
    var team = try Team()
    try team.say(.member(name: "bob", role: .reader, heads: []))
    try team.say(.member(name: "eve", role: .editor, heads: []))
    #expect(team.log.epoch == 1)
    let needless = KeyGrant(key: try team.epoch(2, to: team.log.recipients(at: 10)))
    #expect(
      team.refusal(of: .member(name: "bob", role: .editor, heads: []), giving: needless) == .stale)
    try team.say(.member(name: "bob", role: nil, heads: []))
    #expect(team.log.epoch == 2 && team.log.keys(of: Team.key(2)).isEmpty)
    // Back again, his device is sealed to again, and learns what was meanwhile.
    try team.say(.member(name: "bob", role: .editor, heads: []))
    #expect(team.log.keys(of: Team.key(2)).keys.sorted() == [1, 2, 3])
    // Twice revoked is revoked.
    try team.say(.revoke(key: Team.key(2).publicKey, heads: []))
    try team.say(.revoke(key: Team.key(2).publicKey, heads: []))
    #expect(team.log.epoch == 4)
  }

  @Test func anInviteGivesTheNewestKeyToItsHolderAlone() throws {
    let team = try Team()
    let invite = Team.key(105)
    let statement = MembershipEntry.Statement.invite(
      member: "ann", key: invite.publicKey, expires: 100)
    let right = try #require(try team.grant(for: statement, to: invite.sealingKey))
    func refusal(_ change: (inout KeyGrant) throws -> Void) throws -> Membership.Refusal? {
      var grant = right
      try change(&grant)
      return team.refusal(of: statement, giving: grant)
    }
    #expect(team.refusal(of: statement, giving: nil) == .wrongKeys)
    #expect(try refusal { $0.key = nil } == .wrongKeys)
    #expect(try refusal { $0.recipient = nil } == .wrongKeys)
    #expect(try refusal { $0.recipient = Team.key(66).sealingKey } == .wrongKeys)
    #expect(try refusal { $0.key?.number = 2 } == .stale)
    #expect(try refusal { $0.key?.commitment = .zero } == .stale)
    #expect(team.refusal(of: statement, giving: right) == nil)
  }

  @Test func invitesThatAreUsedOrOverGetNoMoreKeys() throws {
    var team = try Team()
    try team.invite("bob", 106, expires: 15)
    let readers = team.log.recipients(at: 20)
    #expect(!readers.contains(Team.key(106).sealingKey))
    #expect(!readers.contains(Team.key(102).sealingKey))
    #expect(readers.contains(Team.key(103).sealingKey))
    try team.say(.revoke(key: Team.key(2).publicKey, heads: []), at: 20)
    #expect(team.log.keys(of: Team.key(106)).keys.sorted() == [1])
  }

  /// By the clock of the one who changed the key the invite was over; by that of the newcomer it is not.
  @Test func nobodyComesInWithoutTheNewestKey() throws {
    var team = try Team()
    try team.say(.revoke(key: Team.key(2).publicKey, heads: []), at: 101)
    #expect(!team.log.givesNewestKey(invite: Team.key(103).publicKey))
    try team.invite("cleo", 104)
    #expect(team.log.givesNewestKey(invite: Team.key(104).publicKey))
    try team.join(Team.key(3), with: Team.key(104))
    #expect(team.log.keys(of: Team.key(104)).keys.sorted() == [1, 2])
  }

  @Test func theRecoveryCodeLetsAnOwnersDeviceInWhenAllOthersAreLost() throws {
    var team = try Team()
    try team.say(.revoke(key: Team.key(2).publicKey, heads: []))
    for number: UInt8 in [7, 8] {
      try team.join(Team.key(number), with: recovery)
      #expect(team.log.role(of: Team.key(number).publicKey) == .owner)
    }
    #expect(team.log.keys(of: recovery).keys.sorted() == [1, 2])
    // A device that shows another key for its secrets than it signed for is none.
    let device = Team.key(9)
    let statement = try MembershipEntry.Statement.device(
      device, named: "laptop", in: Team.workspace, invitedBy: recovery, isEncrypted: true)
    let other = KeyGrant(recipient: Team.key(66).sealingKey)
    #expect(team.refusal(of: statement, giving: other, by: recovery) == .badSignature)
    #expect(team.refusal(of: statement, giving: nil, by: recovery) == .badSignature)
  }

  @Test func aKeyThatIsNotTheOneAllHaveIsNotTaken() throws {
    var team = try Team()
    let revoke = MembershipEntry.Statement.revoke(key: Team.key(2).publicKey, heads: [])
    var grant = try #require(try team.grant(for: revoke))
    let other = try KeyGrant.Epoch(
      2, EpochKey(bytes: Array(9..<41)), of: Team.workspace, sealedTo: [Team.key(1).sealingKey])
    grant.key?.boxes[Team.key(1).sealingKey] = other.boxes[Team.key(1).sealingKey]
    try team.say(revoke, giving: grant)
    #expect(team.log.keys(of: Team.key(1)).isEmpty)
    #expect(team.log.keys(of: recovery).count == 2)
  }

  /// A server was set back and an epoch lost; an owner has its key, and gives it to all who have the newest.
  @Test func aKeyThatTheLogHasLostIsGivenAgain() throws {
    var team = try Team()
    let lost = EpochKey(bytes: Array(60..<92))
    func held(_ keys: [UInt64: EpochKey]) -> Keyring {
      var ring = Keyring()
      for (epoch, key) in keys { ring.add(key, of: epoch, seals: epoch == keys.keys.max()) }
      return ring
    }
    var owners = held([1: Team.first])
    #expect(team.log.keysToGiveAgain(of: owners).isEmpty)
    owners.add(lost, of: 2, seals: false)
    #expect(team.log.keysToGiveAgain(of: owners).map(\.epoch) == [2])
    let statement = try #require(
      try team.log.statement(givingAgain: owners, random: { Array(repeating: 9, count: $0) }))
    try team.say(statement, giving: nil)
    #expect(team.log.keysToGiveAgain(of: owners).isEmpty)
    #expect(try team.log.statement(givingAgain: owners, random: { _ in [] }) == nil)
    #expect(team.log.keysGivenAgain(to: held([1: Team.first])).map(\.key) == [lost])
    #expect(team.log.keysGivenAgain(to: held([1: lost])).isEmpty)
    // Whoever comes later has it too, and who was out before has not.
    try team.say(.revoke(key: Team.key(2).publicKey, heads: []))
    try team.invite("dora", 104)
    try team.join(Team.key(4), with: Team.key(104))
    let later = held(team.log.keys(of: Team.key(104)))
    #expect(team.log.epoch == 2 && team.log.keysGivenAgain(to: later).map(\.key) == [lost])
    // An editor says it in vain, and it gives nobody a right.
    let entry = try team.entry(statement, giving: nil, by: Team.key(2))
    #expect(throws: Membership.Refusal.notAllowed) { try team.log.append(entry) }
  }

  @Test func whereNothingIsEncryptedNobodyIsGivenKeys() throws {
    var log = Membership(workspace: Team.workspace)
    try log.append(
      MembershipEntry(
        .found(name: "plain"), in: Team.workspace, after: .zero, at: 10, signedBy: recovery))
    let entry = try MembershipEntry(
      .member(name: "ann", role: .owner, heads: []), in: Team.workspace, after: log.last, at: 10,
      giving: KeyGrant(recipient: recovery.sealingKey), signedBy: recovery)
    #expect(throws: Membership.Refusal.wrongKeys) { try log.append(entry) }
    #expect(!log.isEncrypted && log.epoch == 0 && log.keys(of: recovery).isEmpty)
  }

  @Test func noByteOfAnEntryCanBeAnother() throws {
    let team = try Team()
    let revoke = MembershipEntry.Statement.revoke(key: Team.key(2).publicKey, heads: [])
    let entry = try team.entry(revoke, giving: team.grant(for: revoke))
    #expect(try MembershipEntry(bytes: entry.bytes) == entry)
    for place in entry.bytes.indices {
      var changed = entry.bytes
      changed[place] ^= 1
      guard let read = try? MembershipEntry(bytes: changed) else { continue }
      var log = team.log
      #expect(throws: Membership.Refusal.self) { try log.append(read) }
    }
    for size in entry.bytes.indices {
      #expect(throws: FormatError.self) { try MembershipEntry(bytes: Array(entry.bytes[..<size])) }
    }
  }
}

/// Ann the owner with device 1, bob the editor with 2; cleo the reader has an open invite, 103.
private struct Team {
  static let workspace = Author.workspace
  static let first = EpochKey(bytes: Array(0..<32))
  var log = Membership(workspace: Self.workspace)
  /// What ann's device holds.
  private(set) var newest = Self.first

  static func key(_ number: UInt8) -> DeviceKey {
    try! DeviceKey(seed: Array(repeating: number, count: 32))
  }

  init() throws {
    let recovery = Self.key(200)
    try say(
      .found(name: "team"),
      giving: Membership.firstGrant(
        in: Self.workspace, recovery: recovery.sealingKey, key: Self.first), by: recovery)
    try say(.member(name: "ann", role: .owner, heads: []), giving: nil, by: recovery)
    try join(Self.key(1), with: recovery)
    for (name, role) in [("bob", Role.editor), ("cleo", .reader), ("dora", .editor)] {
      try say(.member(name: name, role: role, heads: []))
    }
    try invite("bob", 102)
    try join(Self.key(2), with: Self.key(102))
    try invite("cleo", 103)
  }

  func entry(
    _ statement: MembershipEntry.Statement, giving grant: KeyGrant?, by signer: DeviceKey? = nil,
    at time: UInt64 = 10
  ) throws -> MembershipEntry {
    try MembershipEntry(
      statement, in: Self.workspace, after: log.last, at: time, giving: grant,
      signedBy: signer ?? Self.key(1))
  }

  mutating func say(
    _ statement: MembershipEntry.Statement, giving grant: KeyGrant?, by signer: DeviceKey? = nil,
    at time: UInt64 = 10
  ) throws {
    let entry = try entry(statement, giving: grant, by: signer, at: time)
    try log.append(MembershipEntry(bytes: entry.bytes))
  }

  /// Says it as ann, with what has to be given.
  mutating func say(_ statement: MembershipEntry.Statement, at time: UInt64 = 10) throws {
    try say(statement, giving: grant(for: statement, at: time), at: time)
    newest = log.keys(of: Self.key(1))[log.epoch] ?? newest
  }

  func grant(
    for statement: MembershipEntry.Statement, to recipient: SealingKey? = nil, at time: UInt64 = 10
  ) throws -> KeyGrant? {
    try log.grant(
      for: statement, to: recipient, at: time, holding: newest,
      random: { Array(repeating: UInt8(log.epoch) + 50, count: $0) })
  }

  func epoch(_ number: UInt64, to recipients: some Sequence<SealingKey>) throws -> KeyGrant.Epoch {
    try KeyGrant.Epoch(
      number, EpochKey(bytes: Array(9..<41)), of: Self.workspace, sealedTo: recipients,
      former: (newest, Array(repeating: 1, count: EpochKey.saltSize)))
  }

  mutating func invite(_ member: String, _ number: UInt8, expires: UInt64 = 100) throws {
    let invite = Self.key(number)
    let statement = MembershipEntry.Statement.invite(
      member: member, key: invite.publicKey, expires: expires)
    try say(statement, giving: grant(for: statement, to: invite.sealingKey))
  }

  mutating func join(_ device: DeviceKey, with invite: DeviceKey) throws {
    try say(
      .device(device, named: "laptop", in: Self.workspace, invitedBy: invite, isEncrypted: true),
      giving: KeyGrant(recipient: device.sealingKey), by: invite)
  }

  /// Why an entry would not be taken; nil when it would.
  func refusal(
    of statement: MembershipEntry.Statement, giving grant: KeyGrant?, by signer: DeviceKey? = nil
  ) -> Membership.Refusal? {
    var log = log
    do {
      try log.append(entry(statement, giving: grant, by: signer))
      return nil
    } catch { return error as? Membership.Refusal }
  }
}
