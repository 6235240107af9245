import Testing

import class Foundation.ProcessInfo

@testable import ChangeLog

/// Random histories of several devices must end in one state, in which nothing anybody wrote is missing.
@Suite struct HistoriesTests {
  private static let count =
    ProcessInfo.processInfo.environment["HISTORIES"].flatMap(UInt64.init) ?? 4800
  /// Tests run side by side: one share for each of some processors.
  private static let shares: UInt64 = 4

  @Test(arguments: 0..<shares)
  func everyRandomHistoryEndsInOneStateWithNothingMissing(share: UInt64) throws {
    for seed in stride(from: share, to: Self.count, by: Int(Self.shares)) {
      var history = History(seed: seed)
      for _ in 0..<history.dice.below(22) { try history.step() }
      try history.heal()
      let expected = try Picture(of: history.written)
      for (index, author) in history.authors.enumerated() {
        let isSame = Picture(author.replica.entities) == expected
        try #require(isSame, "seed \(seed), device \(index)")
        try #require(author.replica.held.isEmpty, "seed \(seed), device \(index)")
      }
    }
  }

  @Test func everyOrderOfDeliveryGivesTheSameState() throws {
    for seed in 1...12 as ClosedRange<UInt64> {
      var history = History(seed: 1_000_000 + seed)
      while history.written.count < 6 { try history.step() }
      let written = Array(history.written.prefix(6))
      // What was written later may be the rest of the last command.
      let whole = written.last!.header.isContinued ? Array(written.dropLast()) : written
      var first: [EntityID: EntityState]?
      for order in permutations(Array(whole.indices)) {
        var replica = MemoryReplica()
        for index in order { try replica.receive([whole[index]]) }
        let isSame = replica.entities == first ?? replica.entities
        try #require(isSame && replica.held.isEmpty, "seed \(seed), order \(order)")
        first = replica.entities
      }
      #expect(Picture(first ?? [:]) == (try Picture(of: whole)))
    }
  }

  private func permutations(_ items: [Int]) -> [[Int]] {
    guard items.count > 1 else { return [items] }
    return items.indices.flatMap { index in
      var rest = items
      let item = rest.remove(at: index)
      return permutations(rest).map { [item] + $0 }
    }
  }
}

/// Three to five devices that write offline, with clocks that are years off, and now and then exchange some.
private struct History {
  var dice: Dice
  var authors: [Author]
  /// Every changeset, in the order of writing.
  private(set) var written: [Changeset] = []
  private var walls: [UInt64]
  private var commands: [[Changeset]] = []
  private let entities = (1...2).map { EntityID(high: 0, low: $0) }

  private static let keys = (0..<5).map { try! DeviceKey(seed: Array(repeating: $0, count: 32)) }

  init(seed: UInt64) {
    dice = Dice(seed)
    let count = 3 + dice.below(3)
    authors = Self.keys.prefix(count).map { Author(key: $0, salt: seed) }
    walls = Array(repeating: 1_700_000_000_000, count: count)
  }

  mutating func step() throws {
    let place = dice.below(authors.count)
    if dice.chance(60) { try write(at: place) } else { try exchange(from: place) }
  }

  private mutating func write(at place: Int) throws {
    moveClock(of: place)
    var parts: [[Operation]] = []
    var undoes: ChangesetID?
    if dice.chance(15), let command = commands.randomElement(using: &dice),
      command.allSatisfy(authors[place].log.contains)
    {
      parts = [try authors[place].inverse(of: command).operations]
      undoes = command.last?.id
    } else {
      for _ in 0...(dice.chance(20) ? 1 : 0) {
        parts.append((0...dice.below(2)).map { _ in operation(at: place) })
      }
    }
    guard !parts.contains([]) else { return }
    let command = try authors[place].write(parts, undoes: undoes, at: walls[place])
    commands.append(command)
    written += command
  }

  /// Years ahead, years back, or standing still.
  private mutating func moveClock(of place: Int) {
    let year: UInt64 = 365 * 86400 * 1000
    switch dice.below(12) {
    case 0: walls[place] = walls[place].addingReportingOverflow(10 * year).partialValue
    case 1: walls[place] = walls[place] > 20 * year ? walls[place] - 20 * year : 0
    case 2: walls[place] = [0, .max, 1 << 48, 1_700_000_000_000][dice.below(4)]
    case 3...5: break
    default: walls[place] = walls[place].addingReportingOverflow(1000).partialValue
    }
  }

  private mutating func operation(at place: Int) -> Operation {
    let entity = entities[dice.below(entities.count)]
    let state = authors[place].state(entity)
    let field = FieldNumber(1 + dice.below(2))
    let value = Value.int(Int64(dice.below(4)))
    let action: Operation.Action
    switch dice.below(15) {
    case 10...14: action = text(of: state)
    case 0...3:
      action = .put(field, value, replacing: state?[field]?.alive.flatMap(\.changes) ?? [])
    case 4: action = .add(3, value)
    case 5, 6:
      let additions = state?[3]?.alive.filter { $0.value == value }.map(\.id) ?? []
      action = additions.isEmpty ? .add(3, value) : .remove(3, additions)
    case 7: action = .delete(seen: state?.aliveChanges ?? [])
    case 8: action = .restore(state?.tombstones.map(\.id) ?? [])
    default: action = .unknown(code: 99, [1])
    }
    return Operation(entity: entity, kind: 1, action)
  }

  /// A text is written, edited, settled, or an edit of it taken back.
  private mutating func text(of state: EntityState?) -> Operation.Action {
    let present = state?[4]
    let words = (0...dice.below(5)).map { _ in ["a", "b", " ", "c d", "\n"][dice.below(5)] }
      .joined()
    guard let state, let value = present?.alive.randomElement(using: &dice), dice.chance(80),
      let document = state.document(of: value, in: 4)
    else { return .write(4, Text(words), replacing: present?.alive.flatMap(\.changes) ?? []) }
    if dice.chance(15), let edit = document.latest.randomElement(using: &dice) {
      return .edit(4, document.cancel(edit))
    }
    let text = dice.chance(50) ? document.text + words : words + document.text.dropFirst(3)
    return .edit(4, document.replacement(by: text, settles: dice.chance(20)))
  }

  /// Some of what one has goes to another: in any order, some of it twice, some not at all.
  private mutating func exchange(from place: Int) throws {
    let other = (place + 1 + dice.below(authors.count - 1)) % authors.count
    var bundle = authors[place].log.shuffled(using: &dice)
    bundle.removeLast(dice.below(bundle.count + 1))
    bundle += bundle.prefix(dice.below(3))
    try authors[other].receive(bundle, at: walls[other])
  }

  mutating func heal() throws {
    for place in authors.indices {
      try authors[place].receive(written.shuffled(using: &dice), at: walls[place])
    }
  }
}
