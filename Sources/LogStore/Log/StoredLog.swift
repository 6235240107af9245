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
    // Few at first: most pages are short.
    var stretch = 8
    while true {
      let start = position + entries.count
      let lengths = try lengths(after: start, count: stretch)
      // How many fit, by their lengths alone: what is read in vain costs memory.
      var count = 0
      for length in lengths {
        size += length
        guard size <= limit || entries.count + count == 0 else { break }
        count += 1
      }
      entries += try self.entries(from: start + 1, through: start + count)
      guard count == stretch else { return entries }
      stretch = min(1000, stretch * 4)
    }
  }

  /// The lengths of the changesets that follow, in order; positions have no gaps.
  private func lengths(after position: Int, count: Int) throws -> [Int] {
    try rows.all(
      """
      SELECT length(bytes) FROM changeset WHERE workspace = $1 AND position > $2
      ORDER BY position LIMIT $3
      """, .int(position), .int(count), row: { $0.int(0) })
  }

  private func entries(from first: Int, through last: Int) throws -> [LogEntry] {
    guard first <= last else { return [] }
    return try rows.all(
      """
      SELECT position, id, device, bytes FROM changeset
      WHERE workspace = $1 AND position BETWEEN $2 AND $3 ORDER BY position
      """, .int(first), .int(last)
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
      try rows.run(
        "UPDATE log SET bytes = bytes + $2 WHERE workspace = $1", .int(changeset.bytes.count))
      try advance(changeset.header, to: changeset.id)
    }
  }

  /// The bytes of all its changesets, of its snapshot, of those that are on the way, and of what proves copies.
  func size() throws -> Int {
    try rows.first(
      """
      SELECT bytes + coalesce((SELECT size FROM snapshot WHERE workspace = $1), 0)
        + coalesce((SELECT sum(length(bytes)) FROM snapshot_arriving WHERE workspace = $1), 0)
        + coalesce((SELECT sum(length(bytes)) FROM fork WHERE workspace = $1), 0)
      FROM log WHERE workspace = $1
      """, row: { $0.int(0) }) ?? 0
  }

  public func fork(of writer: WriterID) throws -> [UInt8]? {
    try rows.first(
      "SELECT bytes FROM fork WHERE workspace = $1 AND writer = $2", .blob(writer.bytes),
      row: { $0.blob(0) })
  }

  public func keepFork(_ changeset: Changeset, from device: String) throws {
    try rows.run(
      """
      INSERT INTO fork (workspace, writer, device, bytes) VALUES ($1, $2, $3, $4)
      ON CONFLICT DO NOTHING
      """, .blob(changeset.header.writer.bytes), .text(device), .blob(changeset.bytes))
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
