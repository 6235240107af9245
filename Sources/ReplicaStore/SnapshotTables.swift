public import ChangeLog
internal import SQLite

/// The snapshot that the log here begins with, as the file holds it.
extension Replica {
  func hasSnapshot() throws -> Bool {
    try connection.first("SELECT 1 FROM snapshot_writer LIMIT 1") { _ in true } ?? false
  }

  /// Whether the remote's log, as far as it is read, has not got something that our snapshot stands for.
  func hasUnplacedSnapshot() throws -> Bool {
    try connection.first(
      "SELECT 1 FROM snapshot_changeset WHERE position IS NULL LIMIT 1"
    ) { _ in true } ?? false
  }

  /// The snapshot that the log here begins with; nil when it begins with its first changeset.
  public func snapshot() throws -> Snapshot? {
    guard try hasSnapshot() else { return nil }
    let identity = try identity()
    let numbers = try writerNumbers()
    let writers = try introductions().filter { number, _ in
      try connection.first(
        "SELECT 1 FROM snapshot_writer WHERE writer = ?", .int(number), row: { _ in true }) == true
    }
    let places = Dictionary(uniqueKeysWithValues: writers.enumerated().map { ($1.number, $0) })
    let entries = try connection.all("SELECT writer, id FROM snapshot_changeset ORDER BY place") {
      Snapshot.Entry(writer: places[$0.int(0)]!, id: Digest(bytes: $0.blob(1)))
    }
    let entities = try connection.all("SELECT id, kind, state FROM snapshot_entity ORDER BY id") {
      row in
      let id = EntityID(bytes: row.blob(0))
      return Snapshot.Entity(
        id: id, state: try snapshotState(of: id, kind: row.int(1), row.blob(2), numbers))
    }
    return Snapshot(
      workspace: identity.workspace, writers: writers.map(\.introduction), entries: entries,
      entities: entities)
  }

  private func snapshotState(
    of id: EntityID, kind: Int, _ bytes: [UInt8], _ numbers: WriterNumbers
  ) throws -> EntityState {
    var state = try EntityState(kind: kind, stored: bytes, numbers)
    state.documents = try connection.all(
      "SELECT document FROM snapshot_text WHERE entity = ? ORDER BY id", .blob(id.bytes)
    ) { try TextDocument(decoding: $0.blob(0)) }
    return state
  }

  /// An entity as the snapshot has it.
  func snapshotState(of id: EntityID) throws -> EntityState? {
    let numbers = try writerNumbers()
    return try connection.first(
      "SELECT kind, state FROM snapshot_entity WHERE id = ?", .blob(id.bytes)
    ) { try snapshotState(of: id, kind: $0.int(0), $0.blob(1), numbers) }
  }

  /// Fills the tables with what the snapshot says, before anything is applied.
  func takeFromSnapshot() throws {
    guard try hasSnapshot() else { return }
    let numbers = try writerNumbers()
    var applier = try Applier(self)
    var batch: [EntityID: EntityState] = [:]
    try connection.forEach("SELECT id, kind, state FROM snapshot_entity ORDER BY id", []) { row in
      let id = EntityID(bytes: row.blob(0))
      batch[id] = try snapshotState(of: id, kind: row.int(1), row.blob(2), numbers)
      if batch.count == 500 {
        applier.take(batch)
        try applier.finish()
        batch = [:]
      }
    }
    applier.take(batch)
    try applier.finish()
    // What is kept of the log below it serves as history.
    let keys = try keyring()
    try connection.forEach(
      """
      SELECT number, bytes FROM changeset WHERE id IN (SELECT id FROM snapshot_changeset)
      """, []
    ) { row in
      for operation in try Changeset(bytes: row.blob(1)).decodedBody(keys).operations {
        if case .unknown = operation.action { continue }
        try connection.run(
          "INSERT OR IGNORE INTO history VALUES (?, ?)", .blob(operation.entity.bytes),
          .int(row.int(0)))
      }
    }
  }

  /// Everybody who wrote something that is here, ascending by name.
  func introductions() throws -> [(number: Int, introduction: Introduction)] {
    var found: [(number: Int, introduction: Introduction)] = try connection.all(
      """
      SELECT number, key, salt FROM writer JOIN snapshot_writer ON snapshot_writer.writer = number
      """
    ) {
      ($0.int(0), Introduction(key: PublicKey(bytes: $0.blob(1)), salt: ID(bytes: $0.blob(2))))
    }
    let known = Set(found.map(\.number))
    try connection.forEach("SELECT writer, bytes FROM changeset WHERE sequence = 1", []) { row in
      guard !known.contains(row.int(0)),
        let introduction = try Changeset(bytes: row.blob(1)).header.introduction
      else { return }
      found.append((row.int(0), introduction))
    }
    return found.sorted { $0.introduction.writer < $1.introduction.writer }
  }

  /// Whether some changes of an entity are here only as part of a snapshot.
  public func hasOlderHistory(of entity: EntityID) throws -> Bool {
    guard try snapshotState(of: entity) != nil else { return false }
    return try connection.first(
      """
      SELECT 1 FROM snapshot_changeset WHERE id NOT IN (SELECT id FROM changeset) LIMIT 1
      """
    ) { _ in true } ?? false
  }
}
