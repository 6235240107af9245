@testable import ChangeLog

/// One device of a simulation: it writes with its own clock, and takes what others wrote.
struct Author {
  let key: DeviceKey
  let introduction: Introduction
  private(set) var replica = MemoryReplica()
  /// All it ever held, its own included: what it passes on.
  private(set) var log: [Changeset] = []
  private var known: Set<ChangesetID> = []
  private(set) var head: WriterHead
  private var clock = HybridClock(last: Timestamp(rawValue: 0))
  private var declared = VersionVector()

  static let workspace = WorkspaceID(high: 7, low: 7)

  init(key: DeviceKey, salt: UInt64 = 0) {
    self.key = key
    introduction = Introduction(key: key.publicKey, salt: ID(high: 0, low: salt))
    head = WriterHead(writer: introduction.writer, sequence: 0, id: .zero)
  }

  var writer: WriterID { head.writer }

  /// The changes of one command, a changeset for each part.
  @discardableResult
  mutating func write(
    _ parts: [[Operation]], undoes: ChangesetID? = nil, intent: String = "test",
    checkpoint: Cursor? = nil, at wall: UInt64 = 0
  ) throws -> [Changeset] {
    var written: [Changeset] = []
    for (index, operations) in parts.enumerated() {
      let header = Header(
        workspace: Self.workspace, writer: writer, sequence: head.sequence + 1, previous: head.id,
        clock: clock.tick(wall: wall), isContinued: index < parts.count - 1,
        introduction: head.sequence == 0 ? introduction : nil, seen: newlySeen())
      let body = Body(
        intent: intent, undoes: undoes, operations: operations, checkpoint: checkpoint)
      let changeset = try Changeset(header: header, body: body, key: key)
      head = WriterHead(writer: writer, sequence: header.sequence, id: changeset.id)
      written.append(changeset)
    }
    try receive(written, at: wall)
    return written
  }

  @discardableResult
  mutating func write(_ operations: Operation..., at wall: UInt64 = 0) throws -> Changeset {
    try write([operations], at: wall)[0]
  }

  private mutating func newlySeen() -> [Header.Seen] {
    let news = replica.applied.all.filter {
      $0.writer != writer && $0.sequence > declared[$0.writer]
    }
    for (writer, sequence) in news { declared[writer] = sequence }
    return news.map { news in
      let changeset = log.first {
        $0.header.writer == news.writer && $0.header.sequence == news.sequence
      }
      return Header.Seen(writer: news.writer, sequence: news.sequence, id: changeset!.id)
    }
  }

  mutating func receive(_ changesets: [Changeset], at wall: UInt64 = 0) throws {
    try replica.receive(changesets)
    for changeset in changesets {
      clock.witness(changeset.header.clock, wall: wall)
      if known.insert(changeset.id).inserted { log.append(changeset) }
    }
  }

  func state(_ entity: EntityID) -> EntityState? { replica.entities[entity] }

  /// What takes a changeset back, as things stand here.
  func inverse(of changesets: [Changeset]) throws -> Inverse {
    try Inverse(
      of: try changesets.map { ($0, try $0.decodedBody()) },
      isNew: { entity in
        try log.first { try $0.decodedBody().operations.contains { $0.entity == entity } }
          .map(changesets.contains) ?? false
      }, state: { replica.entities[$0] },
      action: { change, _ in
        let found = log.first {
          $0.header.writer == change.writer && $0.header.sequence == change.sequence
        }
        return try found?.decodedBody().operations[change.index].action
      })
  }
}

/// What a replica holds, from the outside: the same everywhere once all have everything.
struct Picture: Equatable {
  var entities: [EntityID: EntityState]
  var review: [Review]

  struct Review: Hashable {
    let entity: EntityID
    /// nil: deleted by one, changed by another.
    let field: FieldNumber?
  }

  init(_ entities: [EntityID: EntityState]) {
    // How texts look inside is compared with the oracle of texts.
    self.entities = entities.mapValues { state in
      var state = state
      state.documents = []
      return state
    }
    review = entities.sorted { $0.key < $1.key }.flatMap { id, state in
      guard !state.isDeleted else { return [] as [Review] }
      return (state.isResurrected ? [Review(entity: id, field: nil)] : [])
        + state.conflicts.map { Review(entity: id, field: $0.number) }
    }
  }

  /// What the changesets amount to when it is worked out the slow way, from their set and nothing else: a
  /// value is alive unless some change names it, a deletion stands unless some restoration names it.
  init(of changesets: [Changeset]) throws {
    struct Entry {
      let id: ChangeID
      let clock: Timestamp
      let operation: Operation
    }
    let all = try changesets.flatMap { changeset in
      let header = changeset.header
      return try changeset.decodedBody().operations.enumerated().map { index, operation in
        Entry(
          id: ChangeID(writer: header.writer, sequence: header.sequence, index: index),
          clock: header.clock, operation: operation)
      }
    }
    var replaced: Set<ChangeID> = []
    var removed: Set<ChangeID> = []
    var restored: Set<ChangeID> = []
    for entry in all {
      switch entry.operation.action {
      case .put(_, _, let changes): replaced.formUnion(changes)
      case .remove(_, let changes): removed.formUnion(changes)
      case .restore(let changes): restored.formUnion(changes)
      default: break
      }
    }
    var texts = Texts()
    for entry in all { texts.take(entry.operation, id: entry.id, clock: entry.clock) }
    var entities: [EntityID: EntityState] = [:]
    for entry in all where !entry.operation.action.isUnknown {
      let former = entities[entry.operation.entity]
      let kind = min(former?.kind ?? .max, entry.operation.kind)
      var fields = former?.fields ?? []
      var tombstones = former?.tombstones ?? []
      func keep(_ number: FieldNumber, _ shape: FieldState.Shape, _ value: Value) {
        keep(number, shape, .init(id: entry.id, clock: entry.clock, value: value))
      }
      func keep(
        _ number: FieldNumber, _ shape: FieldState.Shape, _ value: FieldState.AliveValue
      ) {
        let place = fields.firstIndex { $0.number == number && $0.shape == shape }
        let alive = (place.map { fields.remove(at: $0).alive } ?? []) + [value]
        fields.append(
          FieldState(
            number: number, shape: shape,
            alive: alive.sorted { ($0.clock, $0.id) < ($1.clock, $1.id) }))
      }
      switch entry.operation.action {
      case .put(let number, let value, _):
        if !replaced.contains(entry.id) { keep(number, .register, value) }
      case .write(let number, _, _):
        if let value = texts.alive(entry.id) { keep(number, .text, value) }
      case .add(let number, let value):
        if !removed.contains(entry.id) { keep(number, .set, value) }
      case .delete(let seen):
        if !restored.contains(entry.id) {
          tombstones.append(.init(id: entry.id, clock: entry.clock, seen: seen))
        }
      default: break
      }
      entities[entry.operation.entity] = EntityState(
        kind: kind,
        fields: fields.sorted { ($0.number, $0.shape.rawValue) < ($1.number, $1.shape.rawValue) },
        tombstones: tombstones.sorted { $0.id < $1.id })
    }
    self.init(entities)
  }
}

/// The texts of a history, each worked out from all that was ever done to it.
private struct Texts {
  private struct Entry {
    var oracle: TextOracle
    let clock: Timestamp
    var edits: [(id: ChangeID, clock: Timestamp)] = []
  }

  private var entries: [ChangeID: Entry] = [:]
  private var replaced: [ChangeID] = []

  mutating func take(_ operation: Operation, id: ChangeID, clock: Timestamp) {
    switch operation.action {
    case .write(_, let text, let changes):
      entries[id] = Entry(oracle: TextOracle(id: id, text: text.string), clock: clock)
      replaced += changes
    case .edit(_, let edit):
      entries[edit.text]?.oracle.add(edit, id: id)
      entries[edit.text]?.edits.append((id, clock))
    default: break
    }
  }

  /// Alive as long as some writer's last change of it was seen by nobody who wrote something in its place.
  func alive(_ id: ChangeID) -> FieldState.AliveValue? {
    let entry = entries[id]!
    let all = [(id: id, clock: entry.clock)] + entry.edits
    let heads = Set(all.map(\.id.writer)).compactMap { writer in
      all.filter { $0.id.writer == writer }.max { $0.id < $1.id }
    }.filter { !replaced.contains($0.id) }.sorted { $0.id < $1.id }
    guard let latest = heads.map(\.clock).max() else { return nil }
    guard !entry.edits.isEmpty else {
      return .init(id: id, clock: latest, value: .text(entry.oracle.text))
    }
    return .init(
      id: id, clock: latest, value: .text(entry.oracle.text),
      edits: FieldState.Edits(
        heads: heads.map { FieldState.Head(id: $0.id, clock: $0.clock) },
        isClashing: !entry.oracle.clashes.isEmpty))
  }
}

extension Operation.Action {
  var isUnknown: Bool {
    if case .unknown = self { return true }
    return false
  }
}
