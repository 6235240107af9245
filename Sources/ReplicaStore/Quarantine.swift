public import ChangeLog
internal import SQLite

/// A changeset that came, or was here, and does not count.
public struct Quarantined: Sendable {
  public let changeset: Changeset
  public let reason: Verdict.Refusal
  /// What it says; nil when that cannot be read here.
  public let body: Body?
  /// Whose signature it has; nil when it has nobody's that can be checked.
  public let author: PublicKey?
  /// By which of our changesets it was taken over; nil while it was not.
  public let adopted: ChangesetID?

  /// Whether its words can be taken over: they are its author's, who may not bring them in himself. What another branch or
  /// another workspace has, its author writes again.
  public var isAdoptable: Bool {
    body != nil && author != nil && adopted == nil && [.notEnrolled, .readOnly].contains(reason)
  }
}

extension Replica {
  /// All that does not count here, by writer and then in the order it was written.
  public func quarantined() throws -> [Quarantined] {
    try connection.reading {
      let rows = try connection.all("SELECT bytes, reason, adopted FROM quarantine") { row in
        (
          changeset: try Changeset(bytes: row.blob(0)),
          reason: Verdict.Refusal(rawValue: UInt8(row.int(1))) ?? .malformed,
          adopted: row.isNull(2) ? nil : Digest(bytes: row.blob(2))
        )
      }.sorted {
        ($0.changeset.header.writer, $0.changeset.header.sequence, $0.changeset.id)
          < ($1.changeset.header.writer, $1.changeset.header.sequence, $1.changeset.id)
      }
      var authors = Dictionary(
        uniqueKeysWithValues: try connection.all("SELECT id, key FROM writer") {
          (WriterID(bytes: $0.blob(0)), PublicKey(bytes: $0.blob(1)))
        })
      // A writer's name is a hash of his key: what introduces him can be believed wherever it stands.
      for introduction in rows.compactMap(\.changeset.header.introduction) {
        authors[introduction.writer] = introduction.key
      }
      let keys = try keyring()
      return rows.map { changeset, reason, adopted in
        let author = authors[changeset.header.writer]
        return Quarantined(
          changeset: changeset, reason: reason, body: try? changeset.decodedBody(keys),
          author: author.flatMap { changeset.isSigned(by: $0) ? $0 : nil }, adopted: adopted)
      }
    }
  }

  /// Says what others' changesets say that do not count, in our own name: as if their author had sat at this machine. What
  /// was changed since he wrote stays beside it, for a decision. They stay in quarantine, as what they are.
  ///
  /// What he wrote before, and what he had seen there, comes along: it may be what these change. What changes a text that is
  /// not here cannot be said again and is left.
  /// - Parameter ids: of what ``Quarantined/isAdoptable``; others are left alone.
  /// - Returns: those that were taken over.
  public func adopt(_ ids: Set<ChangesetID>) throws -> [Quarantined] {
    try connection.transaction {
      let all = try quarantined().sorted {
        Self.order($0.changeset.header) < Self.order($1.changeset.header)
      }
      let wanted = Self.withCauses(ids, among: all)
      var there = try knownChangesets()
      var here = there
      var states: [EntityID: EntityState] = [:]
      var chosen: [Quarantined] = []
      for one in all
      where one.adopted != nil || (one.isAdoptable && wanted.contains(one.changeset.id)) {
        let header = one.changeset.header
        let place = Join.Place(writer: header.writer, sequence: header.sequence)
        guard let body = one.body, here[place] == nil, try apply(body, header, to: &states) else {
          continue
        }
        here[place] = one.changeset.id
        // What was taken over before is known here by our own changes: what builds on it is not.
        if one.adopted == nil { chosen.append(one) } else { there[place] = one.changeset.id }
      }
      guard !chosen.isEmpty else { return [] }
      let join = Join(here: here, there: there)
      let own = try identity().head.writer
      let operations = try states.sorted { $0.key < $1.key }.flatMap { id, state in
        let present = try self.state(of: id, withTexts: true)
        let deletions = present.map { join.deletions(state, $0, on: id, by: own) } ?? []
        return deletions.isEmpty ? join.writes(state, present, on: id) : deletions
      }
      let id = try commit("adopt", operations)
      for one in chosen {
        try connection.run(
          "UPDATE quarantine SET adopted = ? WHERE id = ?", .blob((id ?? .zero).bytes),
          .blob(one.changeset.id.bytes))
      }
      return chosen
    }
  }

  /// - Returns: false when it changes a text that is not here; nothing is applied then.
  private func apply(
    _ body: Body, _ header: Header, to states: inout [EntityID: EntityState]
  ) throws -> Bool {
    var changed = states
    for (index, operation) in body.operations.enumerated() {
      if case .unknown = operation.action { continue }
      let entity = operation.entity
      var state =
        try changed[entity] ?? state(of: entity, withTexts: true)
        ?? EntityState(kind: operation.kind)
      if case .edit(_, let edit) = operation.action {
        guard
          state.documents.contains(where: { $0.id == edit.text })
            || state.fields.contains(where: { $0.alive.contains { $0.id == edit.text } })
        else { return false }
      }
      state.apply(
        operation,
        id: ChangeID(writer: header.writer, sequence: header.sequence, index: index),
        clock: header.clock)
      changed[entity] = state
    }
    states = changed
    return true
  }

  /// Those, what their authors had written before, and what they had seen.
  private static func withCauses(
    _ ids: Set<ChangesetID>, among all: [Quarantined]
  ) -> Set<ChangesetID> {
    var wanted = ids
    while true {
      let chosen = all.map(\.changeset).filter { wanted.contains($0.id) }
      var last: [WriterID: UInt64] = [:]
      for one in chosen {
        last[one.header.writer] = max(last[one.header.writer] ?? 0, one.header.sequence)
      }
      let seen = Set(chosen.flatMap { $0.header.seen.map(\.id) })
      let more = all.map(\.changeset).filter { one in
        seen.contains(one.id) || (last[one.header.writer] ?? 0) > one.header.sequence
      }
      let grown = wanted.union(more.map(\.id))
      if grown == wanted { return wanted }
      wanted = grown
    }
  }

  /// By the clock, which no cause is behind.
  private static func order(_ header: Header) -> (UInt64, WriterID, UInt64) {
    (header.clock.rawValue, header.writer, header.sequence)
  }
}
