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
  /// - Parameter ids: of what ``Quarantined/isAdoptable``; others are left alone.
  /// - Returns: how many were taken over.
  public func adopt(_ ids: Set<ChangesetID>) throws -> Int {
    try connection.transaction {
      let chosen = try quarantined()
        .filter { ids.contains($0.changeset.id) && $0.isAdoptable }
        .sorted { Self.order($0.changeset.header) < Self.order($1.changeset.header) }
      guard !chosen.isEmpty else { return 0 }
      let there = try knownChangesets()
      var here = there
      var wanted: [EntityID: EntityState] = [:]
      for one in chosen {
        let header = one.changeset.header
        here[Join.Place(writer: header.writer, sequence: header.sequence)] = one.changeset.id
        for (index, operation) in (one.body?.operations ?? []).enumerated() {
          if case .unknown = operation.action { continue }
          let entity = operation.entity
          var state =
            try wanted[entity] ?? state(of: entity, withTexts: true)
            ?? EntityState(kind: operation.kind)
          state.apply(
            operation,
            id: ChangeID(writer: header.writer, sequence: header.sequence, index: index),
            clock: header.clock)
          wanted[entity] = state
        }
      }
      let id = try write(Join(here: here, there: there), wanted, as: "adopt")
      for one in chosen {
        try connection.run(
          "UPDATE quarantine SET adopted = ? WHERE id = ?", .blob((id ?? .zero).bytes),
          .blob(one.changeset.id.bytes))
      }
      return chosen.count
    }
  }

  private static func order(_ header: Header) -> (UInt64, WriterID, UInt64) {
    (header.clock.rawValue, header.writer, header.sequence)
  }
}
