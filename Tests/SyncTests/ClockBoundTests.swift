import ChangeLog
import ReplicaStore
import SQLite
import Testing

/// A clock that is years ahead decides for no longer than until somebody who may say so has noticed.
struct ClockBoundTests {
  private let team: MembershipTeam
  private let ann: MembershipMachine
  private let bob: MembershipMachine
  private let cleo: MembershipMachine
  private let field: FieldNumber = 1
  private let note = EntityID(high: 1, low: 7)
  private static let now: UInt64 = 100_000
  private static let far = now + 10 * 365 * 86_400_000

  init() async throws {
    team = try MembershipTeam()
    ann = try team.machine("ann")
    bob = try team.machine("bob")
    cleo = try team.machine("cleo")
    for one in [ann, bob, cleo] { try await one.sync() }
  }

  private func put(_ text: String, by machine: MembershipMachine, replacing: [ChangeID] = []) throws
  {
    try machine.replica.commit(
      "set",
      [Operation(entity: note, kind: 1, .put(field, .text(Text(text)), replacing: replacing))])
  }

  private func shown(by machine: MembershipMachine) throws -> Value? {
    try machine.replica.state(of: note).map(machine.replica.displayed)?[field]?.shown
  }

  /// Bob's clock is ahead, cleo writes after he was heard of.
  private func quarrel() async throws {
    bob.clock = Self.far
    cleo.clock = Self.now + 5000
    try put("of ann", by: ann)
    try put("of bob", by: bob)
    try await bob.sync()
    try await ann.sync()
    try put("of cleo", by: cleo)
    for one in [cleo, ann, bob, cleo] { try await one.sync() }
  }

  @Test func whatIsShownIsTheLatestOfThoseThatCanBe() async throws {
    try await quarrel()
    for one in [ann, bob, cleo] {
      #expect(try shown(by: one) == .text("of cleo"), "\(one.name)")
      #expect(try one.replica.state(of: note)?[field]?.alive.count == 3)
      #expect(try one.replica.review().count == 1)
      #expect(try one.replica.deviations().isEmpty)
      try one.replica.rebuild()
      #expect(try shown(by: one) == .text("of cleo"), "\(one.name)")
    }
    // It was said once.
    #expect(try await ann.sync().members == 0)
    #expect(try ann.replica.membership().clockBounds.all.map(\.latest.milliseconds) == [Self.now])
  }

  @Test func aDecisionStandsAsBefore() async throws {
    try await quarrel()
    let alive = try #require(ann.replica.state(of: note)?[field]?.alive.map(\.id))
    try put("of all", by: ann, replacing: alive)
    for one in [ann, bob, cleo] {
      try await one.sync()
      #expect(try shown(by: one) == .text("of all"))
      #expect(try one.replica.review().isEmpty)
    }
  }

  /// Who has seen nothing of a server takes it from a bundle.
  @Test func aBundleBringsItToo() async throws {
    try await quarrel()
    let dora = try team.machine("dora")
    try await ann.sync()
    try dora.take(ann.bundle())
    #expect(try shown(by: dora) == .text("of cleo"))
  }

  /// Only owners say it, and only when their clock is with the server's.
  @Test func whoMaySayNothingSaysNothing() async throws {
    team.clock = Self.now + 3_600_000
    try await quarrel()
    for one in [ann, bob, cleo] {
      #expect(try shown(by: one) == .text("of bob"), "\(one.name)")
      #expect(try one.replica.membership().clockBounds.isEmpty)
      #expect(try one.replica.refusedStatements().isEmpty)
    }
    team.clock = Self.now
    for one in [ann, bob, cleo] { try await one.sync() }
    // All of it is here now only: cleo's was later than the first time, not than this one.
    for one in [ann, bob, cleo] { #expect(try shown(by: one) == shown(by: ann)) }
    #expect(try !ann.replica.membership().clockBounds.isEmpty)
  }

  /// The statement went with the server's log; what is shown goes with it, for everybody the same.
  @Test(.onFiles) func aServerThatLostItIsToldAgain() async throws {
    let backup = try team.backUp()
    try await quarrel()
    try team.restore(backup)
    for _ in 0..<2 { for one in [cleo, ann, bob] { try await one.sync() } }
    for one in [ann, bob, cleo] {
      #expect(try shown(by: one) == .text("of cleo"), "\(one.name)")
      #expect(try one.replica.membership().clockBounds == ann.replica.membership().clockBounds)
    }
  }

  /// A program that did not know the statement kept it, and reads it after its upgrade.
  @Test func itIsReadAfterAnUpgrade() async throws {
    try await quarrel()
    try cleo.replica.connection.execute("DELETE FROM clock_bound; UPDATE replica SET bounded = 0")
    #expect(try shown(by: cleo) == .text("of bob"))
    let opened = try Replica(
      connection: cleo.replica.connection, key: cleo.replica.key,
      surroundings: Surroundings(now: { Self.now }, random: { 1 }), projection: NoProjection())
    #expect(
      try opened.state(of: note).map(opened.displayed)?[field]?.shown == .text("of cleo"))
  }

  // MARK: What must not become of it

  private func bounds() throws -> [ClockBounds.Place] {
    try ann.replica.membership().clockBounds.all.map(\.place)
  }

  /// Whoever writes much from the future must not fill the membership log: once an hour is enough.
  @Test func itIsSaidOnceAnHour() async throws {
    try await quarrel()
    let first = try bounds().count
    try put("of bob again", by: bob)
    for one in [bob, ann, ann] { try await one.sync() }
    #expect(try bounds().count == first)
    ann.clock += 3_600_000
    try await ann.sync()
    // Its clock is not with the server's any more.
    #expect(try bounds().count == first)
    team.clock += 3_600_000
    try await ann.sync()
    #expect(try bounds().count == first + 1)
    #expect(try await ann.sync().exchanges == 1)
  }

  /// More than one statement has room for: a sync comes to rest all the same.
  @Test func moreThanOneStatementTakesWaitsForAnotherHour() async throws {
    bob.clock = Self.far
    for number in 0..<(ClockBound.maximumCount + 100) { try put("\(number)", by: bob) }
    try await bob.sync()
    try await ann.sync()
    #expect(try bounds().count == ClockBound.maximumCount)
    #expect(try await ann.sync().exchanges == 1)
  }

  /// Whose own clock was ahead before: that of the server may be the one that is behind.
  @Test func whoHasStampedLaterSaysNothing() async throws {
    ann.clock = Self.far
    try put("of ann", by: ann)
    ann.clock = Self.now
    bob.clock = Self.far
    try put("of bob", by: bob)
    for one in [bob, ann] { try await one.sync() }
    #expect(try bounds().isEmpty)
  }

  /// It followed a statement that the server lost and cannot take any more.
  @Test(.onFiles) func oneThatNobodyTakesIsSaidAnew() async throws {
    let dora = try team.machine("dora")
    try await dora.sync()
    try await ann.sync()
    let backup = try team.backUp()
    try ann.replica.say(
      .revoke(key: dora.replica.publicKey, heads: ann.replica.heads(of: [dora.replica.publicKey])))
    try await ann.sync()
    try await quarrel()
    #expect(try !bounds().isEmpty)
    try team.restore(backup)
    // Dora, who is in again there, writes on: the revocation is stale then.
    try dora.write(9, "from elsewhere")
    try await dora.sync()
    for _ in 0..<2 { for one in [cleo, ann, bob] { try await one.sync() } }
    #expect(try ann.replica.membership().role(of: dora.replica.publicKey) == nil)
    for one in [ann, bob, cleo] { #expect(try shown(by: one) == .text("of cleo"), "\(one.name)") }
    #expect(try await ann.sync().exchanges == 1)
  }

  /// What was shown before a decision is shown again when that is taken back.
  @Test func anUndoneDecisionBringsBackWhatWasShown() async throws {
    try await quarrel()
    let field = try #require(
      ann.replica.state(of: note).map(ann.replica.displayed)?[self.field])
    try ann.replica.commit(
      "set",
      [
        Operation(
          entity: note, kind: 1,
          .put(self.field, .text("of all"), replacing: field.alive.flatMap(\.changes)))
      ])
    let decided = try #require(ann.replica.latest(1).first)
    let inverse = try ann.replica.inverse(of: decided)
    try ann.replica.commit("undo", undoes: decided.changeset.id, inverse.operations)
    #expect(try shown(by: ann) == .text("of cleo"))
    #expect(try ann.replica.review().count == 1)
  }

  /// A text that somebody gave a field for one value too stands beside that, not behind it.
  @Test func aFieldOfTwoShapesIsBoundedInBoth() async throws {
    bob.clock = Self.far
    try put("of one value", by: bob)
    for (machine, text) in [(ann, "of ann"), (bob, "of bob")] {
      try machine.replica.commit(
        "set", [Operation(entity: note, kind: 1, .write(field, Text(text), replacing: []))])
    }
    for one in [bob, ann] { try await one.sync() }
    #expect(try bounds().map(\.sequence) == [2])
  }

  /// What waits here of the members has room beside the changes.
  @Test func aRequestHasRoomForBoth() async throws {
    for round in 0..<20 {
      let places = (1...ClockBound.maximumCount).map {
        ClockBounds.Place(
          writer: WriterID(high: UInt64(round), low: UInt64($0)), sequence: UInt64.max >> 11)
      }
      try ann.replica.say(.clockBound(ClockBound(Set(places), latest: Timestamp(milliseconds: 1))))
    }
    for number in 0..<6 as Range<UInt64> {
      try ann.write(number, String(repeating: "x", count: 1_000_000))
    }
    #expect(try ann.replica.nextRequest().encoded.count <= SyncRequest.maximumSize)
    try await ann.sync()
    #expect(try ann.replica.unsentCount() == 0 && bounds().count == 20 * ClockBound.maximumCount)
  }
}
