internal import ChangeLog
internal import SQLite

/// Two logs of one workspace that begin with snapshots of which neither stands for all of the other: a server was
/// lost, and before all had met at the new one the changesets themselves were dropped.
extension Replica {
  /// Goes on from a snapshot that lacks some of what ours stands for. What is alive here and not known there is
  /// written again by a new writer; what was replaced or deleted here and stands there is replaced or deleted
  /// again. Changesets that are here beyond the snapshot go to quarantine: what they say is in what is written.
  ///
  /// - Returns: what went to quarantine, and how many changesets were written.
  func beginAnew(
    with snapshot: Snapshot, _ store: () throws -> Void
  ) throws -> (displaced: [ChangesetID], reissued: Int) {
    try beginAnew(keeping: Set(snapshot.entries.map(\.id)), store)
  }

  /// The same for a remote that has all of its changesets, and another branch of a writer than our beginning stands
  /// for: it will never take that. All that is alive here is written again, on top of nothing, and the remote's log
  /// is read from its first changeset: what is there already is then there twice, and shown once.
  func beginAnewWithNothing() throws -> (displaced: [ChangesetID], reissued: Int) {
    try connection.transaction {
      let fork = try beginAnew(keeping: []) { try clearSnapshot() }
      try moveCursor(
        to: Cursor(log: identity().cursor.log, position: 0, hash: .zero), after: 0)
      return fork
    }
  }

  private func beginAnew(
    keeping kept: Set<ChangesetID>, _ store: () throws -> Void
  ) throws -> (displaced: [ChangesetID], reissued: Int) {
    var former: [EntityID: EntityState] = [:]
    try forEachState { id, state in
      former[id] = try displayed(state)
      former[id]?.documents = try documents(of: id)
    }
    let here = try knownChangesets()
    let displaced = try setAside(allBut: kept)
    try store()
    try takeNewName()
    try applyAnew()
    let join = Join(here: here, there: try knownChangesets())

    let first = try identity().head.sequence
    try write(join, former)
    return (displaced, Int(try identity().head.sequence - first))
  }

  /// Makes records what they are on both sides of a join.
  ///
  /// - Parameter here: as they are on the side that is not in the log here.
  private func write(_ join: Join, _ here: [EntityID: EntityState]) throws {
    let here = here.sorted { $0.key < $1.key }
    var operations: [Operation] = []
    for (id, state) in here {
      operations += join.writes(state, try self.state(of: id, withTexts: true), on: id)
    }
    try commit("begin anew", operations)
    // Deletions name what was just written too.
    operations = []
    for (id, state) in here {
      guard let present = try self.state(of: id) else { continue }
      operations += join.deletions(state, present, on: id, by: try identity().head.writer)
    }
    try commit("begin anew", operations)
  }

  /// Of each writer every changeset that is here or stands in our snapshot, by its number.
  func knownChangesets() throws -> Join.Known {
    var known = Join.Known()
    try connection.forEach(
      """
      SELECT writer.id, found.sequence, found.id FROM (
        SELECT writer, sequence, id FROM changeset WHERE applied IS NOT NULL
        UNION SELECT writer, sequence, id FROM snapshot_changeset) AS found
      JOIN writer ON writer.number = found.writer
      """, []
    ) { row in
      let place = Join.Place(writer: WriterID(bytes: row.blob(0)), sequence: UInt64(row.int(1)))
      known[place] = Digest(bytes: row.blob(2))
    }
    return known
  }

  private func setAside(allBut kept: Set<ChangesetID>) throws -> [ChangesetID] {
    let gone = try connection.all("SELECT number, id FROM changeset ORDER BY number") {
      (number: $0.int(0), id: Digest(bytes: $0.blob(1)))
    }.filter { !kept.contains($0.id) }
    for (number, _) in gone {
      try connection.run(
        """
        INSERT INTO quarantine (id, reason, bytes)
        SELECT id, ?2, bytes FROM changeset WHERE number = ?1
        ON CONFLICT (id) DO UPDATE SET reason = excluded.reason
        """, .int(number), .int(Int64(Verdict.Refusal.forked.rawValue)))
      try connection.run("DELETE FROM changeset WHERE number = ?", .int(number))
    }
    return gone.map(\.id)
  }

  /// Every writer is at the end that the snapshot knows, those it does not know are gone, and we are a new one.
  private func takeNewName() throws {
    try connection.execute(
      """
      DELETE FROM writer WHERE number NOT IN (SELECT writer FROM snapshot_writer);
      UPDATE writer SET (sequence, head) = (
        SELECT sequence, head FROM snapshot_writer WHERE writer = number);
      """)
    try startNewWriter()
  }
}

/// The join of what two replicas hold whose changes have no common order any more: a value that one has and the
/// other once had was replaced there; one that the other never had is new (as in delta-state sets with a causal
/// context, Almeida, Shoker and Baquero 2018).
struct Join {
  typealias Known = [Place: ChangesetID]

  struct Place: Hashable {
    let writer: WriterID
    let sequence: UInt64
  }

  let here: Known
  let there: Known

  /// Whether both sides had the very changeset of a change.
  private func isKnownToBoth(_ change: ChangeID) -> Bool {
    let place = Place(writer: change.writer, sequence: change.sequence)
    return here[place] != nil && here[place] == there[place]
  }

  /// What makes values of `present`, the state there, those of both sides.
  func writes(_ former: EntityState, _ present: EntityState?, on id: EntityID) -> [Operation] {
    var actions: [Operation.Action] = []
    let present = present ?? EntityState(kind: former.kind)
    for field in former.fields {
      let rival = present.fields.first { $0.number == field.number && $0.shape == field.shape }
      actions += writes(field, rival?.alive ?? [], documents: present)
    }
    for rival in present.fields where rival.shape == .set {
      let alive = former.fields.first { $0.number == rival.number && $0.shape == .set }?.alive ?? []
      let gone = obsolete(rival.alive, besides: alive).flatMap(\.changes)
      if !gone.isEmpty { actions.append(.remove(rival.number, gone)) }
    }
    let restored = present.tombstones.map(\.id).filter { deletion in
      isKnownToBoth(deletion) && !former.tombstones.contains { $0.id == deletion }
    }
    if !restored.isEmpty, !former.isDeleted { actions.append(.restore(restored)) }
    return actions.map { Operation(entity: id, kind: former.kind, $0) }
  }

  /// What was deleted here, not knowing of the other side, is deleted there as far as it was known.
  func deletions(
    _ former: EntityState, _ present: EntityState, on id: EntityID, by own: WriterID
  ) -> [Operation] {
    guard former.isDeleted, former.tombstones.contains(where: { !isKnownToBoth($0.id) }) else {
      return []
    }
    let seen = present.aliveChanges.filter { $0.writer == own || isKnownToBoth($0) }
    return [Operation(entity: id, kind: former.kind, .delete(seen: seen))]
  }

  private func writes(
    _ field: FieldState, _ rivals: [FieldState.AliveValue], documents present: EntityState
  ) -> [Operation.Action] {
    var lost = field.alive.filter { value in
      !value.changes.allSatisfy(isKnownToBoth) && !rivals.contains { $0.value == value.value }
    }
    if field.shape == .set { return lost.map { .add(field.number, $0.value) } }
    var gone = obsolete(rivals, besides: field.alive)
    var actions: [Operation.Action] = []
    for value in lost {
      guard let rival = rivals.first(where: { $0.id == value.id }), isKnownToBoth(value.id),
        rival.changes.allSatisfy(isKnownToBoth), case .text(let text) = value.value,
        let edit = present.document(of: rival, in: field.number)?.edit(to: text.string)
      else { continue }
      // Edited on this side only: an edit of the same text.
      actions.append(.edit(field.number, edit))
      lost.removeAll { $0.id == value.id }
      gone.removeAll { $0.id == value.id }
    }
    if lost.isEmpty, !gone.isEmpty, let shown = field.alive.last { lost = [shown] }
    for value in lost {
      let replaced = gone.flatMap(\.changes)
      gone = []
      switch (field.shape, value.value) {
      case (.text, .text(let text)):
        actions.append(.write(field.number, text, replacing: replaced))
      default: actions.append(.put(field.number, value.value, replacing: replaced))
      }
    }
    return actions
  }

  /// What stands there although it was replaced here.
  private func obsolete(
    _ rivals: [FieldState.AliveValue], besides alive: [FieldState.AliveValue]
  ) -> [FieldState.AliveValue] {
    rivals.filter { rival in
      rival.changes.allSatisfy(isKnownToBoth) && !alive.contains { $0.id == rival.id }
    }
  }
}
