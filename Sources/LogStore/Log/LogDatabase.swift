public import ChangeLog
internal import SQLite

/// The server's log: one database file, written through this one connection by the one process that holds
/// the folder's lock.
///
/// SQLite before 3.51.3 can lose commits when two connections write or checkpoint one WAL file, so there
/// must never be a second one. Others read through ``LogReader``.
public final class LogDatabase {
  let connection: Connection
  private let lock: FileLock?

  static let migrations = Migrations(
    name: "log", files: [PackageResources.log_001_sql, PackageResources.log_002_sql])

  /// Opens the log for writing.
  ///
  /// - Throws: ``StoreError/served(_:)`` when another process has it, ``StoreError/notDurable`` when the
  ///   database would not keep what was acknowledged.
  public convenience init(in folder: DataFolder) throws(StoreError) {
    try folder.mustBeSetUp()
    try self.init(opening: folder)
  }

  /// Makes an empty log.
  public static func create(in folder: DataFolder) throws(StoreError) {
    _ = try LogDatabase(opening: folder)
  }

  private convenience init(opening folder: DataFolder) throws(StoreError) {
    let (connection, lock) = try translated {
      guard let lock = try FileLock(path: folder.lock) else {
        throw StoreError.served(folder.path)
      }
      return (try Connection(path: folder.log), lock)
    }
    try self.init(connection, lock: lock)
  }

  /// - Parameter lock: nil when nobody else can have the file, as in a simulation.
  init(_ connection: Connection, lock: FileLock?) throws(StoreError) {
    self.connection = connection
    self.lock = lock
    try translated {
      try Self.configure(connection)
      try Self.migrations.apply(to: connection)
    }
  }

  /// Read back, because a pragma that does nothing says nothing.
  private static func configure(_ connection: Connection) throws {
    let mode = try connection.first("PRAGMA journal_mode = WAL", row: { $0.text(0) })
    try connection.execute("PRAGMA synchronous = FULL")
    let level = try connection.first("PRAGMA synchronous", row: { $0.int(0) })
    guard mode == "wal", level == 2 else { throw StoreError.notDurable }
  }

  /// The log of a workspace, made when it is missing.
  ///
  /// - Parameter newID: a random name for a new log.
  public func log(of workspace: WorkspaceID, newID: LogID) throws(StoreError) -> SQLiteLog {
    try translated { try SQLiteLog(workspace: workspace, in: connection, newID: newID) }
  }

  /// Drops what the snapshots of logs stand for, and gives the room back to the disk.
  ///
  /// - Returns: how many changesets lost their bytes, and how many bytes that were.
  public func compact() throws(StoreError) -> (changesets: Int, bytes: Int) {
    try translated {
      var total = (changesets: 0, bytes: 0)
      let logs = try connection.all("SELECT workspace, id FROM log ORDER BY workspace") {
        (workspace: WorkspaceID(bytes: $0.blob(0)), id: LogID(bytes: $0.blob(1)))
      }
      for (workspace, id) in logs {
        let log = try SQLiteLog(workspace: workspace, in: connection, newID: id)
        let gone = try log.compact()
        total = (total.changesets + gone.changesets, total.bytes + gone.bytes)
      }
      try connection.execute("VACUUM")
      try connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
      return total
    }
  }

  /// Takes what a device sends and gives what it lacks, in one transaction, and notes that it was here.
  ///
  /// - Parameters:
  ///   - now: in seconds since 1970.
  ///   - mayWrite: as for ``ChangeLog/ChangesetLog/answer(_:from:mayWrite:)``.
  public func answer(
    _ request: SyncRequest, from device: String, in log: SQLiteLog, now: Int,
    mayWrite: (PublicKey, Header?) throws -> Verdict.Refusal?
  ) throws(StoreError) -> SyncResponse {
    try translated {
      try log.transaction {
        let response = try log.answer(request, from: device, mayWrite: mayWrite)
        if case .entries(_, let end) = response.page {
          try note(device, at: now, position: end.position, in: log.workspace)
        }
        return response
      }
    }
  }

  /// How far the writers of devices have come.
  public func heads(
    of keys: [PublicKey], in workspace: WorkspaceID
  ) throws(StoreError) -> [WriterHead] {
    try translated { try connection.heads(of: keys, in: workspace) }
  }

  /// The end of a log.
  public func position(of log: SQLiteLog) throws(StoreError) -> Int {
    try translated { try log.head().position }
  }

  /// At most once a minute, so that a sync with nothing new costs no write. A clock that was set back
  /// counts as news too.
  private func note(
    _ device: String, at now: Int, position: Int, in workspace: WorkspaceID
  ) throws {
    try connection.run(
      """
      INSERT INTO contact (workspace, device, at, position) VALUES (?, ?, ?, ?)
      ON CONFLICT DO UPDATE SET at = excluded.at, position = excluded.position
      WHERE abs(excluded.at - at) >= 60
      """,
      .blob(workspace.bytes), .text(device), .int(now), .int(position))
  }
}
