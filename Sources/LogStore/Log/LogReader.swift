public import ChangeLog
internal import SQLite

/// Reads the server's log from another process while it serves. Never writes, never checkpoints.
public final class LogReader {
  let database: any Database

  public init(in folder: DataFolder) throws(StoreError) {
    if let database = try folder.connect() {
      self.database = database
      return
    }
    try folder.mustBeSetUp()
    database = try translated {
      let connection = try Connection(path: folder.log, mode: .readOnly)
      try LogDatabase.migrations.expectKnown(in: connection)
      return SQLiteDatabase(connection)
    }
  }

  /// What one log holds, and who reads it.
  public struct Statistics: Sendable {
    public let changesets: Int
    /// Of the changesets alone.
    public let bytes: Int
    public let writers: Int
    /// Devices of which a writer's name was used for two branches, with that writer.
    public let forks: [(writer: WriterID, device: String)]
    public let contacts: [String: Contact]
  }

  /// When a device was last here.
  public struct Contact: Sendable {
    /// In seconds since 1970; up to a minute old.
    public let at: Int
    /// How far the device had read then.
    public let position: Int
  }

  /// How far the writers of devices have come.
  func heads(
    of keys: [PublicKey], in workspace: WorkspaceID
  ) throws(StoreError) -> [WriterHead] {
    try translated { try database.heads(of: keys, in: workspace) }
  }

  public func statistics(of workspace: WorkspaceID) throws(StoreError) -> Statistics {
    try translated {
      try database.reading(in: workspace) {
        let rows = WorkspaceRows(of: workspace, in: database)
        let (count, bytes) =
          try rows.first(
            "SELECT count(*), coalesce(sum(length(bytes)), 0) FROM changeset WHERE workspace = $1",
            row: { ($0.int(0), $0.int(1)) }) ?? (0, 0)
        let writers = try rows.first(
          "SELECT count(*) FROM writer WHERE workspace = $1", row: { $0.int(0) })
        let forks = try rows.all(
          "SELECT writer, device FROM fork WHERE workspace = $1 ORDER BY writer",
          row: { (writer: WriterID(bytes: $0.blob(0)), device: $0.text(1)) })
        let contacts = try rows.all(
          "SELECT device, at, position FROM contact WHERE workspace = $1",
          row: { ($0.text(0), Contact(at: $0.int(1), position: $0.int(2))) })
        return Statistics(
          changesets: count, bytes: bytes, writers: writers ?? 0, forks: forks,
          contacts: Dictionary(uniqueKeysWithValues: contacts))
      }
    }
  }
}

extension Database {
  /// The last changesets, in the log of a workspace, of all writers with these keys.
  func heads(of keys: [PublicKey], in workspace: WorkspaceID) throws -> [WriterHead] {
    let rows = WorkspaceRows(of: workspace, in: self)
    return try keys.flatMap { key in
      try rows.all(
        "SELECT id, sequence, head FROM writer WHERE workspace = $1 AND key = $2",
        .blob(key.bytes)
      ) {
        WriterHead(
          writer: WriterID(bytes: $0.blob(0)), sequence: UInt64($0.int(1)),
          id: Digest(bytes: $0.blob(2)))
      }
    }
  }
}
