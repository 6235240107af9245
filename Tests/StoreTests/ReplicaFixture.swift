import ChangeLog
import ReplicaStore
import SQLite

import class Foundation.FileManager
import class Foundation.ProcessInfo
import struct Foundation.UUID

@testable import DossierStore

/// A replica with its own clock and dice, in memory or in a file.
final class TestReplica {
  let replica: Replica
  let key: DeviceKey
  private let world: World

  static let workspace = WorkspaceID(high: 7, low: 7)
  /// Whether everything is done in an encrypted workspace: SEALED=1.
  static let isSealed = ProcessInfo.processInfo.environment["SEALED"] != nil
  static let epochKey = EpochKey(bytes: Array(100..<132))
  static var keys: Keyring {
    var keys = Keyring()
    if isSealed { keys.add(epochKey, of: 1, seals: true) }
    return keys
  }

  /// What is random and what time it is.
  private final class World {
    var wall: UInt64 = 1_700_000_000_000
    var dice: ReplicaDice
    init(_ seed: UInt64) { dice = ReplicaDice(seed) }

    func surroundings(drawing bits: UInt64) -> Surroundings {
      Surroundings(now: { self.wall }, random: { self.dice.next() >> (64 - bits) })
    }
  }

  /// - Parameters:
  ///   - seed: of the device's key and of all it makes up.
  ///   - path: of its file; what is there already is opened.
  ///   - withTables: keeps the tables of lists and search too.
  ///   - vfs: the disk the file is on; nil for that of the machine.
  ///   - bits: of each random number, from 1 to 64: with few, two writers draw one name.
  init(
    _ seed: UInt64, life: UInt64 = 0, path: String = ":memory:", vfs: String? = nil,
    workspace: WorkspaceID = TestReplica.workspace, withTables: Bool = false, bits: UInt64 = 64
  ) throws {
    var dice = ReplicaDice(seed)
    key = try DeviceKey(seed: (0..<32).map { _ in UInt8(truncatingIfNeeded: dice.next()) })
    world = World(seed << 8 | life)
    let connection = try Connection(path: path, vfs: vfs)
    let surroundings = world.surroundings(drawing: bits)
    if withTables {
      try Replica.configure(connection)
      try Store.migrations.apply(to: connection)
    }
    if try !Replica.exists(in: connection) {
      try Replica.create(in: connection, workspace: workspace, key: key, surroundings: surroundings)
    }
    replica = try Replica(
      connection: connection, key: key, surroundings: surroundings,
      projection: withTables ? RecordProjection() : NoProjection())
    if Self.isSealed { try replica.keep([1: Self.epochKey], sealingWith: 1) }
  }

  var wall: UInt64 {
    get { world.wall }
    set { world.wall = newValue }
  }

  // MARK: Writing

  @discardableResult
  func commit(_ operations: Operation..., undoes: ChangesetID? = nil) throws -> Logged {
    let id = try replica.commit("test", undoes: undoes, operations)
    return try replica.changeset(id!)!
  }

  /// Gives a field a value in the place of all that is alive there now.
  @discardableResult
  func put(_ field: FieldNumber, _ value: Value, on entity: EntityID) throws -> Logged {
    let alive = try replica.state(of: entity)?[field]?.alive.flatMap(\.changes) ?? []
    return try commit(Operation(entity: entity, kind: 1, .put(field, value, replacing: alive)))
  }

  @discardableResult
  func add(_ field: FieldNumber, _ value: Value, on entity: EntityID) throws -> Logged {
    try commit(Operation(entity: entity, kind: 1, .add(field, value)))
  }

  @discardableResult
  func remove(_ field: FieldNumber, _ value: Value, from entity: EntityID) throws -> Logged {
    let alive = try replica.state(of: entity)?[field]?.alive.filter { $0.value == value } ?? []
    return try commit(Operation(entity: entity, kind: 1, .remove(field, alive.map(\.id))))
  }

  @discardableResult
  func delete(_ entity: EntityID) throws -> Logged {
    let seen = try replica.state(of: entity)?.aliveChanges ?? []
    return try commit(Operation(entity: entity, kind: 1, .delete(seen: seen)))
  }

  /// Takes a command back; nil when nothing of it can be.
  @discardableResult
  func undo(_ logged: Logged) throws -> (undo: Logged?, skipped: [EntityID]) {
    let inverse = try replica.inverse(of: replica.command(of: logged))
    let id = try replica.commit("undo", undoes: logged.changeset.id, inverse.operations)
    return (try id.flatMap { try replica.changeset($0) }, inverse.skipped)
  }

  // MARK: Looking

  /// The values a register holds, the shown one last.
  func values(_ field: FieldNumber, of entity: EntityID) throws -> [Value] {
    try replica.state(of: entity)?[field]?.distinctValues ?? []
  }

  /// All it holds of the log, in the order of arrival.
  func log() throws -> [Changeset] {
    try replica.connection.all("SELECT bytes FROM changeset ORDER BY number") {
      try Changeset(bytes: $0.blob(0))
    }
  }

  /// All that it holds, or that its snapshot stands for.
  func names() throws -> Set<ChangesetID> {
    Set(
      try replica.connection.all("SELECT id FROM changeset UNION SELECT id FROM snapshot_changeset")
      {
        Digest(bytes: $0.blob(0))
      })
  }

  func quarantined() throws -> [Changeset] {
    try replica.connection.all("SELECT bytes FROM quarantine ORDER BY id") {
      try Changeset(bytes: $0.blob(0))
    }
  }

  func quarantine() throws -> [ChangesetID: Verdict.Refusal] {
    Dictionary(
      uniqueKeysWithValues: try replica.connection.all("SELECT id, reason FROM quarantine") {
        (Digest(bytes: $0.blob(0)), Verdict.Refusal(rawValue: UInt8($0.int(1)))!)
      })
  }

  /// The insides of all texts, by entity.
  func texts() throws -> [EntityID: [TextDocument]] {
    var texts: [EntityID: [TextDocument]] = [:]
    try replica.forEachState { id, _ in
      texts[id] = try replica.state(of: id, withTexts: true)?.documents
    }
    return texts
  }

  var identity: Replica.Identity {
    get throws { try replica.identity() }
  }

  func picture() throws -> ReplicaPicture { try ReplicaPicture(replica) }
}

/// What a replica holds, seen from outside: the same everywhere once all have everything.
struct ReplicaPicture: Equatable {
  var entities: [EntityID: EntityState] = [:]
  var review: [String] = []

  init(_ replica: Replica) throws {
    try replica.forEachState { entities[$0] = $1 }
    review = try replica.review().map { "\($0.entity) \($0.field.map(String.init) ?? "deleted")" }
  }

  /// What the changesets amount to when a replica in memory takes them.
  init(of changesets: [Changeset], _ keys: Keyring = TestReplica.keys) throws {
    var plain = MemoryReplica(keys: keys)
    try plain.receive(changesets)
    entities = plain.entities.mapValues(\.withoutTexts)
    for (id, state) in entities.sorted(by: { $0.key < $1.key }) where !state.isDeleted {
      if state.isResurrected { review.append("\(id) deleted") }
      review += state.conflicts.map { "\(id) \($0.number)" }
    }
  }
}

extension EntityState {
  /// As a reader gets it.
  var withoutTexts: EntityState {
    var state = self
    state.documents = []
    return state
  }
}

/// Random numbers that a test can repeat (SplitMix64).
struct ReplicaDice: RandomNumberGenerator {
  private var state: UInt64

  init(_ seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
    return mixed ^ (mixed >> 31)
  }

  mutating func chance(_ percent: Int) -> Bool { Int.random(in: 0..<100, using: &self) < percent }

  mutating func below(_ limit: Int) -> Int { Int.random(in: 0..<limit, using: &self) }
}

/// A folder that goes with the test.
final class TestFolder {
  let path = "/tmp/replica-\(UUID().uuidString)"

  init() throws { try Files.createFolder(path) }

  deinit { try? FileManager.default.removeItem(atPath: path) }
}
