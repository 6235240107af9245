import Testing

@testable import ChangeLog

/// Who belongs to a workspace: what may be said, by whom, and what it does to changesets.
@Suite struct MembershipTests {
  private let workspace = Author.workspace
  private let administrator = try! DeviceKey(seed: Array(repeating: 200, count: 32))

  private func key(_ number: UInt8) throws -> DeviceKey {
    try DeviceKey(seed: Array(repeating: number, count: 32))
  }

  private func entry(
    _ statement: MembershipEntry.Statement, by signer: DeviceKey? = nil, after previous: Digest,
    at time: UInt64 = 10
  ) throws -> MembershipEntry {
    try MembershipEntry(
      statement, in: workspace, after: previous, at: time, signedBy: signer ?? administrator)
  }

  private func say(
    _ statement: MembershipEntry.Statement, by signer: DeviceKey? = nil,
    in membership: inout Membership, at time: UInt64 = 10
  ) throws {
    try membership.append(entry(statement, by: signer, after: membership.last, at: time))
  }

  /// A founded workspace with members and a device each: 1 ann the owner, 2 bob the editor, 3 cleo the reader.
  private func team() throws -> Membership {
    var membership = Membership(workspace: workspace)
    try say(.found(name: "team"), in: &membership)
    for (number, name, role) in [(1, "ann", Role.owner), (2, "bob", .editor), (3, "cleo", .reader)]
    {
      try say(.member(name: name, role: role, heads: []), in: &membership)
      try admit(key(UInt8(number)), of: name, invite: UInt8(100 + number), to: &membership)
    }
    return membership
  }

  private func admit(
    _ device: DeviceKey, of member: String, invite number: UInt8, to membership: inout Membership
  ) throws {
    let invite = try key(number)
    try say(
      .invite(member: member, key: invite.publicKey, expires: 100), in: &membership)
    try say(
      .device(device, named: "laptop", in: workspace, invitedBy: invite), by: invite,
      in: &membership)
  }

  private func head(_ writer: UInt64, _ sequence: UInt64) -> WriterHead {
    WriterHead(writer: WriterID(high: 0, low: writer), sequence: sequence, id: .zero)
  }

  private func refusal(
    _ membership: Membership, _ number: UInt8, _ writer: UInt64, _ sequence: UInt64
  ) throws -> Verdict.Refusal? {
    membership.refusal(
      of: WriterID(high: 0, low: writer), sequence, by: try key(number).publicKey)
  }

  @Test func rolesSayWhoMayWrite() throws {
    let team = try team()
    #expect(team.name == "team" && team.members.map(\.name) == ["ann", "bob", "cleo"])
    #expect(try refusal(team, 1, 9, 1) == nil && refusal(team, 2, 9, 1) == nil)
    #expect(try refusal(team, 3, 9, 1) == .readOnly)
    #expect(try refusal(team, 4, 9, 1) == .notEnrolled)
    #expect(try team.refusal(ofSender: key(3).publicKey) == .readOnly)
    #expect(try team.refusal(ofSender: key(4).publicKey) == .notEnrolled)
  }

  @Test func withoutALogEverybodysChangesCount() throws {
    #expect(try refusal(Membership(workspace: workspace), 7, 1, 1) == nil)
  }

  @Test func nothingIsSealedWhereNobodyWasGivenAKey() throws {
    let team = try team()
    let device = try key(1).publicKey
    let introduction = Introduction(key: device, salt: ID(high: 1, low: 1))
    var header = Header(
      workspace: workspace, writer: introduction.writer, sequence: 1, previous: .zero,
      clock: Timestamp(milliseconds: 1), introduction: introduction)
    #expect(team.refusal(of: header, by: device) == nil)
    header.epoch = 1
    #expect(team.refusal(of: header, by: device) == .malformed)
  }

  @Test func whatWasWrittenBeforeARightEndedCountsAndNothingAfterIt() throws {
    var team = try team()
    try say(.revoke(key: key(2).publicKey, heads: [head(9, 5)]), in: &team)
    #expect(try refusal(team, 2, 9, 5) == nil)
    #expect(try refusal(team, 2, 9, 6) == .notEnrolled)
    // A new name is a new writer: nothing of it was there.
    #expect(try refusal(team, 2, 10, 1) == .notEnrolled)
    #expect(try team.role(of: key(2).publicKey) == nil)
    // A second time changes nothing, not even in favour of the device.
    try say(.revoke(key: key(2).publicKey, heads: [head(9, 50)]), in: &team)
    #expect(try refusal(team, 2, 9, 6) == .notEnrolled)
  }

  @Test func aRoleThatIsGivenBackOpensWhatItClosed() throws {
    var team = try team()
    try say(.member(name: "bob", role: .reader, heads: [head(9, 5)]), in: &team)
    #expect(try refusal(team, 2, 9, 6) == .readOnly)
    try say(.member(name: "bob", role: .editor, heads: []), in: &team)
    #expect(try refusal(team, 2, 9, 6) == nil)
    try say(.member(name: "bob", role: nil, heads: [head(9, 6)]), in: &team)
    #expect(try refusal(team, 2, 9, 6) == nil && refusal(team, 2, 9, 7) == .notEnrolled)
    // A revoked device stays out, whatever its member becomes.
    try say(.revoke(key: key(2).publicKey, heads: []), in: &team)
    try say(.member(name: "bob", role: .owner, heads: []), in: &team)
    #expect(try refusal(team, 2, 9, 7) == .notEnrolled)
  }

  @Test func onlyOwnersAndTheAdministratorSayWhoBelongs() throws {
    let team = try team()
    let eve = try key(66)
    let statements: [MembershipEntry.Statement] = [
      .member(name: "eve", role: .owner, heads: []), .member(name: "ann", role: nil, heads: []),
      .invite(member: "bob", key: eve.publicKey, expires: 100),
      .revoke(key: try key(1).publicKey, heads: []),
    ]
    for statement in statements {
      for signer in [try key(2), try key(3), eve, try key(101)] {
        var other = team
        #expect(throws: Membership.Refusal.notAllowed) {
          try say(statement, by: signer, in: &other)
        }
        #expect(other.head == team.head)
      }
      var other = team
      try say(statement, by: key(1), in: &other)
    }
    // An owner who is no owner any more.
    var later = team
    try say(.member(name: "ann", role: .editor, heads: []), in: &later)
    #expect(throws: Membership.Refusal.notAllowed) {
      try say(statements[0], by: key(1), in: &later)
    }
  }

  @Test func nobodyFoundsAWorkspaceTwice() throws {
    var team = try team()
    #expect(throws: Membership.Refusal.notAllowed) {
      try say(.found(name: "mine"), by: key(1), in: &team)
    }
    var empty = Membership(workspace: workspace)
    #expect(throws: Membership.Refusal.notAllowed) {
      try say(.member(name: "eve", role: .owner, heads: []), in: &empty)
    }
  }

  @Test func anInviteLetsInOneDeviceOnceInItsTime() throws {
    var team = try team()
    let invite = try key(150)
    func device(_ number: UInt8, at time: UInt64, by signer: DeviceKey? = nil) throws {
      let statement = try MembershipEntry.Statement.device(
        key(number), named: "l", in: workspace, invitedBy: invite)
      try say(statement, by: signer ?? invite, in: &team, at: time)
    }
    #expect(throws: Membership.Refusal.inviteUnknown) { try device(20, at: 10) }
    try say(.invite(member: "bob", key: invite.publicKey, expires: 100), in: &team)
    #expect(throws: Membership.Refusal.inviteExpired) { try device(20, at: 101) }
    // The administrator cannot do it alone: the device's own word is for this invite.
    #expect(throws: Membership.Refusal.inviteUnknown) {
      try device(20, at: 10, by: administrator)
    }
    #expect(throws: Membership.Refusal.keyTaken) { try device(1, at: 10) }
    try device(20, at: 100)
    #expect(try team.role(of: key(20).publicKey) == .editor)
    #expect(throws: Membership.Refusal.inviteUsed) { try device(21, at: 10) }
    #expect(throws: Membership.Refusal.keyTaken) {
      try say(.invite(member: "bob", key: invite.publicKey, expires: 900), in: &team)
    }
  }

  @Test func aDeviceThatHasNotGotTheKeyDoesNotTakeItsName() throws {
    var team = try team()
    let invite = try key(150)
    try say(.invite(member: "bob", key: invite.publicKey, expires: 100), in: &team)
    let honest = try MembershipEntry.Statement.device(
      key(20), named: "l", in: workspace, invitedBy: invite)
    guard case .device(_, let name, let proof) = honest else { return }
    let stolen = MembershipEntry.Statement.device(
      key: try key(21).publicKey, name: name, proof: proof)
    #expect(throws: Membership.Refusal.badSignature) { try say(stolen, by: invite, in: &team) }
  }

  @Test func entriesAreTakenOnceAfterTheirCausesWithAGoodSignature() throws {
    let team = try team()
    let good = try entry(.member(name: "dora", role: .editor, heads: []), after: team.last)
    var other = team
    var bytes = good.bytes
    bytes[bytes.count - 1] ^= 1
    #expect(throws: Membership.Refusal.badSignature) {
      try other.append(MembershipEntry(bytes: bytes))
    }
    let early = try entry(
      .member(name: "dora", role: .editor, heads: []), after: Digest(of: [1]))
    #expect(throws: Membership.Refusal.unknownCause) { try other.append(early) }
    try other.append(good)
    #expect(throws: Membership.Refusal.known) { try other.append(good) }
    var elsewhere = Membership(workspace: WorkspaceID(high: 8, low: 8))
    #expect(throws: Membership.Refusal.otherWorkspace) { try elsewhere.append(good) }
  }

  @Test func everyDamagedByteOfAnEntryIsRefused() throws {
    var team = try team()
    let invite = try key(150)
    let entries = [
      try entry(
        .member(name: "dora", role: .reader, heads: [head(1, 2), head(3, 4)]), after: team.last),
      try entry(.invite(member: "bob", key: invite.publicKey, expires: 9), after: team.last),
      try entry(.revoke(key: key(2).publicKey, heads: [head(1, 2)]), after: team.last),
      try entry(.other(code: 99, [1, 2, 3]), after: team.last),
    ]
    for entry in entries {
      #expect(try MembershipEntry(bytes: entry.bytes) == entry)
      for place in entry.bytes.indices {
        var bytes = entry.bytes
        bytes[place] ^= 1 << UInt8(place % 8)
        guard let changed = try? MembershipEntry(bytes: bytes) else { continue }
        var other = team
        #expect(throws: Membership.Refusal.self, "byte \(place)") { try other.append(changed) }
      }
      for count in entry.bytes.indices {
        #expect(throws: FormatError.self) {
          try MembershipEntry(bytes: Array(entry.bytes.prefix(count)))
        }
      }
    }
    // What may be skipped is kept and changes nobody's rights; what may not is not read.
    try team.append(entries[3])
    #expect(throws: FormatError.self) { try entry(.other(code: 9, []), after: team.last) }
  }

  // MARK: Clocks

  @Test func ownersSayHowLateAClockCounts() throws {
    var membership = try team()
    let places = Set(
      (1...3).map { ClockBounds.Place(writer: WriterID(high: 1, low: 1), sequence: $0) })
    let change = ChangeID(writer: WriterID(high: 1, low: 1), sequence: 2, index: 4)
    func bound(_ milliseconds: UInt64) -> MembershipEntry.Statement {
      .clockBound(ClockBound(places, latest: Timestamp(milliseconds: milliseconds)))
    }
    for number: UInt8 in [2, 3] {
      #expect(throws: Membership.Refusal.notAllowed) {
        try say(bound(50), by: key(number), in: &membership)
      }
    }
    try say(bound(50), by: key(1), in: &membership)
    #expect(try MembershipEntry(bytes: entry(bound(50), after: .zero).bytes).statement == bound(50))
    // Of two the earlier one, whatever comes first.
    try say(bound(70), in: &membership)
    #expect(
      membership.clockBounds.clock(of: change, saying: Timestamp(milliseconds: 99)).milliseconds
        == 50)
    try say(bound(20), in: &membership)
    #expect(
      membership.clockBounds.clock(of: change, saying: Timestamp(milliseconds: 99)).milliseconds
        == 20)
    // A clock is not made later by it.
    #expect(
      membership.clockBounds.clock(of: change, saying: Timestamp(milliseconds: 3)).milliseconds
        == 3)
  }

  /// What cannot be read as a statement that may be skipped is skipped.
  @Test func aBoundThatCannotBeReadIsSkipped() throws {
    var membership = try team()
    try say(.other(code: 65, [1, 2, 3]), in: &membership)
    #expect(membership.clockBounds.isEmpty)
    let read = try MembershipEntry(bytes: entry(.other(code: 65, [1]), after: .zero).bytes)
    #expect(read.statement == .other(code: 65, [1]))
  }
}
