public import ChangeLog
internal import SQLite

/// Whether the remote shows everybody the same log. Every author signs how far he had read it, and its running hash
/// there; whoever reads that compares it with the log of the same name that he was shown. A remote that once showed two
/// people different logs can never again pass on to one what the other wrote since, or this tells (fork consistency:
/// Mazières and Shasha 2002).
extension Replica {
  /// Two logs of one name were shown: to somebody else and to this device, or to this device alone.
  public struct SplitView: Sendable {
    /// Its author was shown the other one: his signature stands for the checkpoint in it. nil when this device was shown both.
    public let changeset: Changeset?
    /// What this device knew of the log, and the other one is not.
    public let here: Cursor
    public let noticed: Timestamp
    /// Somebody has looked into it.
    public let isSettled: Bool
  }

  /// All that were noticed, the first one first.
  public func splitViews() throws -> [SplitView] {
    try connection.all(
      "SELECT bytes, position, hash, clock, settled, log FROM split_view ORDER BY number"
    ) { row in
      SplitView(
        changeset: row.isNull(0) ? nil : try Changeset(bytes: row.blob(0)),
        here: Cursor(
          log: LogID(bytes: row.blob(5)), position: row.int(1), hash: Digest(bytes: row.blob(2))),
        noticed: Timestamp(rawValue: UInt64(bitPattern: Int64(row.int(3)))),
        isSettled: row.bool(4))
    }
  }

  /// Notes that somebody has looked into those that were noticed until now. They are kept.
  public func settleSplitViews() throws {
    try connection.transaction { try connection.execute("UPDATE split_view SET settled = 1") }
  }

  // MARK: What we say

  /// What our next changeset says of the remote's log; nil when our last one that did said the same.
  func nextCheckpoint() throws -> Cursor? {
    let cursor = try identity().cursor
    let said = cursor.log.bytes + cursor.hash.bytes
    guard cursor.position > 0,
      try connection.first("SELECT checkpoint FROM replica", row: { $0.blob(0) }) != said
    else { return nil }
    try connection.run("UPDATE replica SET checkpoint = ?", .blob(said))
    return cursor
  }

  // MARK: What we know

  /// Notes how far the remote's log is read.
  ///
  /// - Parameters:
  ///   - shared: up to where the log is the one it was before.
  ///   - read: what follows there, as it was read.
  func moveCursor(to cursor: Cursor, after shared: Int, reading read: [Cursor] = []) throws {
    try connection.run("DELETE FROM log_hash WHERE position > ?", .int(shared))
    for one in read {
      try connection.run(
        "INSERT INTO log_hash VALUES (?, ?)", .int(one.position), .blob(one.hash.bytes))
    }
    try connection.run(
      "UPDATE replica SET log = ?, position = ?, hash = ?", .blob(cursor.log.bytes),
      .int(cursor.position), .blob(cursor.hash.bytes))
  }

  /// Whether the remote's log, as far as it is read here, is at that position what the cursor says, whatever its name is.
  func hasRead(_ cursor: Cursor) throws -> Bool {
    guard cursor.position > 0 else { return cursor.hash == .zero }
    return try connection.first(
      "SELECT hash FROM log_hash WHERE position = ?", .int(cursor.position)
    ) { Digest(bytes: $0.blob(0)) } == cursor.hash
  }

  /// An older version kept no running hashes but the last.
  func fillLogHashesAfterUpgrade() throws {
    let end = try identity().cursor
    guard end.position > 0, try !hasRead(end) else { return }
    try connection.transaction {
      var read: [Cursor] = []
      var cursor = Cursor.start
      try connection.forEach(
        """
        SELECT id, position FROM changeset WHERE position IS NOT NULL
        UNION SELECT id, position FROM snapshot_changeset WHERE position IS NOT NULL
        ORDER BY position
        """, []
      ) { row in
        // What lies beyond a hole, something that was not believed, cannot be reckoned.
        guard row.int(1) == cursor.position + 1, cursor.position + 1 < end.position else { return }
        cursor = cursor.advanced(over: Digest(bytes: row.blob(0)))
        read.append(cursor)
      }
      try moveCursor(to: end, after: 0, reading: read + [end])
    }
  }

  // MARK: What others say

  /// Keeps what an author says of the remote's log, until ``compareCheckpoints()``.
  func keep(_ checkpoint: Cursor, of changeset: ChangesetID) throws {
    try connection.run(
      "INSERT OR IGNORE INTO checkpoint VALUES (?, ?, ?, ?)", .blob(changeset.bytes),
      .blob(checkpoint.log.bytes), .int(checkpoint.position), .blob(checkpoint.hash.bytes))
  }

  /// The remote's log is not the one that was read to here, and has its name. One such note is enough until it is settled.
  func noteTwoPasts(_ former: Cursor) throws {
    try connection.run(
      """
      INSERT INTO split_view (log, position, hash, clock, settled)
      SELECT ?1, ?2, ?3, clock, 0 FROM replica
      WHERE NOT EXISTS (
        SELECT 1 FROM split_view WHERE changeset IS NULL AND log = ?1 AND settled = 0)
      """, .blob(former.log.bytes), .int(former.position), .blob(former.hash.bytes))
  }

  /// Holds what others say of the remote's log against what is read of it here.
  ///
  /// What speaks of a log that is not read here, or not so far, waits until its changeset has come from the remote: by then
  /// an honest one has shown what its author had seen before.
  /// - Returns: how many do not agree, those known already not counted.
  func compareCheckpoints() throws -> Int {
    let cursor = try identity().cursor
    let comparable = try connection.all(
      """
      SELECT checkpoint.changeset, checkpoint.log, checkpoint.position, checkpoint.hash, log_hash.hash
      FROM checkpoint LEFT JOIN changeset ON changeset.id = checkpoint.changeset
        LEFT JOIN log_hash ON log_hash.position = checkpoint.position
      WHERE changeset.id IS NULL OR changeset.position IS NOT NULL
        OR (checkpoint.log = ? AND checkpoint.position <= ?)
      ORDER BY checkpoint.changeset
      """, .blob(cursor.log.bytes), .int(cursor.position)
    ) { row in
      (
        changeset: Digest(bytes: row.blob(0)),
        said: Cursor(
          log: LogID(bytes: row.blob(1)), position: row.int(2), hash: Digest(bytes: row.blob(3))),
        here: row.isNull(4) ? nil : Digest(bytes: row.blob(4))
      )
    }
    var count = 0
    for (changeset, said, here) in comparable {
      try connection.run("DELETE FROM checkpoint WHERE changeset = ?", .blob(changeset.bytes))
      guard said.log == cursor.log else { continue }
      // Not known behind something that was not believed.
      let known =
        said.position > cursor.position
        ? cursor : here.map { Cursor(log: cursor.log, position: said.position, hash: $0) }
      guard let known, known != said else { continue }
      try connection.run(
        """
        INSERT OR IGNORE INTO split_view (changeset, bytes, log, position, hash, clock, settled)
        SELECT id, bytes, ?, ?, ?, (SELECT clock FROM replica), 0 FROM changeset WHERE id = ?
        """, .blob(known.log.bytes), .int(known.position), .blob(known.hash.bytes),
        .blob(changeset.bytes))
      count += connection.changes
    }
    return count
  }
}
