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

  /// What a change did; nil when it is not in the log.
  public func action(of change: ChangeID) throws -> Operation.Action? {
    let bytes = try connection.first(
      """
      SELECT bytes FROM changeset
      WHERE writer = (SELECT number FROM writer WHERE id = ?) AND sequence = ?
      """, .blob(change.writer.bytes), .int(Int64(change.sequence))
    ) { $0.blob(0) }
    guard let bytes else { return nil }
    let operations = try Changeset(bytes: bytes).decodedBody().operations
    return operations.indices.contains(change.index) ? operations[change.index].action : nil
  }

  /// What a change wrote; nil when it wrote no value or is not in the log.
  public func value(of change: ChangeID) throws -> Value? { try action(of: change)?.value }

  /// The operations that take one changeset back, and the records that were changed again since.
  public func inverse(of logged: Logged) throws -> Inverse { try inverse(of: [logged]) }

  /// The same for all parts of a ``command(of:)`` at once: what one of them created goes whole.
  public func inverse(of command: [Logged]) throws -> Inverse {
    try Inverse(
      of: command.map { ($0.changeset, $0.body) }, state: { try self.state(of: $0) },
      action: { try self.action(of: $0) })
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
