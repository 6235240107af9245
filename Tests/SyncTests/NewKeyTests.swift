import ChangeLog
import LogStore
import ReplicaStore
import Testing

@testable import SyncServer

/// A device that lost its key and went on with a new one: what it had not sent reaches the others, once.
@Suite("A new key for a device that lost its own")
struct NewKeyTests {
  private let note = EntityID(high: 3, low: 3)

  /// Puts its text in the place of the one that is there, as a person edits it.
  private func edit(_ one: MembershipMachine, to text: String) throws {
    let state = try one.replica.state(of: note, withTexts: true)
    guard let state, let value = state[4]?.alive.first,
      let edit = state.document(of: value, in: 4)?.edit(to: text)
    else {
      return try commit(one, .write(4, Text(text), replacing: []))
    }
    try commit(one, .edit(4, edit))
  }

  private func commit(_ one: MembershipMachine, _ action: Operation.Action) throws {
    try one.replica.commit("test", [Operation(entity: note, kind: 1, action)])
  }

  /// What a reader sees, without the names of who wrote it.
  private func shown(_ one: MembershipMachine) throws -> [String] {
    var shown: [String] = []
    try one.replica.forEachState { id, state in
      for field in state.fields {
        shown.append("\(id) \(field.number) \(field.distinctValues)")
      }
      if state.isDeleted { shown.append("\(id) deleted") }
    }
    return shown + (try one.replica.review().map { "\($0)" })
  }

  private func expectLevel(
    _ all: [MembershipMachine], _ expected: [String], sourceLocation: SourceLocation
  ) throws {
    for one in all {
      #expect(try shown(one) == expected, "\(one.name)", sourceLocation: sourceLocation)
      #expect(
        try one.replica.unsentCount() == 0 && one.replica.waitingCount() == 0
          && one.replica.refused().isEmpty, "\(one.name)", sourceLocation: sourceLocation)
      #expect(try one.replica.deviations().isEmpty, sourceLocation: sourceLocation)
      try one.replica.checkLog()
    }
  }

  /// Syncs all until everybody has everything.
  private func sync(
    _ all: [MembershipMachine], sourceLocation: SourceLocation = #_sourceLocation
  ) async throws {
    let expected = try shown(all[0])
    for _ in 0..<2 { for one in all { try await one.sync() } }
    try expectLevel(all, expected, sourceLocation: sourceLocation)
  }

  @Test("What it had not sent goes up as it was signed, while the former device is in")
  func relayed() async throws {
    let team = try MembershipTeam()
    let (bob, ann) = try (team.machine("bob"), team.machine("ann"))
    try edit(bob, to: "one two")
    try await bob.sync()
    try edit(bob, to: "one two three")
    let signed = try bob.replica.identity().head
    let key = try bob.loseKey(90)
    try edit(bob, to: "one two three four")
    try bob.enterAgain(key)
    try await sync([bob, ann])
    #expect(try ann.replica.changeset(signed.id) != nil)
  }

  @Test("What it had not sent is written again when the former device is shut out before")
  func shutOutBefore() async throws {
    let team = try MembershipTeam()
    let (bob, ann) = try (team.machine("bob"), team.machine("ann"))
    try edit(bob, to: "one two")
    try bob.write(1, "sent")
    try await bob.sync()
    try edit(bob, to: "one two three")
    try bob.write(2, "signed with the lost key")
    let key = try bob.loseKey(90)
    try edit(bob, to: "one TWO three")
    try bob.write(3, "signed with the new key")
    try team.revoke("bob")
    try bob.enterAgain(key)
    let report = try await bob.sync()
    #expect(report.rewritten == 4 && report.quarantined.isEmpty)
    try await sync([bob, ann])
  }

  @Test("A colleague who had its words by bundle has them once")
  func knownToAColleague() async throws {
    let team = try MembershipTeam()
    let (bob, ann, cleo) = try (team.machine("bob"), team.machine("ann"), team.machine("cleo"))
    try edit(bob, to: "one two")
    for one in [bob, ann, cleo] { try await one.sync() }
    try edit(bob, to: "one two three")
    try ann.take(bob.bundle())
    let key = try bob.loseKey(90)
    try edit(bob, to: "zero one two three")
    try bob.enterAgain(key)
    try team.revoke("bob")
    for one in [bob, ann, cleo] { try await one.sync() }
    try await sync([bob, ann, cleo])
    #expect(try bob.texts() == ["zero one two three"])
  }

  @Test("Until the new device is let in nothing is written again, and all stays to be exported")
  func notLetIn() async throws {
    let team = try MembershipTeam()
    let (bob, ann) = try (team.machine("bob"), team.machine("ann"))
    try bob.write(1, "sent")
    for one in [bob, ann] { try await one.sync() }
    try bob.write(2, "not sent")
    let signed = try bob.replica.identity().head.id
    let key = try bob.loseKey(90)
    try team.revoke("bob")
    try await ann.sync()
    try bob.take(ann.bundle())
    #expect(try bob.replica.changeset(signed) != nil)
    #expect(try bob.texts() == ["sent", "not sent"])
    try bob.enterAgain(key)
    try await sync([bob, ann])
    #expect(try ann.texts() == ["sent", "not sent"])
  }

  @Test(
    "A server set up anew, which never heard of the former device, gets its words too", .onFiles)
  func serverSetUpAnew() async throws {
    let team = try MembershipTeam()
    let empty = try team.backUp()
    let bob = try team.machine("bob")
    try edit(bob, to: "one two")
    try await bob.sync()
    try edit(bob, to: "one two three")
    let key = try bob.loseKey(90)
    try edit(bob, to: "one two three four")
    try team.restore(empty)
    try bob.enterAgain(key)
    let cleo = try team.machine("cleo")
    try await sync([bob, cleo])
    #expect(try cleo.texts() == ["one two three four"])
  }

  /// One writes, and loses one key after another; what a reader sees changes by none of it.
  @Test(
    "However often keys are lost and devices shut out, nothing is lost and nothing is there twice")
  func chance() async throws {
    for seed in 0..<20 as Range<UInt64> {
      var dice = Dice(state: seed)
      let team = try MembershipTeam()
      let (bob, ann) = try (team.machine("bob"), team.machine("ann"))
      try await ann.sync()
      var words = ["one", "two"]
      var keys: UInt8 = 100
      var key: DeviceKey?
      for _ in 0..<30 {
        switch dice.below(12) {
        case 0...3:
          words.insert("w\(dice.below(1000))", at: dice.below(words.count + 1))
          if words.count > 4 { words.remove(at: dice.below(words.count)) }
          try edit(bob, to: words.joined(separator: " "))
        case 4: try bob.write(UInt64(dice.below(4)), "value \(dice.below(1000))")
        case 5: try commit(bob, .add(7, .int(Int64(dice.below(5)))))
        case 6:
          let seen = try bob.replica.state(of: note)?[7]?.alive.map(\.id) ?? []
          if let one = seen.first { try commit(bob, .remove(7, [one])) }
        case 7: if key == nil { try await bob.sync() }
        case 8, 9:
          keys += 1
          key = try bob.loseKey(keys)
        case 10: try ann.take(bob.bundle())
        default:
          guard let new = key else { continue }
          if dice.below(2) == 0 { try team.revoke("bob") }
          try bob.enterAgain(new)
          key = nil
        }
      }
      if let key { try bob.enterAgain(key) }
      // What she had by bundle and the server does not take goes, and comes again as it was written again.
      for one in [bob, ann] { try await one.sync() }
      do { try await sync([bob, ann]) } catch {
        Issue.record("seed \(seed): \(error)")
      }
    }
  }
}

/// Random numbers that a test can repeat (SplitMix64).
private struct Dice {
  var state: UInt64

  mutating func below(_ limit: Int) -> Int {
    state &+= 0x9e37_79b9_7f4a_7c15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
    return Int((mixed ^ (mixed >> 31)) % UInt64(limit))
  }
}
