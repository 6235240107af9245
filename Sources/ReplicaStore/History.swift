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

  public func changeset(_ id: ChangesetID) throws -> Logged? {
    try logged(
      "SELECT number, bytes, position FROM changeset WHERE id = ?", [.blob(id.bytes)]
    ).first
  }

  private func logged(_ sql: String, _ arguments: [Binding]) throws -> [Logged] {
    try connection.all(sql, arguments) { row in
      let changeset = try Changeset(bytes: row.blob(1))
      return Logged(
        number: row.int(0), changeset: changeset, body: try changeset.decodedBody(),
        isSent: !row.isNull(2))
    }
  }

  /// What a change wrote; nil when it wrote no value or is not in the log.
  public func value(of change: ChangeID) throws -> Value? {
    let bytes = try connection.first(
      """
      SELECT bytes FROM changeset
      WHERE writer = (SELECT number FROM writer WHERE id = ?) AND sequence = ?
      """, .blob(change.writer.bytes), .int(Int64(change.sequence))
    ) { $0.blob(0) }
    guard let bytes else { return nil }
    let operations = try Changeset(bytes: bytes).decodedBody().operations
    guard operations.indices.contains(change.index) else { return nil }
    switch operations[change.index].action {
    case .put(_, let value, _), .add(_, let value): return value
    default: return nil
    }
  }

  /// The change whose effect this one brought back, when it was written by an undo or a redo; else itself.
  func origin(of change: ChangeID) throws -> ChangeID {
    var change = change
    // Each step goes to an earlier changeset.
    while let (operation, undone) = try undoing(change) {
      guard let former = try restored(by: operation, undone) else { return change }
      change = former
    }
    return change
  }

  private func undoing(_ change: ChangeID) throws -> (Operation, Logged)? {
    guard let logged = try changeset(of: change), let undone = logged.body.undoes,
      logged.body.operations.indices.contains(change.index)
    else { return nil }
    return try changeset(undone).map { (logged.body.operations[change.index], $0) }
  }

  /// Which change's effect an undoing operation brought back: one that the undone changeset had replaced.
  private func restored(by operation: Operation, _ undone: Logged) throws -> ChangeID? {
    for part in try command(of: undone) {
      for former in part.body.operations where former.entity == operation.entity {
        switch (operation.action, former.action) {
        case (.put(let field, let value, _), .put(let other, _, let replaced)) where field == other:
          if let match = try replaced.first(where: { try self.value(of: $0) == value }) { return match }
        case (.add(let field, let value), .remove(let other, let additions)) where field == other:
          if let match = try additions.first(where: { try self.value(of: $0) == value }) { return match }
        case (.delete, .restore(let deletions)): return deletions.first
        default: continue
        }
      }
    }
    return nil
  }

  private func changeset(of change: ChangeID) throws -> Logged? {
    try logged(
      """
      SELECT number, bytes, position FROM changeset
      WHERE writer = (SELECT number FROM writer WHERE id = ?) AND sequence = ?
      """, [.blob(change.writer.bytes), .int(Int64(change.sequence))]
    ).first
  }

  /// The operations that take a changeset back, and the records that were changed again since.
  public func inverse(of logged: Logged) throws -> Inverse {
    try Inverse(
      of: logged.changeset, body: logged.body, state: { try self.state(of: $0) },
      value: { try self.value(of: $0) }, origin: { try self.origin(of: $0) })
  }

  /// All parts of the command a changeset belongs to, in order.
  public func command(of logged: Logged) throws -> [Logged] {
    let header = logged.changeset.header
    let all = try self.logged(
      """
      SELECT number, bytes, position FROM changeset
      WHERE writer = (SELECT number FROM writer WHERE id = ?) AND sequence <= ?
      ORDER BY sequence DESC LIMIT 2000
      """, [.blob(header.writer.bytes), .int(Int64(header.sequence))])
    let earlier = all.dropFirst().prefix { $0.changeset.header.isContinued }
    return earlier.reversed() + [logged]
  }
}
