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
    ann.clock = Self.far - 365 * 86_400_000
    try await quarrel()
    for one in [ann, bob, cleo] {
      #expect(try shown(by: one) == .text("of bob"), "\(one.name)")
      #expect(try one.replica.membership().clockBounds.isEmpty)
      #expect(try one.replica.refusedStatements().isEmpty)
    }
    ann.clock = Self.now
    for one in [ann, bob, cleo] { try await one.sync() }
    // All of it is here now only: cleo's was later than the first time, not than this one.
    for one in [ann, bob, cleo] { #expect(try shown(by: one) == shown(by: ann)) }
    #expect(try !ann.replica.membership().clockBounds.isEmpty)
  }

  /// The statement went with the server's log; what is shown goes with it, for everybody the same.
  @Test func aServerThatLostItIsToldAgain() async throws {
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
}
