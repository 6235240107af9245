public import ChangeLog
internal import SQLite

/// Where one changeset stands on its way between this store and the remote.
public struct Passage: Sendable {
  public let changeset: Changeset
  public let body: Body
  public let state: State

  public enum State: Sendable {
    /// The remote has it, at this position of its log.
    case there(position: Int)
    /// It goes with the next sync.
    case unsent
    /// The remote does not take it.
    case refused(Verdict.Refusal)
    /// It came, and waits: for another changeset, the rest of its command, or a newer program.
    case waits(Wait)
    /// It came and must not be applied.
    case quarantined(Verdict.Refusal)
  }
}

extension Replica {
  /// What is sent of an entity, what waits, and why, in the order of the log.
  public func passages(of entity: EntityID) throws -> [Passage] {
    try connection.reading {
      let vector = try applied()
      let keys = try keyring()
      // A body that cannot be read here says of no record that it is about it.
      var passages: [Passage] = []
      try connection.forEach(
        """
        SELECT bytes, position, refused, applied FROM changeset
        WHERE applied IS NULL OR number IN (SELECT changeset FROM history WHERE entity = ?)
        ORDER BY number
        """, [.blob(entity.bytes)]
      ) { row in
        let changeset = try Changeset(bytes: row.blob(0))
        guard let body = try? changeset.decodedBody(keys), body.names(entity) else { return }
        var state = Passage.State.unsent
        if row.isNull(3) {
          let header = changeset.header
          let other = try header.seen.first { try !has($0.id) }
          state = .waits(
            vector.wait(for: header, body) ?? other.map { .otherBranch($0.writer, $0.sequence) }
              ?? .continuation(header.writer, header.sequence + 1))
        } else if let position = row.optionalInt(1) {
          state = .there(position: position)
        } else if let reason = row.optionalInt(2) {
          state = .refused(Verdict.Refusal(rawValue: UInt8(reason)) ?? .malformed)
        }
        passages.append(Passage(changeset: changeset, body: body, state: state))
      }
      try connection.forEach("SELECT bytes FROM held ORDER BY id", []) { row in
        let changeset = try Changeset(bytes: row.blob(0))
        guard let body = try? changeset.decodedBody(keys), body.names(entity) else { return }
        let header = changeset.header
        passages.append(
          Passage(
            changeset: changeset, body: body,
            state: .waits(.changeset(header.writer, header.sequence - 1))))
      }
      try connection.forEach("SELECT bytes, reason FROM quarantine ORDER BY id", []) { row in
        guard let changeset = try? Changeset(bytes: row.blob(0)),
          let body = try? changeset.decodedBody(keys), body.names(entity)
        else { return }
        let reason = Verdict.Refusal(rawValue: UInt8(row.int(1))) ?? .malformed
        passages.append(Passage(changeset: changeset, body: body, state: .quarantined(reason)))
      }
      return passages
    }
  }
}

extension Body {
  fileprivate func names(_ entity: EntityID) -> Bool {
    operations.contains { $0.entity == entity }
  }
}
