import ChangeLog
import DossierModel
import DossierStore
import Foundation
import ReplicaStore

/// A store in a folder of its own, with a clock and dice that a test can repeat.
final class TestStore {
  let folder: String
  let store: Store
  private let dice: Dice

  /// Milliseconds since 1970; moves one second with every look.
  private final class Dice {
    var clock: UInt64 = 1_747_645_200_000
    var state: UInt64
    init(seed: UInt64) { state = seed }
  }

  init(seed: UInt64 = 1, workspace: WorkspaceID? = nil) throws {
    folder = FileManager.default.temporaryDirectory.path + "/store-\(UUID().uuidString)"
    let dice = Dice(seed: seed)
    self.dice = dice
    let surroundings = Surroundings(
      now: {
        dice.clock += 1000
        return dice.clock
      },
      random: {
        dice.state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = dice.state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
      })
    try Store.create(folder: folder, workspace: workspace, surroundings: surroundings)
    store = try Store(folder: folder, surroundings: surroundings)
  }

  deinit { try? FileManager.default.removeItem(atPath: folder) }

  @discardableResult
  func make(_ kind: Kind, _ fields: [(Field, Value)]) throws -> EntityID {
    try store.write("test") { draft in
      let id = draft.create(kind)
      for (field, value) in fields {
        if field.isSet {
          try draft.add(field, value, on: id)
        } else {
          try draft.put(field, value, on: id)
        }
      }
      return id
    }
  }

  func put(_ field: Field, _ value: Value?, on id: EntityID) throws {
    try store.write("test") { try $0.put(field, value, on: id) }
  }

  /// Gives the other store all that is here.
  func send(to other: TestStore) throws {
    var all: [Changeset] = []
    try store.replica.forEachApplied { all.append($1) }
    try other.store.replica.receive(all)
  }

  func titles(_ kind: Kind, _ filters: String..., all: Bool = false) throws -> [String] {
    let filter = try Filter(filters, dates: DateReader(today: Day(number: 20_000)))
    return try store.records(ListQuery(kind, filter: filter, includesClosed: all)).map(\.title)
  }
}

func fixture(_ path: String) throws -> [UInt8] {
  let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent()
  return Array(try Data(contentsOf: root.appending(path: "fixtures/\(path)")))
}
