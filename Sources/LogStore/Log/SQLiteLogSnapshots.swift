public import ChangeLog
internal import SQLite

/// The snapshot a log keeps, and what its beginning has become.
extension SQLiteLog {
  public func compactedUpTo() throws -> Int {
    try connection.first(
      "SELECT position FROM log_compaction WHERE workspace = ?", key, row: { $0.int(0) }) ?? 0
  }

  public func snapshot() throws -> KeptSnapshot? {
    try connection.first(
      "SELECT id, position, size FROM snapshot WHERE workspace = ?", key,
      row: {
        KeptSnapshot(id: Digest(bytes: $0.blob(0)), position: $0.int(1), size: $0.int(2))
      })
  }

  public func snapshotBytes(from offset: Int, count: Int) throws -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(count)
    let first = offset / SnapshotPart.length
    let last = (offset + max(1, count) - 1) / SnapshotPart.length
    try connection.forEach(
      """
      SELECT bytes FROM snapshot_part WHERE workspace = ? AND place BETWEEN ? AND ?
      ORDER BY place
      """, [key, .int(first), .int(last)]
    ) { bytes += $0.blob(0) }
    return Array(bytes.dropFirst(offset - first * SnapshotPart.length).prefix(count))
  }

  public func keep(_ bytes: [UInt8], as snapshot: KeptSnapshot) throws {
    try connection.transaction {
      try connection.run("DELETE FROM snapshot_part WHERE workspace = ?", key)
      try connection.run(
        "INSERT OR REPLACE INTO snapshot VALUES (?, ?, ?, ?)", key, .blob(snapshot.id.bytes),
        .int(snapshot.position), .int(snapshot.size))
      for (place, start) in stride(from: 0, to: bytes.count, by: SnapshotPart.length).enumerated() {
        let part = bytes[start..<min(bytes.count, start + SnapshotPart.length)]
        try connection.run(
          "INSERT INTO snapshot_part VALUES (?, ?, ?)", key, .int(place), .blob(Array(part)))
      }
    }
  }

  public func gather(_ part: SnapshotPart, from device: String) throws -> GatheredSnapshot {
    try connection.transaction {
      try connection.run(
        "DELETE FROM snapshot_arriving WHERE workspace = ? AND device = ? AND id != ?", key,
        .text(device), .blob(part.id.bytes))
      let (count, size) =
        try connection.first(
          """
          SELECT count(*), coalesce(sum(length(bytes)), 0) FROM snapshot_arriving
          WHERE workspace = ? AND device = ?
          """, key, .text(device), row: { ($0.int(0), $0.int(1)) }) ?? (0, 0)
      guard part.offset == size else { return .partly(size) }
      try connection.run(
        "INSERT INTO snapshot_arriving VALUES (?, ?, ?, ?, ?)", key, .text(device), .int(count),
        .blob(part.id.bytes), .blob(part.bytes))
      guard size + part.bytes.count == part.size else { return .partly(size + part.bytes.count) }
      var bytes: [UInt8] = []
      bytes.reserveCapacity(part.size)
      try connection.forEach(
        """
        SELECT bytes FROM snapshot_arriving WHERE workspace = ? AND device = ? ORDER BY place
        """, [key, .text(device)]
      ) { bytes += $0.blob(0) }
      try connection.run(
        "DELETE FROM snapshot_arriving WHERE workspace = ? AND device = ?", key, .text(device))
      return .whole(bytes)
    }
  }

  /// Drops the bytes of all changesets that the kept snapshot stands for. Their names and hashes stay, so that
  /// every cursor is still known.
  ///
  /// - Returns: how many changesets lost their bytes, and how many bytes that were.
  public func compact() throws -> (changesets: Int, bytes: Int) {
    try connection.transaction {
      guard let kept = try snapshot() else { return (0, 0) }
      let found = try connection.first(
        """
        SELECT count(*), coalesce(sum(length(bytes)), 0) FROM changeset
        WHERE workspace = ? AND position <= ? AND length(bytes) > 0
        """, key, .int(kept.position), row: { ($0.int(0), $0.int(1)) })
      try connection.run(
        "UPDATE changeset SET bytes = x'' WHERE workspace = ? AND position <= ?", key,
        .int(kept.position))
      try setCompacted(upTo: kept.position)
      return (found?.0 ?? 0, found?.1 ?? 0)
    }
  }

  private func setCompacted(upTo position: Int) throws {
    try connection.run(
      "INSERT OR REPLACE INTO log_compaction VALUES (?, ?)", key, .int(position))
  }

  public func adopt(_ snapshot: Snapshot, as id: LogID) throws {
    try connection.transaction {
      let former = try connection.all(
        "SELECT id, device, bytes FROM changeset WHERE workspace = ? ORDER BY position", key
      ) { (id: Digest(bytes: $0.blob(0)), device: $0.text(1), bytes: $0.blob(2)) }
      let known = Dictionary(uniqueKeysWithValues: former.map { ($0.id, $0) })
      let adopted = Set(snapshot.entries.map(\.id))
      let order =
        snapshot.entries.map(\.id) + former.map(\.id).filter { !adopted.contains($0) }
      try connection.run("DELETE FROM changeset WHERE workspace = ?", key)
      var cursor = Cursor.start
      for name in order {
        cursor = cursor.advanced(over: name)
        try connection.run(
          """
          INSERT INTO changeset (workspace, position, id, hash, device, bytes)
          VALUES (?, ?, ?, ?, ?, ?)
          """, key, .int(cursor.position), .blob(name.bytes), .blob(cursor.hash.bytes),
          .text(known[name]?.device ?? ""), .blob(known[name]?.bytes ?? []))
      }
      for (introduction, head) in zip(snapshot.writers, snapshot.heads)
      where try writer(head.writer)?.head.sequence ?? 0 < head.sequence {
        try connection.run(
          "INSERT OR REPLACE INTO writer (workspace, id, key, sequence, head) VALUES (?, ?, ?, ?, ?)",
          key, .blob(head.writer.bytes), .blob(introduction.key.bytes),
          .int(Int64(head.sequence)), .blob(head.id.bytes))
      }
      try setCompacted(upTo: snapshot.position)
      try connection.run("UPDATE log SET id = ? WHERE workspace = ?", .blob(id.bytes), key)
      try connection.run("DELETE FROM contact WHERE workspace = ?", key)
    }
    try readName()
  }
}
