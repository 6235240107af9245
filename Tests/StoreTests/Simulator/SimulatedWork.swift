import ChangeLog
import DossierModel
import ReplicaStore
import SQLite

/// What people do on the machines of a simulation.
extension Simulation {
  /// Words that stand in what they write.
  static let canaries = ["one two m", String(repeating: "x", count: 100)]

  func write(on device: SimulatedDevice, _ dice: inout ReplicaDice) throws {
    let replica = device.replica.replica
    if dice.chance(15), let logged = try replica.latest(6).randomElement(using: &dice) {
      try device.replica.undo(logged)
      return
    }
    var written: [String] = []
    try replica.connection.transaction {
      var operations: [Operation] = []
      for _ in 0...dice.below(2) {
        let (operation, mark) = try operation(on: replica, &dice)
        // Two edits of one text would each be made from the text as it was before the other.
        if operations.contains(where: { $0.entity == operation.entity }) { continue }
        operations.append(operation)
        if let mark { written.append(mark) }
      }
      // Now and then a command too large for one changeset.
      if dice.below(300) == 0 {
        for number in 0..<2 as Range<UInt64> {
          operations.append(
            Operation(
              entity: EntityID(high: 9, low: number), kind: 1,
              .put(7, .text(String(repeating: "x", count: 400_000)), replacing: [])))
        }
      }
      try replica.commit("test", operations)
    }
    census.formUnion(written)
  }

  private func operation(
    on replica: Replica, _ dice: inout ReplicaDice
  ) throws -> (Operation, mark: String?) {
    let entity = entities[dice.below(entities.count)]
    let state = try replica.state(of: entity, withTexts: true)
    marks += 1
    let mark = "m\(marks)"
    func operation(_ action: Operation.Action) -> Operation {
      Operation(entity: entity, kind: 1, action)
    }
    switch dice.below(12) {
    case 0..<3:
      let field = [Field.name, .kind][dice.below(2)].number
      let alive = state?[field]?.alive.flatMap(\.changes) ?? []
      return (operation(.put(field, .text(mark), replacing: alive)), mark)
    case 3: return (operation(.add(Self.aliases, .text(mark))), mark)
    case 4:
      guard let one = state?[Self.aliases]?.alive.randomElement(using: &dice) else { fallthrough }
      return (operation(.remove(Self.aliases, [one.id])), nil)
    case 5: return (operation(.delete(seen: state?.aliveChanges ?? [])), nil)
    case 6: return (operation(.restore(state?.tombstones.map(\.id) ?? [])), nil)
    default:
      let present = state?[Self.remark]
      guard let state, let value = present?.alive.randomElement(using: &dice), dice.chance(85),
        let document = state.document(of: value, in: Self.remark)
      else {
        let replaced = present?.alive.flatMap(\.changes) ?? []
        return (
          operation(.write(Self.remark, Text("one two \(mark)"), replacing: replaced)), mark
        )
      }
      var words = document.text.split(separator: " ", omittingEmptySubsequences: false).map(
        String.init)
      let place = dice.below(words.count + 1)
      if dice.chance(40), place < words.count {
        words[place] = mark
      } else {
        words.insert(mark, at: place)
      }
      guard
        let edit = document.edit(to: words.joined(separator: " "), settles: dice.chance(20))
      else {
        return (
          operation(
            .write(Self.remark, Text(mark), replacing: present!.alive.flatMap(\.changes))), mark
        )
      }
      return (operation(.edit(Self.remark, edit)), mark)
    }
  }
}
