public import ChangeLog
internal import SQLite

/// The snapshot a log keeps, and what its beginning has become.
extension StoredLog {
  public func compactedUpTo() throws -> Int {
    try rows.first(
      "SELECT position FROM log_compaction WHERE workspace = $1", row: { $0.int(0) }) ?? 0
  }

  public func snapshot() throws -> KeptSnapshot? {
    try rows.first(
      "SELECT id, position, size FROM snapshot WHERE workspace = $1",
      row: {
        KeptSnapshot(id: Digest(bytes: $0.blob(0)), position: $0.int(1), size: $0.int(2))
      })
  }

  public func snapshotBytes(from offset: Int, count: Int) throws -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(count)
    let first = offset / SnapshotPart.length
    let last = (offset + max(1, count) - 1) / SnapshotPart.length
    try rows.forEach(
      """
      SELECT bytes FROM snapshot_part WHERE workspace = $1 AND place BETWEEN $2 AND $3
      ORDER BY place
      """, .int(first), .int(last)
    ) { bytes += $0.blob(0) }
    return Array(bytes.dropFirst(offset - first * SnapshotPart.length).prefix(count))
  }

  public func keep(_ bytes: [UInt8], as snapshot: KeptSnapshot) throws {
    try rows.writing {
      try rows.run("DELETE FROM snapshot_part WHERE workspace = $1")
      try rows.run(
        """
        INSERT INTO snapshot (workspace, id, position, size) VALUES ($1, $2, $3, $4)
        ON CONFLICT (workspace) DO UPDATE
        SET id = excluded.id, position = excluded.position, size = excluded.size
        """, .blob(snapshot.id.bytes),
        .int(snapshot.position), .int(snapshot.size))
      for (place, start) in stride(from: 0, to: bytes.count, by: SnapshotPart.length).enumerated() {
        let part = bytes[start..<min(bytes.count, start + SnapshotPart.length)]
        try rows.run(
          "INSERT INTO snapshot_part VALUES ($1, $2, $3)", .int(place), .blob(Array(part)))
      }
    }
  }

  /// The bytes that a device has sent of a snapshot.
  func arrivingSize(from device: String) throws -> Int {
    try rows.first(
      """
      SELECT coalesce(sum(length(bytes)), 0) FROM snapshot_arriving
      WHERE workspace = $1 AND device = $2
      """, .text(device), row: { $0.int(0) }) ?? 0
  }

  func dropArriving(from device: String) throws {
    try rows.run(
      "DELETE FROM snapshot_arriving WHERE workspace = $1 AND device = $2", .text(device))
  }

  public func gather(_ part: SnapshotPart, from device: String) throws -> GatheredSnapshot {
    try rows.writing {
      try rows.run(
        "DELETE FROM snapshot_arriving WHERE workspace = $1 AND device = $2 AND id != $3",
        .text(device), .blob(part.id.bytes))
      let (count, size) =
        try rows.first(
          """
          SELECT count(*), coalesce(sum(length(bytes)), 0) FROM snapshot_arriving
          WHERE workspace = $1 AND device = $2
          """, .text(device), row: { ($0.int(0), $0.int(1)) }) ?? (0, 0)
      guard part.offset == size else { return .partly(size) }
      try rows.run(
        "INSERT INTO snapshot_arriving VALUES ($1, $2, $3, $4, $5)", .text(device), .int(count),
        .blob(part.id.bytes), .blob(part.bytes))
      guard size + part.bytes.count == part.size else { return .partly(size + part.bytes.count) }
      var bytes: [UInt8] = []
      bytes.reserveCapacity(part.size)
      try rows.forEach(
        """
        SELECT bytes FROM snapshot_arriving WHERE workspace = $1 AND device = $2 ORDER BY place
        """, .text(device)
      ) { bytes += $0.blob(0) }
      try dropArriving(from: device)
      return .whole(bytes)
    }
  }

  /// Drops the bytes of all changesets that the kept snapshot stands for. Their names and hashes stay, so that
  /// every cursor is still known.
  ///
  /// - Returns: how many changesets lost their bytes, and how many bytes that were.
  public func compact() throws -> (changesets: Int, bytes: Int) {
    try rows.writing {
      guard let kept = try snapshot() else { return (0, 0) }
      let found = try rows.first(
        """
        SELECT count(*), coalesce(sum(length(bytes)), 0) FROM changeset
        WHERE workspace = $1 AND position <= $2 AND length(bytes) > 0
        """, .int(kept.position), row: { ($0.int(0), $0.int(1)) })
      try rows.run(
        "UPDATE changeset SET bytes = $3 WHERE workspace = $1 AND position <= $2",
        .int(kept.position), .blob([]))
      try setCompacted(upTo: kept.position)
      try countBytes()
      // What was begun and never came to an end.
      try rows.run("DELETE FROM snapshot_arriving WHERE workspace = $1")
      return (found?.0 ?? 0, found?.1 ?? 0)
    }
  }

  private func countBytes() throws {
    try rows.run(
      """
      UPDATE log SET bytes = (
        SELECT coalesce(sum(length(bytes)), 0) FROM changeset WHERE workspace = $1)
      WHERE workspace = $1
      """)
  }

  private func setCompacted(upTo position: Int) throws {
    try rows.run(
      """
      INSERT INTO log_compaction (workspace, position) VALUES ($1, $2)
      ON CONFLICT (workspace) DO UPDATE SET position = excluded.position
      """, .int(position))
  }

  public func adopt(_ snapshot: Snapshot, as id: LogID) throws {
    try rows.writing {
      let former = try rows.all(
        "SELECT id, device, bytes FROM changeset WHERE workspace = $1 ORDER BY position"
      ) { (id: Digest(bytes: $0.blob(0)), device: $0.text(1), bytes: $0.blob(2)) }
      let known = Dictionary(uniqueKeysWithValues: former.map { ($0.id, $0) })
      let adopted = Set(snapshot.entries.map(\.id))
      let order =
        snapshot.entries.map(\.id) + former.map(\.id).filter { !adopted.contains($0) }
      try rows.run("DELETE FROM changeset WHERE workspace = $1")
      var cursor = Cursor.start
      for name in order {
        cursor = cursor.advanced(over: name)
        try rows.run(
          """
          INSERT INTO changeset (workspace, position, id, hash, device, bytes)
          VALUES ($1, $2, $3, $4, $5, $6)
          """, .int(cursor.position), .blob(name.bytes), .blob(cursor.hash.bytes),
          .text(known[name]?.device ?? ""), .blob(known[name]?.bytes ?? []))
      }
      for (introduction, head) in zip(snapshot.writers, snapshot.heads)
      where try writer(head.writer)?.head.sequence ?? 0 < head.sequence {
        try rows.run(
          """
          INSERT INTO writer (workspace, id, key, sequence, head) VALUES ($1, $2, $3, $4, $5)
          ON CONFLICT (workspace, id) DO UPDATE
          SET key = excluded.key, sequence = excluded.sequence, head = excluded.head
          """, .blob(head.writer.bytes), .blob(introduction.key.bytes),
          .int(Int64(head.sequence)), .blob(head.id.bytes))
      }
      try setCompacted(upTo: snapshot.position)
      try rows.run("UPDATE log SET id = $2 WHERE workspace = $1", .blob(id.bytes))
      try countBytes()
      try rows.run("DELETE FROM contact WHERE workspace = $1")
    }
    forgetName()
  }
}
