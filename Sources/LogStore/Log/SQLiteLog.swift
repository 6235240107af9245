public import ChangeLog
internal import SQLite

/// The log of one workspace in the server's database.
public final class SQLiteLog: ChangesetLog {
  public let workspace: WorkspaceID
  private var id: LogID
  let connection: Connection
  let key: Binding

  /// - Parameter id: names the log when the workspace has none yet.
  init(workspace: WorkspaceID, in connection: Connection, newID id: LogID) throws {
    self.workspace = workspace
    self.connection = connection
    let key = Binding.blob(workspace.bytes)
    self.key = key
    self.id = try connection.transaction {
      try connection.run(
        "INSERT INTO log (workspace, id) VALUES (?, ?) ON CONFLICT DO NOTHING",
        key, .blob(id.bytes))
      return try connection.first(
        "SELECT id FROM log WHERE workspace = ?", key, row: { LogID(bytes: $0.blob(0)) }) ?? id
    }
  }

  /// Reads anew what this log is called.
  func readName() throws {
    id =
      try connection.first(
        "SELECT id FROM log WHERE workspace = ?", key, row: { LogID(bytes: $0.blob(0)) }) ?? id
  }

  public func head() throws -> Cursor {
    try connection.first(
      "SELECT position, hash FROM changeset WHERE workspace = ? ORDER BY position DESC LIMIT 1",
      key, row: { Cursor(log: id, position: $0.int(0), hash: Digest(bytes: $0.blob(1))) })
      ?? Cursor(log: id, position: 0, hash: .zero)
  }

  public func cursor(at position: Int) throws -> Cursor? {
    if position == 0 { return Cursor(log: id, position: 0, hash: .zero) }
    return try connection.first(
      "SELECT hash FROM changeset WHERE workspace = ? AND position = ?", key, .int(position),
      row: { Cursor(log: id, position: position, hash: Digest(bytes: $0.blob(0))) })
  }

  public func position(of id: ChangesetID) throws -> Int? {
    try connection.first(
      "SELECT position FROM changeset WHERE workspace = ? AND id = ?", key, .blob(id.bytes),
      row: { $0.int(0) })
  }

  public func writer(_ id: WriterID) throws -> LogWriter? {
    try connection.first(
      "SELECT key, sequence, head FROM writer WHERE workspace = ? AND id = ?",
      key, .blob(id.bytes)
    ) { row in
      let head = WriterHead(
        writer: id, sequence: UInt64(row.int(1)), id: Digest(bytes: row.blob(2)))
      return LogWriter(key: PublicKey(bytes: row.blob(0)), head: head)
    }
  }

  public func entries(after position: Int, limit: Int) throws -> [LogEntry] {
    var entries: [LogEntry] = []
    var size = 0
    // One row at a time: positions have no gaps, and a page may end anywhere.
    while let entry = try entry(at: position + entries.count + 1) {
      size += entry.bytes.count
      guard entries.isEmpty || size <= limit else { break }
      entries.append(entry)
    }
    return entries
  }

  /// A changeset's position is given inside the transaction that commits it, so nobody ever sees a gap.
  public func append(_ changeset: Changeset, from device: String) throws {
    try connection.transaction {
      let next = try head().advanced(over: changeset.id)
      try connection.run(
        """
        INSERT INTO changeset (workspace, position, id, hash, device, bytes)
        VALUES (?, ?, ?, ?, ?, ?)
        """,
        key, .int(next.position), .blob(changeset.id.bytes), .blob(next.hash.bytes),
        .text(device), .blob(changeset.bytes))
      try advance(changeset.header, to: changeset.id)
    }
  }

  public func transaction<Result>(_ work: () throws -> Result) throws -> Result {
    do { return try connection.transaction(work) } catch {
      // It may have been given another name that was taken back.
      try readName()
      throw error
    }
  }

  private func entry(at position: Int) throws -> LogEntry? {
    try connection.first(
      "SELECT id, device, bytes FROM changeset WHERE workspace = ? AND position = ?",
      key, .int(position)
    ) { row in
      LogEntry(
        position: position, id: Digest(bytes: row.blob(0)), device: row.text(1), bytes: row.blob(2))
    }
  }

  private func advance(_ header: Header, to id: ChangesetID) throws {
    let writer = Binding.blob(header.writer.bytes)
    let sequence = Binding.int(Int64(header.sequence))
    if let introduction = header.introduction {
      try connection.run(
        "INSERT INTO writer (workspace, id, key, sequence, head) VALUES (?, ?, ?, ?, ?)",
        key, writer, .blob(introduction.key.bytes), sequence, .blob(id.bytes))
    } else {
      try connection.run(
        "UPDATE writer SET sequence = ?, head = ? WHERE workspace = ? AND id = ?",
        sequence, .blob(id.bytes), key, writer)
    }
  }
}
