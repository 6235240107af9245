internal import ChangeLog
internal import SQLite

/// Something in the server's files that is not as it was written.
public struct Damage: Hashable, Sendable {
  /// Which file, workspace and position.
  public let place: String
  public let what: String

  public init(place: String, what: String) {
    self.place = place
    self.what = what
  }
}

/// What a check has looked at.
public struct CheckedLog: Sendable {
  public var changesets = 0
  public var writers = 0
  public var damages: [Damage]

  public init(damages: [Damage] = []) { self.damages = damages }

  mutating func report(_ what: String, at place: String) {
    damages.append(Damage(place: place, what: what))
  }
}

extension LogReader {
  /// Reads the whole log: SQLite's own structure, positions, running hashes, ids, each writer's chain, and
  /// the signature under its last changeset, which vouches for all before it.
  public func check() throws(StoreError) -> CheckedLog {
    try translated {
      var result = CheckedLog()
      for problem in try database.problems() { result.report(problem, at: "log.db") }
      let workspaces = try database.all(
        """
        SELECT workspace FROM log UNION SELECT workspace FROM changeset
        UNION SELECT workspace FROM writer ORDER BY workspace
        """, row: { $0.blob(0) })
      for workspace in workspaces {
        guard workspace.count == 16 else {
          result.report("a workspace's id is not 16 bytes long", at: "log.db")
          continue
        }
        let id = WorkspaceID(bytes: workspace)
        try database.reading(in: id) { try check(id, into: &result) }
      }
      return result
    }
  }

  private func check(_ workspace: WorkspaceID, into result: inout CheckedLog) throws {
    let rows = WorkspaceRows(of: workspace, in: database)
    var chain = try chainCheck(of: rows, &result)
    try rows.forEach(
      """
      SELECT position, id, hash, bytes FROM changeset WHERE workspace = $1 ORDER BY position
      """
    ) { row in
      chain.take(
        position: row.int(0), id: row.blob(1), hash: row.blob(2), bytes: row.blob(3), &result)
    }
    let total = try rows.first(
      "SELECT bytes FROM log WHERE workspace = $1", row: { $0.int(0) })
    if total != chain.bytes {
      result.report("the number of its bytes is wrong", at: "log.db, workspace \(workspace)")
    }
    chain.checkSignatures(&result)
    try rows.forEach(
      "SELECT id, key, sequence, head FROM writer WHERE workspace = $1 ORDER BY id"
    ) { row in
      result.writers += 1
      chain.take(
        writer: row.blob(0), key: row.blob(1), sequence: row.int(2), head: row.blob(3), &result)
    }
    chain.reportWritersWithoutRow(&result)
  }
}

extension LogReader {
  /// What is known of a log before its first changeset is looked at: its snapshot, which must be sound itself.
  private func chainCheck(
    of rows: WorkspaceRows, _ result: inout CheckedLog
  ) throws -> ChainCheck {
    let workspace = rows.workspace
    let compactedUpTo =
      try rows.first(
        "SELECT position FROM log_compaction WHERE workspace = $1", row: { $0.int(0) }) ?? 0
    let kept = try rows.first(
      "SELECT id, position, size FROM snapshot WHERE workspace = $1",
      row: { (id: $0.blob(0), position: $0.int(1), size: $0.int(2)) })
    var snapshot: Snapshot?
    if let kept {
      var bytes: [UInt8] = []
      try rows.forEach(
        "SELECT bytes FROM snapshot_part WHERE workspace = $1 ORDER BY place"
      ) { bytes += $0.blob(0) }
      snapshot = Self.snapshot(bytes)
      if snapshot?.position != kept.position || Digest(of: bytes).bytes != kept.id {
        result.report("the snapshot is damaged", at: "log.db, workspace \(workspace)")
      }
    }
    return ChainCheck(workspace: workspace, snapshot: snapshot, compactedUpTo: compactedUpTo)
  }

  /// As much of it as a server can read; nil when it is damaged.
  private static func snapshot(_ bytes: [UInt8]) -> Snapshot? {
    do { return try SignedSnapshot(decoding: bytes).snapshot } catch FormatError.sealed {
      return try? SignedSnapshot(decoding: bytes, withEntities: false).snapshot
    } catch { return nil }
  }
}
