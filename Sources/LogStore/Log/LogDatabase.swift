public import ChangeLog
internal import SQLite

/// The logs of all workspaces, for the process that serves them.
///
/// In SQLite: one file, written through this one connection by the one process that holds the folder's lock. SQLite before
/// 3.51.3 can lose commits when two connections write or checkpoint one WAL file, so there must never be a second one;
/// others read through ``LogReader``. In PostgreSQL: as many connections of as many processes as one likes.
public final class LogDatabase {
  let database: any Database
  private let lock: FileLock?
  /// When devices were noted to be here.
  private var noted: [Contact: (at: Int, position: Int)] = [:]

  static let migrations = Migrations(
    name: "log",
    files: [
      PackageResources.log_001_sql, PackageResources.log_002_sql, PackageResources.log_003_sql,
    ])

  /// Opens the log for writing.
  ///
  /// - Throws: ``StoreError/served(_:)`` when another process has it, ``StoreError/notDurable`` when the
  ///   database would not keep what was acknowledged.
  public convenience init(in folder: DataFolder) throws(StoreError) {
    if let database = try folder.connect() {
      self.init(in: database)
      return
    }
    try folder.mustBeSetUp()
    try self.init(opening: folder)
  }

  /// Makes an empty log.
  public static func create(in folder: DataFolder) throws(StoreError) {
    if try folder.connect(mayCreate: true) == nil { _ = try LogDatabase(opening: folder) }
  }

  /// Logs in a database that has its tables already.
  init(in database: any Database) {
    self.database = database
    lock = nil
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
    database = SQLiteDatabase(connection)
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
  public func log(of workspace: WorkspaceID, newID: LogID) throws(StoreError) -> StoredLog {
    try translated { try StoredLog(workspace: workspace, in: database, newID: newID) }
  }

  /// Gives every log a new name, because it was set back by other means than ``DataFolder/restore(from:newID:)``: devices
  /// then compare it with what they know, and nobody takes it for one that shows people different things.
  ///
  /// - Returns: how many there are.
  public func renew(newID: () -> LogID) throws(StoreError) -> Int {
    try translated {
      noted = [:]
      let workspaces = try database.all("SELECT workspace FROM log ORDER BY workspace") {
        WorkspaceID(bytes: $0.blob(0))
      }
      for workspace in workspaces {
        try database.writing(in: workspace) {
          try database.run(
            "UPDATE log SET id = $1 WHERE workspace = $2", .blob(newID().bytes),
            .blob(workspace.bytes))
          // What devices had read of the former log says nothing of this one.
          try database.run("DELETE FROM contact WHERE workspace = $1", .blob(workspace.bytes))
        }
      }
      return workspaces.count
    }
  }

  /// Drops what the snapshots of logs stand for, and gives the room back to the disk.
  ///
  /// - Returns: how many changesets lost their bytes, and how many bytes that were.
  public func compact() throws(StoreError) -> (changesets: Int, bytes: Int) {
    try translated {
      var total = (changesets: 0, bytes: 0)
      let logs = try database.all("SELECT workspace, id FROM log ORDER BY workspace") {
        (workspace: WorkspaceID(bytes: $0.blob(0)), id: LogID(bytes: $0.blob(1)))
      }
      for (workspace, id) in logs {
        let log = try StoredLog(workspace: workspace, in: database, newID: id)
        let gone = try log.compact()
        total = (total.changesets + gone.changesets, total.bytes + gone.bytes)
      }
      try database.giveBack()
      return total
    }
  }

  /// Takes what a device sends and gives what it lacks, in one transaction. Notes that the device was here when something is
  /// written anyway.
  ///
  /// - Parameters:
  ///   - now: in seconds since 1970.
  ///   - mayWrite: as for ``ChangeLog/ChangesetLog/answer(_:from:mayWrite:)``.
  public func answer(
    _ request: SyncRequest, from device: String, in log: StoredLog, now: Int,
    mayWrite: (PublicKey, Header?) throws -> Verdict.Refusal?
  ) throws(StoreError) -> SyncResponse {
    let contact = Contact(workspace: log.workspace, device: device)
    return try translated {
      let (response, position) = try log.transaction { () -> (SyncResponse, Int?) in
        let response = try log.answer(request, from: device, mayWrite: mayWrite)
        guard request.writes, let position = response.page.end, isDue(contact, now, position) else {
          return (response, nil)
        }
        try note(contact, at: now, position, in: log)
        return (response, position)
      }
      if let position { noted[contact] = (now, position) }
      return response
    }
  }

  /// Notes that a device was here, and how far an answer brought it.
  func note(
    _ device: String, at now: Int, _ response: SyncResponse, in log: StoredLog
  ) throws(StoreError) {
    let contact = Contact(workspace: log.workspace, device: device)
    guard let position = response.page.end, isDue(contact, now, position) else { return }
    try translated { try note(contact, at: now, position, in: log) }
    noted[contact] = (now, position)
  }

  /// - Throws: ``StoreError/overQuota(_:)`` when a workspace would take more than it may. Of a snapshot that is offered all
  ///   parts count before the first one is kept.
  func expectRoom(
    for request: SyncRequest, from device: String, in log: StoredLog, upTo quota: Int?
  ) throws(StoreError) {
    guard let quota, request.writes else { return }
    var size = try translated { try log.size() }
    if case .offers(let part) = request.snapshot {
      size += part.size - (try translated { try log.arrivingSize(from: device) })
    }
    guard request.changesets.reduce(size, { $0 + $1.count }) <= quota else {
      throw .overQuota(quota)
    }
  }

  /// Drops what a device has sent of a snapshot.
  func dropArriving(from device: String, in log: StoredLog) throws(StoreError) {
    try translated { try log.dropArriving(from: device) }
  }

  /// How far the writers of devices have come.
  public func heads(
    of keys: [PublicKey], in workspace: WorkspaceID
  ) throws(StoreError) -> [WriterHead] {
    try translated { try database.heads(of: keys, in: workspace) }
  }

  /// The end of a log.
  func head(of log: StoredLog) throws(StoreError) -> Cursor {
    try translated { try log.head() }
  }

  private struct Contact: Hashable {
    let workspace: WorkspaceID
    let device: String
  }

  /// Once a minute, so that a sync with nothing new costs no write; once in five seconds where the device has come further, so
  /// that nobody who syncs twice and goes home is held for one who lags. A clock that was set back counts as news too.
  private func isDue(_ contact: Contact, _ now: Int, _ position: Int) -> Bool {
    guard let last = noted[contact] else { return true }
    return abs(now - last.at) >= (position == last.position ? 60 : 5)
  }

  /// Another process may have noted it meanwhile.
  private func note(
    _ contact: Contact, at now: Int, _ position: Int, in log: StoredLog
  ) throws {
    try log.rows.run(
      """
      INSERT INTO contact (workspace, device, at, position) VALUES ($1, $2, $3, $4)
      ON CONFLICT (workspace, device) DO UPDATE SET at = excluded.at, position = excluded.position
      WHERE abs(excluded.at - contact.at)
        >= CASE WHEN excluded.position = contact.position THEN 60 ELSE 5 END
      """, .text(contact.device), .int(now), .int(position))
  }
}

extension SyncRequest {
  /// Whether it may put something into a log.
  var writes: Bool { !changesets.isEmpty || snapshot.isOffer }
}

extension SnapshotRequest {
  var isOffer: Bool { if case .offers = self { true } else { false } }
}

extension SyncResponse.Page {
  /// The position that it brings its reader to; nil when it brings nobody on.
  fileprivate var end: Int? {
    if case .entries(_, let end) = self { end.position } else { nil }
  }
}
