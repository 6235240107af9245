public import ChangeLog
internal import SQLite

/// One changeset as the history of a record, or the list of operations, shows it.
public struct Logged: Sendable {
  public let number: Int
  public let changeset: Changeset
  public let body: Body
  /// Whether the remote has it.
  public let isSent: Bool
}

extension Replica {
  /// The changesets that changed an entity, in the order they were applied here.
  public func history(of entity: EntityID) throws -> [Logged] {
    try logged(
      """
      SELECT number, bytes, position FROM changeset
      WHERE applied IS NOT NULL AND number IN (SELECT changeset FROM history WHERE entity = ?)
      ORDER BY applied
      """, [.blob(entity.bytes)])
  }

  /// The last changesets, newest first.
  ///
  /// - Parameter onlyOwn: those of this life of this store only.
  public func latest(_ limit: Int, onlyOwn: Bool = false) throws -> [Logged] {
    try logged(
      """
      SELECT number, bytes, position FROM changeset
      WHERE applied IS NOT NULL AND (?1 = 0 OR writer = (SELECT writer FROM replica))
      ORDER BY applied DESC LIMIT ?2
      """, [.bool(onlyOwn), .int(limit)])
  }

  /// Goes through the history of an entity once more: what it was before each changeset, and after.
  ///
  /// Where a snapshot stands for the beginning, it begins with that: `before` of the first is what the snapshot says.
  /// - Parameter isWanted: a changeset that is not wanted is passed over, as if it had not come yet.
  public func replay(
    _ entity: EntityID, where isWanted: (Logged) -> Bool = { _ in true },
    _ body: (Logged, _ before: EntityState?, _ after: EntityState) throws -> Void
  ) throws -> EntityState? {
    let hasOlder = try hasOlderHistory(of: entity)
    var state = hasOlder ? try snapshotState(of: entity) : nil
    for logged in try history(of: entity) where isWanted(logged) {
      if hasOlder, try isInSnapshot(logged.changeset.id) { continue }
      let header = logged.changeset.header
      let before = state
      for (index, operation) in logged.body.operations.enumerated()
      where operation.entity == entity {
        if case .unknown = operation.action { continue }
        let id = ChangeID(writer: header.writer, sequence: header.sequence, index: index)
        if state == nil { state = EntityState(kind: operation.kind) }
        state?.apply(operation, id: id, clock: header.clock)
      }
      if let state { try body(logged, before, state) }
    }
    return state
  }

  /// What an entity was at a time, by the clocks of those who wrote; nil when nobody had written on it yet.
  public func state(of entity: EntityID, at time: Timestamp) throws -> EntityState? {
    try replay(entity, where: { $0.changeset.header.clock <= time }, { _, _, _ in })
  }

  private func isInSnapshot(_ id: ChangesetID) throws -> Bool {
    try connection.first(
      "SELECT 1 FROM snapshot_changeset WHERE id = ?", .blob(id.bytes), row: { _ in true }) ?? false
  }

  /// The changesets that came to the log here after a number, in the order of arrival, applied ones only.
  public func logged(after number: Int) throws -> [Logged] {
    try logged(
      """
      SELECT number, bytes, position FROM changeset
      WHERE number > ? AND applied IS NOT NULL ORDER BY number
      """, [.int(number)])
  }

  /// The number of the last changeset that came to the log here; 0 when there is none.
  public func lastNumber() throws -> Int {
    try connection.first("SELECT coalesce(max(number), 0) FROM changeset") { $0.int(0) } ?? 0
  }

  public func changeset(_ id: ChangesetID) throws -> Logged? {
    try logged(
      "SELECT number, bytes, position FROM changeset WHERE id = ?", [.blob(id.bytes)]
    ).first
  }

  private func logged(_ sql: String, _ arguments: [Binding]) throws -> [Logged] {
    let keys = try keyring()
    return try connection.all(sql, arguments) { row in
      let changeset = try Changeset(bytes: row.blob(1))
      return Logged(
        number: row.int(0), changeset: changeset, body: try changeset.decodedBody(keys),
        isSent: !row.isNull(2))
    }
  }

  /// What a change did to an entity; nil when neither the log nor its snapshot tells.
  public func action(of change: ChangeID, on entity: EntityID) throws -> Operation.Action? {
    let bytes = try connection.first(
      """
      SELECT bytes FROM changeset
      WHERE writer = (SELECT number FROM writer WHERE id = ?) AND sequence = ?
      """, .blob(change.writer.bytes), .int(Int64(change.sequence))
    ) { $0.blob(0) }
    guard let bytes else { return try snapshotState(of: entity)?.action(of: change) }
    let operations = try Changeset(bytes: bytes).decodedBody(keyring()).operations
    return operations.indices.contains(change.index) ? operations[change.index].action : nil
  }

  /// What a change wrote on an entity; nil when it wrote no value, or that is not known here any more.
  public func value(of change: ChangeID, on entity: EntityID) throws -> Value? {
    try action(of: change, on: entity)?.value
  }

  /// The operations that take one changeset back, and the records that were changed again since.
  public func inverse(of logged: Logged) throws -> Inverse { try inverse(of: [logged]) }

  /// The same for all parts of a ``command(of:)`` at once: what one of them created goes whole.
  public func inverse(of command: [Logged]) throws -> Inverse {
    // What a later undo or redo brought back counts as what it had been, so that one command can be taken
    // back after another.
    var names: [ChangeID: [ChangeID]] = [:]
    let inverse = try Inverse(
      of: command.map { ($0.changeset, $0.body) },
      isNew: { entity in
        let first = try self.firstChangeset(of: entity)
        return command.contains { $0.number == first }
      },
      state: { id in
        guard let state = try self.state(of: id, withTexts: true).map(displayed) else { return nil }
        let fields = try state.fields.map { field in
          FieldState(
            number: field.number, shape: field.shape,
            alive: try field.alive.map { value in
              // A text of which every edit was taken back is as it was written.
              let document = state.documents.first { $0.id == value.id }
              guard document?.isAsWritten != false else { return value }
              let origin = try self.origin(of: value.id, until: command)
              if [origin] != value.changes { names[origin] = value.changes }
              return .init(id: origin, clock: value.clock, value: value.value)
            })
        }
        // A redo deletes by a deletion of its own.
        let tombstones = try state.tombstones.map { tombstone in
          let origin = try self.origin(of: tombstone.id, until: command)
          if origin != tombstone.id { names[origin] = [tombstone.id] }
          return EntityState.Tombstone(id: origin, clock: tombstone.clock, seen: tombstone.seen)
        }
        return EntityState(
          kind: state.kind, fields: fields, tombstones: tombstones, documents: state.documents)
      },
      action: { try self.action(of: $0, on: $1) })
    return inverse.renaming(names)
  }

  /// The number of the first changeset that changed an entity; nil when a snapshot stands for it.
  public func firstChangeset(of entity: EntityID) throws -> Int? {
    if try hasOlderHistory(of: entity) { return nil }
    return try connection.first(
      """
      SELECT number FROM changeset
      WHERE applied IS NOT NULL AND number IN (SELECT changeset FROM history WHERE entity = ?)
      ORDER BY applied LIMIT 1
      """, .blob(entity.bytes)
    ) { $0.int(0) }
  }

  /// The change whose value an undo or a redo brought back, no further back than to the command that is to
  /// be taken back; any other change itself.
  private func origin(of change: ChangeID, until command: [Logged]) throws -> ChangeID {
    let headers = command.map(\.changeset.header)
    var change = change
    // Each step goes to an earlier changeset.
    while !headers.contains(where: { $0.writer == change.writer && $0.sequence == change.sequence }
    ),
      let former = try restored(by: change)
    {
      change = former
    }
    return change
  }

  private func restored(by change: ChangeID) throws -> ChangeID? {
    guard let logged = try logged(change.writer, change.sequence),
      let undone = try logged.body.undoes.flatMap({ try changeset($0) }),
      logged.body.operations.indices.contains(change.index)
    else { return nil }
    let operation = logged.body.operations[change.index]
    func isValue(_ change: ChangeID, _ value: Value) throws -> Bool {
      try self.value(of: change, on: operation.entity) == value
    }
    for part in try command(of: undone) {
      for former in part.body.operations where former.entity == operation.entity {
        switch (operation.action, former.action) {
        case (.put(let field, let value, _), .put(let other, _, let replaced)) where field == other:
          if let found = try replaced.first(where: { try isValue($0, value) }) {
            return found
          }
        case (.write(let field, let text, _), .write(let other, _, let replaced))
        where field == other:
          if let found = try replaced.first(where: { try isValue($0, .text(text)) }) {
            return found
          }
        case (.add(let field, let value), .remove(let other, let gone)) where field == other:
          if let found = try gone.first(where: { try isValue($0, value) }) { return found }
        case (.delete, .restore(let deletions)):
          if let found = deletions.first { return found }
        default: continue
        }
      }
    }
    return nil
  }

  /// All parts of the command a changeset belongs to, in order.
  public func command(of logged: Logged) throws -> [Logged] {
    var parts = [logged]
    while let next = try part(after: parts.last!.changeset.header) { parts.append(next) }
    while let earlier = try part(before: parts[0].changeset.header) { parts.insert(earlier, at: 0) }
    return parts
  }

  private func part(after header: Header) throws -> Logged? {
    header.isContinued ? try logged(header.writer, header.sequence + 1) : nil
  }

  private func part(before header: Header) throws -> Logged? {
    guard let found = try logged(header.writer, header.sequence - 1) else { return nil }
    return found.changeset.header.isContinued ? found : nil
  }

  private func logged(_ writer: WriterID, _ sequence: UInt64) throws -> Logged? {
    try logged(
      """
      SELECT number, bytes, position FROM changeset
      WHERE writer = (SELECT number FROM writer WHERE id = ?) AND sequence = ?
      """, [.blob(writer.bytes), .int(Int64(sequence))]
    ).first
  }
}

extension EntityState {
  /// What a change did that is alive here, when the log does not tell any more. What it replaced is not known.
  fileprivate func action(of change: ChangeID) -> Operation.Action? {
    for field in fields {
      guard let value = field.alive.first(where: { $0.id == change }) else { continue }
      switch (field.shape, value.value) {
      case (.register, let value): return .put(field.number, value, replacing: [])
      case (.set, let value): return .add(field.number, value)
      case (.text, .text(let text)): return .write(field.number, text, replacing: [])
      case (.text, _): return nil
      }
    }
    return tombstones.first { $0.id == change }.map { .delete(seen: $0.seen) }
  }
}
