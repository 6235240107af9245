public import ChangeLog
internal import SQLite

/// The log of one workspace in the server's database.
public final class StoredLog: ChangesetLog {
  public let workspace: WorkspaceID
  let rows: WorkspaceRows
  /// What the log was called in that transaction: another process may give it another name.
  private var read: (id: LogID, transaction: Int)?

  /// - Parameter id: names the log when the workspace has none yet.
  init(workspace: WorkspaceID, in database: any Database, newID id: LogID) throws {
    self.workspace = workspace
    rows = WorkspaceRows(of: workspace, in: database)
    try rows.run(
      "INSERT INTO log (workspace, id) VALUES ($1, $2) ON CONFLICT DO NOTHING", .blob(id.bytes))
  }

  private func id() throws -> LogID {
    let transaction = rows.database.transactionNumber
    if let read, read.transaction == transaction, rows.database.isInTransaction { return read.id }
    let found = try rows.first(
      "SELECT id FROM log WHERE workspace = $1", row: { LogID(bytes: $0.blob(0)) })
    guard let found else { throw StoreError.damaged("the log of a workspace has no name") }
    read = (found, transaction)
    return found
  }

  public func head() throws -> Cursor {
    let id = try id()
    return try rows.first(
      "SELECT position, hash FROM changeset WHERE workspace = $1 ORDER BY position DESC LIMIT 1",
      row: { Cursor(log: id, position: $0.int(0), hash: Digest(bytes: $0.blob(1))) })
      ?? Cursor(log: id, position: 0, hash: .zero)
  }

  public func cursor(at position: Int) throws -> Cursor? {
    let id = try id()
    if position == 0 { return Cursor(log: id, position: 0, hash: .zero) }
    return try rows.first(
      "SELECT hash FROM changeset WHERE workspace = $1 AND position = $2", .int(position),
      row: { Cursor(log: id, position: position, hash: Digest(bytes: $0.blob(0))) })
  }

  public func position(of id: ChangesetID) throws -> Int? {
    try rows.first(
      "SELECT position FROM changeset WHERE workspace = $1 AND id = $2", .blob(id.bytes),
      row: { $0.int(0) })
  }

  public func writer(_ id: WriterID) throws -> LogWriter? {
    try rows.first(
      "SELECT key, sequence, head FROM writer WHERE workspace = $1 AND id = $2", .blob(id.bytes)
    ) { row in
      let head = WriterHead(
        writer: id, sequence: UInt64(row.int(1)), id: Digest(bytes: row.blob(2)))
      return LogWriter(key: PublicKey(bytes: row.blob(0)), head: head)
    }
  }

  public func entries(after position: Int, limit: Int) throws -> [LogEntry] {
    var entries: [LogEntry] = []
    var size = 0
    // A few at first, then about as many as fit, going by those before: positions have no gaps, and a page may end
    // anywhere, but what is read in vain costs time.
    var count = 8
    while true {
      let batch = try batch(after: position + entries.count, count: count)
      for entry in batch {
        size += entry.bytes.count
        guard entries.isEmpty || size <= limit else { return entries }
        entries.append(entry)
      }
      guard batch.count == count else { return entries }
      count = min(2000, max(1, (limit - size) / max(1, size / entries.count)))
    }
  }

  private func batch(after position: Int, count: Int) throws -> [LogEntry] {
    try rows.all(
      """
      SELECT position, id, device, bytes FROM changeset WHERE workspace = $1 AND position > $2
      ORDER BY position LIMIT $3
      """, .int(position), .int(count)
    ) { row in
      LogEntry(
        position: row.int(0), id: Digest(bytes: row.blob(1)), device: row.text(2),
        bytes: row.blob(3))
    }
  }

  /// A changeset's position is given inside the transaction that commits it, so nobody ever sees a gap.
  public func append(_ changeset: Changeset, from device: String) throws {
    try rows.writing {
      let next = try head().advanced(over: changeset.id)
      try rows.run(
        """
        INSERT INTO changeset (workspace, position, id, hash, device, bytes)
        VALUES ($1, $2, $3, $4, $5, $6)
        """, .int(next.position), .blob(changeset.id.bytes), .blob(next.hash.bytes), .text(device),
        .blob(changeset.bytes))
      try advance(changeset.header, to: changeset.id)
    }
  }

  public func transaction<Result>(_ work: () throws -> Result) throws -> Result {
    try rows.writing(work)
  }

  /// What was read of its name in this transaction holds no longer.
  func forgetName() { read = nil }

  private func advance(_ header: Header, to id: ChangesetID) throws {
    let writer = Binding.blob(header.writer.bytes)
    let sequence = Binding.int(Int64(header.sequence))
    if let introduction = header.introduction {
      try rows.run(
        "INSERT INTO writer (workspace, id, key, sequence, head) VALUES ($1, $2, $3, $4, $5)",
        writer, .blob(introduction.key.bytes), sequence, .blob(id.bytes))
    } else {
      try rows.run(
        "UPDATE writer SET sequence = $3, head = $4 WHERE workspace = $1 AND id = $2", writer,
        sequence, .blob(id.bytes))
    }
  }
}
