internal import ChangeLog
internal import SQLite

/// A writer with two branches: its store was copied, and the remote lost the branch we have and took the
/// other one.
extension Replica {
  /// Puts our branch of such a writer in quarantine. The remote's stands, or we would never be level; whoever
  /// wrote ours writes it again under a new name as soon as it meets the remote.
  ///
  /// Our own writer is not looked at: see ``becomeNewWriterIfForked(_:to:)``.
  /// - Parameter arrived: what the remote's log has.
  /// - Returns: what went.
  func giveWay(to arrived: [Changeset]) throws -> [ChangesetID] {
    var signatures = SignatureRuns(arrived)
    var displaced: [ChangesetID] = []
    for changeset in arrived {
      guard let rival = try rival(of: changeset),
        signatures.isSigned(changeset, by: rival.key)
      else { continue }
      displaced += try displace(rival.writer, from: Int(changeset.header.sequence))
    }
    if !displaced.isEmpty { try applyAnew() }
    return displaced
  }

  /// What we have in the place of a changeset, when the remote has not got it.
  private func rival(of changeset: Changeset) throws -> (writer: Int, key: PublicKey)? {
    let header = changeset.header
    return try connection.first(
      """
      SELECT writer.number, writer.key
      FROM writer JOIN changeset AS rival ON rival.writer = writer.number
      WHERE writer.id = ?1 AND rival.sequence = ?2 AND rival.id != ?3 AND rival.position IS NULL
        AND writer.number != (SELECT writer FROM replica)
        AND ?4 = coalesce(
          (SELECT id FROM changeset WHERE writer = writer.number AND sequence = ?2 - 1), ?5)
      """,
      .blob(header.writer.bytes), .int(Int64(header.sequence)), .blob(changeset.id.bytes),
      .blob(header.previous.bytes), .blob(Digest.zero.bytes)
    ) { ($0.int(0), PublicKey(bytes: $0.blob(1))) }
  }

  private func displace(_ writer: Int, from sequence: Int) throws -> [ChangesetID] {
    let ids = try connection.all(
      "SELECT id FROM changeset WHERE writer = ? AND sequence >= ? ORDER BY sequence", .int(writer),
      .int(sequence)
    ) { Digest(bytes: $0.blob(0)) }
    try connection.run(
      """
      INSERT OR REPLACE INTO quarantine
      SELECT id, ?3, bytes FROM changeset WHERE writer = ?1 AND sequence >= ?2
      """, .int(writer), .int(sequence), .int(Int64(Verdict.Refusal.forked.rawValue)))
    try connection.run(
      "DELETE FROM changeset WHERE writer = ? AND sequence >= ?", .int(writer), .int(sequence))
    try connection.run(
      """
      UPDATE writer SET sequence = ?2 - 1, head = coalesce(
        (SELECT id FROM changeset WHERE writer = ?1 AND sequence = ?2 - 1), ?3)
      WHERE number = ?1
      """, .int(writer), .int(sequence), .blob(Digest.zero.bytes))
    return ids
  }

  /// Applies the whole log again by its causes: what knew of something that is gone waits once more.
  private func applyAnew() throws {
    try connection.execute(
      "UPDATE changeset SET applied = NULL; UPDATE writer SET applied = 0, declared = 0")
    try rebuild()
  }
}
