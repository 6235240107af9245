internal import ChangeLog
internal import SQLite

/// Applies changesets to the stored states, loading and saving each entity once.
struct Applier {
  private let replica: Replica
  private var states: [EntityID: EntityState] = [:]
  /// Entities whose texts are loaded too.
  private var hasTexts: Set<EntityID> = []
  private var applied: [WriterID: UInt64] = [:]

  init(_ replica: Replica) throws { self.replica = replica }

  /// Holds the writers' numbers until the next new writer.
  private var numbers: WriterNumbers?

  mutating func apply(_ changeset: Changeset, body: Body, number: Int) throws {
    let header = changeset.header
    for (index, operation) in body.operations.enumerated() {
      if case .unknown = operation.action { continue }
      let id = ChangeID(writer: header.writer, sequence: header.sequence, index: index)
      let isNew = states[operation.entity] == nil
      if isNew { states[operation.entity] = try load(operation.entity, operation.kind) }
      if operation.action.needsTexts, hasTexts.insert(operation.entity).inserted {
        states[operation.entity]!.documents = try replica.documents(of: operation.entity)
      }
      states[operation.entity]!.apply(operation, id: id, clock: header.clock)
    }
    for entity in Set(body.operations.map(\.entity)) where states[entity] != nil {
      try replica.connection.run(
        "INSERT OR IGNORE INTO history VALUES (?, ?)", .blob(entity.bytes), .int(number))
    }
    try replica.noteAdoption(by: changeset.id, body)
    applied[header.writer] = header.sequence
  }

  private mutating func load(_ id: EntityID, _ kind: KindNumber) throws -> EntityState {
    let numbers = try numbers ?? replica.writerNumbers()
    self.numbers = numbers
    let found = try replica.connection.first(
      "SELECT kind, state FROM entity WHERE id = ?", .blob(id.bytes)
    ) { try EntityState(kind: $0.int(0), stored: $0.blob(1), numbers) }
    return found ?? EntityState(kind: kind)
  }

  /// Takes entities as a snapshot has them, in the place of what would have been applied.
  mutating func take(_ taken: [EntityID: EntityState]) {
    states.merge(taken) { $1 }
    hasTexts.formUnion(taken.keys)
  }

  /// Saves what changed, and brings the review list and the product's tables in line.
  mutating func finish() throws {
    let connection = replica.connection
    let numbers = try replica.writerNumbers()
    for (writer, sequence) in applied {
      try connection.run(
        "UPDATE writer SET applied = ? WHERE id = ?", .int(Int64(sequence)), .blob(writer.bytes))
    }
    for (id, state) in states.sorted(by: { $0.key < $1.key }) {
      try connection.run(
        "INSERT OR REPLACE INTO entity VALUES (?, ?, ?)", .blob(id.bytes),
        .int(Int64(state.kind)), .blob(state.encoded(naming: numbers)))
      if hasTexts.contains(id) {
        for document in state.documents { try replica.store(document, of: id) }
      }
      try updateReview(id, state)
    }
    try replica.projection.update(states.mapValues(replica.displayed), in: connection)
    states = [:]
    hasTexts = []
    applied = [:]
  }

  private func updateReview(_ id: EntityID, _ state: EntityState) throws {
    let connection = replica.connection
    try connection.run("DELETE FROM review WHERE entity = ?", .blob(id.bytes))
    guard !state.isDeleted else { return }
    for field in state.conflicts {
      try connection.run(
        "INSERT INTO review VALUES (?, ?)", .blob(id.bytes), .int(Int64(field.number)))
    }
    if state.isResurrected {
      try connection.run("INSERT INTO review VALUES (?, -1)", .blob(id.bytes))
    }
  }
}

extension Operation.Action {
  /// Whether it looks into texts that were edited or replaced before.
  fileprivate var needsTexts: Bool {
    switch self {
    case .write(_, _, let replaced): !replaced.isEmpty
    case .edit: true
    default: false
    }
  }
}
