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
  /// By which changeset somebody has said the same, this device or another one; nil while nobody has.
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
      let rows = try connection.all(
        """
        SELECT bytes, reason, adoption.by FROM quarantine
        LEFT JOIN adoption ON adoption.id = quarantine.id AND adoption.undone IS NULL
        """
      ) { row in
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
  /// What was written before on the same records, and on those they name, comes along: it may be what these change. What
  /// changes a text that is not here cannot be said again and is left.
  /// - Parameter ids: of what ``Quarantined/isAdoptable``; others are left alone.
  /// - Returns: those that were taken over.
  public func adopt(_ ids: Set<ChangesetID>) throws -> [Quarantined] {
    try connection.transaction {
      let before = try quarantined().filter(\.isAdoptable)
      try adoptAgain(ids)
      try adoptAnew(ids)
      let after = Set(try quarantined().filter { $0.adopted != nil }.map(\.changeset.id))
      return before.filter { after.contains($0.changeset.id) }
    }
  }

  /// What was taken over and that taken back comes again as it was, by an undo of the undo.
  private func adoptAgain(_ ids: Set<ChangesetID>) throws {
    let undone = try connection.all(
      "SELECT id, undone FROM adoption WHERE undone IS NOT NULL ORDER BY id"
    ) { (id: Digest(bytes: $0.blob(0)), by: Digest(bytes: $0.blob(1))) }
    for undo in Set(undone.filter { ids.contains($0.id) }.map(\.by)).sorted() {
      guard let logged = try changeset(undo) else { continue }
      let inverse = try inverse(of: command(of: logged))
      try commit("adopt", undoes: undo, inverse.operations)
    }
  }

  private func adoptAnew(_ ids: Set<ChangesetID>) throws {
    let all = Self.causesFirst(try quarantined())
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
    guard !chosen.isEmpty else { return }
    let join = Join(here: here, there: there)
    let own = try identity().head.writer
    let operations = try states.sorted { $0.key < $1.key }.flatMap { id, state in
      let present = try self.state(of: id, withTexts: true)
      let deletions = present.map { join.deletions(state, $0, on: id, by: own) } ?? []
      return deletions.isEmpty ? try join.writes(displayed(state), present, on: id) : deletions
    }
    try commit("adopt", adopting: chosen.map(\.changeset.id), operations)
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

  /// Those, and what was written before them on the same records, or on records that they name.
  private static func withCauses(
    _ ids: Set<ChangesetID>, among all: [Quarantined]
  ) -> Set<ChangesetID> {
    var wanted = ids
    var entities: Set<EntityID> = []
    // From the last one on: what a cause is built on is wanted too.
    for one in all.reversed() {
      let named = Set((one.body?.operations ?? []).flatMap { [$0.entity] + $0.action.references })
      let written = Set((one.body?.operations ?? []).map(\.entity))
      guard wanted.contains(one.changeset.id) || !written.isDisjoint(with: entities) else {
        continue
      }
      wanted.insert(one.changeset.id)
      entities.formUnion(named)
    }
    return wanted
  }

  /// Notes what a changeset says again of the quarantine, or takes back of that.
  func noteAdoption(by id: ChangesetID, _ body: Body) throws {
    for adopted in body.adopts {
      try connection.run(
        "INSERT OR REPLACE INTO adoption VALUES (?, ?, NULL)", .blob(adopted.bytes),
        .blob(id.bytes))
    }
    guard let undone = body.undoes else { return }
    // An undo takes it back, an undo of that brings it again.
    try connection.run(
      "UPDATE adoption SET undone = NULL WHERE undone = ?", .blob(undone.bytes))
    try connection.run(
      "UPDATE adoption SET undone = ? WHERE by = ?", .blob(id.bytes), .blob(undone.bytes))
  }

  /// Each behind all that its author had seen; by the clock where that leaves a choice. The clock alone would not do: one that
  /// is far ahead moves nobody else's.
  private static func causesFirst(_ all: [Quarantined]) -> [Quarantined] {
    // By writer and in the order of writing, as they come.
    var waiting = Dictionary(grouping: all) { $0.changeset.header.writer }.mapValues { $0[...] }
    func isFree(_ header: Header) -> Bool {
      header.seen.allSatisfy { seen in
        waiting[seen.writer]?.first.map { $0.changeset.header.sequence > seen.sequence } ?? true
      }
    }
    var sorted: [Quarantined] = []
    while sorted.count < all.count {
      let next = waiting.values.compactMap(\.first).map(\.changeset.header)
        .sorted { ($0.clock.rawValue, $0.writer) < ($1.clock.rawValue, $1.writer) }
      // In a circle, which nobody can have written who did not forge it, any comes first.
      guard let one = next.first(where: isFree) ?? next.first,
        let taken = waiting[one.writer]?.popFirst()
      else { break }
      sorted.append(taken)
    }
    return sorted
  }
}

extension Operation.Action {
  /// The records that the value it writes names.
  fileprivate var references: [EntityID] {
    func named(by value: Value) -> [EntityID] {
      switch value {
      case .entity(let id): [id]
      case .list(let items): items.flatMap(named)
      default: []
      }
    }
    return value.map(named) ?? []
  }
}
