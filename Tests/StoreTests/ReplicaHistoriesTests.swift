import ChangeLog
import ReplicaStore
import SQLite
import Testing

import class Foundation.ProcessInfo

/// Random histories of stored replicas, each beside a replica in memory that takes the same changesets.
@Suite struct ReplicaHistoriesTests {
  private static let count =
    ProcessInfo.processInfo.environment["REPLICA_HISTORIES"].flatMap(UInt64.init) ?? 300
  private static let shares: UInt64 = 4

  @Test(arguments: 0..<shares)
  func storedReplicasEndWhereThePlainOnesDo(share: UInt64) throws {
    for seed in stride(from: share, to: Self.count, by: Int(Self.shares)) {
      var history = try History(seed: seed)
      for _ in 0..<(4 + history.dice.below(16)) { try history.step() }
      try history.heal()
      try history.check()
    }
  }
}

private struct History {
  var dice: ReplicaDice
  private let seed: UInt64
  private let replicas: [TestReplica]
  private var plain: [MemoryReplica]
  private var written: [Changeset] = []
  private let entities = (1...2).map { EntityID(high: 0, low: $0) }

  init(seed: UInt64) throws {
    self.seed = seed
    dice = ReplicaDice(seed)
    let count = UInt64(3 + dice.below(3))
    replicas = try (1...count).map { try TestReplica($0, life: seed) }
    plain = Array(repeating: MemoryReplica(keys: TestReplica.keys), count: replicas.count)
  }

  mutating func step() throws {
    let place = dice.below(replicas.count)
    if dice.chance(60) { try write(at: place) } else { try exchange(from: place) }
    let isSame =
      try replicas[place].picture().entities == plain[place].entities.mapValues(\.withoutTexts)
      && replicas[place].texts() == texts(plain[place])
    try #require(isSame, "seed \(seed), replica \(place) differs from the plain one")
  }

  private mutating func write(at place: Int) throws {
    let one = replicas[place]
    moveClock(of: one)
    let before = try one.identity.head.sequence
    if dice.chance(20), let logged = try one.replica.latest(20).randomElement(using: &dice) {
      try one.undo(logged)
    } else {
      let operations = try (0...dice.below(2)).map { _ in try operation(at: one) }
      try one.replica.commit("test", operations)
    }
    let new = try one.log().filter {
      $0.header.writer == (try one.identity.head.writer) && $0.header.sequence > before
    }
    try plain[place].receive(new)
    written += new
  }

  private mutating func moveClock(of one: TestReplica) {
    let year: UInt64 = 365 * 86400 * 1000
    switch dice.below(10) {
    case 0: one.wall = one.wall &+ 10 * year
    case 1: one.wall = one.wall > 20 * year ? one.wall - 20 * year : 0
    case 2: one.wall = [0, .max, 1 << 48, 1_700_000_000_000][dice.below(4)]
    case 3: break
    default: one.wall = one.wall &+ 1000
    }
  }

  private mutating func operation(at one: TestReplica) throws -> Operation {
    let entity = entities[dice.below(entities.count)]
    let state = try one.replica.state(of: entity, withTexts: true)
    let field = FieldNumber(1 + dice.below(2))
    let value = Value.int(Int64(dice.below(4)))
    let action: Operation.Action
    switch dice.below(14) {
    case 9...13: action = text(of: state)
    case 0...3:
      action = .put(field, value, replacing: state?[field]?.alive.flatMap(\.changes) ?? [])
    case 4: action = .add(3, value)
    case 5, 6:
      let additions = state?[3]?.alive.filter { $0.value == value }.map(\.id) ?? []
      action = additions.isEmpty ? .add(3, value) : .remove(3, additions)
    case 7: action = .delete(seen: state?.aliveChanges ?? [])
    default: action = .restore(state?.tombstones.map(\.id) ?? [])
    }
    return Operation(entity: entity, kind: 1, action)
  }

  private mutating func text(of state: EntityState?) -> Operation.Action {
    let present = state?[4]
    let words = (0...dice.below(5)).map { _ in ["a", "b", " ", "c d", "\n"][dice.below(5)] }
      .joined()
    guard let state, let value = present?.alive.randomElement(using: &dice), dice.chance(80),
      let document = state.document(of: value, in: 4)
    else { return .write(4, Text(words), replacing: present?.alive.flatMap(\.changes) ?? []) }
    if dice.chance(15) { return .edit(4, document.cancel(value.changes[0])) }
    guard let edit = document.edit(to: words + document.text, settles: dice.chance(20)) else {
      return .write(4, Text(words), replacing: present?.alive.flatMap(\.changes) ?? [])
    }
    return .edit(4, edit)
  }

  /// Some of what one has goes to another: in any order, some of it twice, some not at all.
  private mutating func exchange(from place: Int) throws {
    let other = (place + 1 + dice.below(replicas.count - 1)) % replicas.count
    var bundle = try replicas[place].log().shuffled(using: &dice)
    bundle.removeLast(dice.below(bundle.count + 1))
    bundle += bundle.prefix(dice.below(3))
    try replicas[other].replica.receive(bundle)
    try plain[other].receive(bundle)
  }

  mutating func heal() throws {
    for place in replicas.indices {
      try replicas[place].replica.receive(written.shuffled(using: &dice))
      try plain[place].receive(written)
    }
  }

  /// The insides of all texts.
  private func texts(_ plain: MemoryReplica) -> [EntityID: [TextDocument]] {
    plain.entities.mapValues(\.documents)
  }

  func check() throws {
    let expected = try ReplicaPicture(of: written)
    for (place, one) in replicas.enumerated() {
      let picture = try one.picture()
      let isSame = try picture == expected && one.texts() == texts(plain[place])
      try #require(isSame, "seed \(seed), replica \(place) differs")
      try #require(try one.replica.waitingCount() == 0, "seed \(seed), replica \(place) waits")
      try #require(try one.quarantine().isEmpty, "seed \(seed), replica \(place)")
      try #require(try one.replica.deviations().isEmpty, "seed \(seed), replica \(place)")
      // Nothing comes of receiving it all again, or of making all anew.
      let again = try one.replica.receive(written)
      try #require(again.applied == 0 && again.quarantined.isEmpty, "seed \(seed)")
      try one.replica.rebuild()
      let isRebuilt = try one.picture() == expected
      try #require(isRebuilt, "seed \(seed), replica \(place) rebuilds to something else")
    }
    let last = replicas[0]
    try last.replica.checkLog()
    try #require(try last.log().count == written.count)
  }
}
