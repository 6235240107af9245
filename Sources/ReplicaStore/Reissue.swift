public import ChangeLog
internal import SQLite

extension Replica {
  /// Enters a workspace: what was written here alone, under all names this store had, is written again there, under a
  /// new one.
  ///
  /// - Parameters:
  ///   - entities: entities that take another id there, such as the person at this machine.
  ///   - keys: of an encrypted workspace, by epoch; what is written again is sealed with the newest.
  /// - Throws: ``ReplicaError/alreadyJoined`` when other writers' changesets are here, or some were sent.
  public func join(
    _ workspace: WorkspaceID, renaming entities: [EntityID: EntityID] = [:],
    holding keys: [UInt64: EpochKey] = [:]
  ) throws {
    try connection.transaction {
      let isShared = try connection.first(
        """
        SELECT EXISTS (
            SELECT 1 FROM writer
            WHERE sequence > 0 AND key != ? AND key NOT IN (SELECT key FROM former_key))
          OR (SELECT position FROM replica) > 0
        """, .blob(publicKey.bytes)
      ) { $0.bool(0) }
      guard isShared == false else { throw ReplicaError.alreadyJoined }
      try connection.run("UPDATE replica SET workspace = ?", .blob(workspace.bytes))
      try connection.execute("UPDATE epoch SET seals = 0")
      try store(keys, sealingWith: keys.keys.max())
      let former = try connection.all(
        """
        SELECT id, number FROM writer
        WHERE sequence > 0 AND number != (SELECT writer FROM replica)
        """
      ) { (WriterID(bytes: $0.blob(0)), (number: $0.int(1), sequence: UInt64(1))) }
      _ = try reissue(
        after: 0, with: takeOut(Dictionary(uniqueKeysWithValues: former)), renaming: entities)
    }
  }

  /// Goes on under a new name, because this store is a copy or was set back: the old one may write on too.
  ///
  /// What is unsent stays as it is. Whichever copy sends it, it is the same.
  public func startNewWriter() throws {
    try connection.transaction {
      let introduction = try newIntroduction()
      try insertWriter(introduction)
      try connection.run(
        "UPDATE replica SET writer = ?, salt = ?", .int(connection.lastInsertedRow),
        .blob(introduction.salt.bytes))
      // A writer's first changeset says all it has seen.
      try connection.execute(
        "DELETE FROM writer WHERE sequence = 0 AND number != (SELECT writer FROM replica)")
      try declareAnew()
    }
  }

  /// Notices that this store is a copy or an old backup of one that wrote on: the remote knows later
  /// changesets of our own writer, or another one in the place of ours.
  ///
  /// Then it takes a new name and writes again what was unsent.
  /// - Returns: how many changesets that were; nil when nothing was wrong.
  func becomeNewWriterIfForked(
    _ response: SyncResponse, to request: SyncRequest
  ) throws -> Int? {
    // A remote that lost what we had read took nothing of this request; the next one tells.
    if case .diverged = response.page { return nil }
    return try connection.transaction {
      guard try isForked(response, to: request) else { return nil }
      let shared = try lastShared(identity().head.writer, response, request)
      return try reissue(after: shared, without: letGoOfDependents(onOwnAfter: shared))
    }
  }

  /// Whether the remote has a changeset of our own writer that is not ours.
  func isForked(_ response: SyncResponse, to request: SyncRequest) throws -> Bool {
    guard try response.own.writer == identity().head.writer, response.own.sequence > 0 else {
      return false
    }
    let isAhead = response.own.sequence > request.own.sequence
    let same = try id(of: Int(response.own.sequence), by: identity().number)
    // Not yet known here that it was accepted: the answer to an earlier request was lost.
    return isAhead || same != response.own.id
  }

  /// The last of our changesets that the remote has: by its place there, or because it took this one again.
  private func lastShared(
    _ own: WriterID, _ response: SyncResponse, _ request: SyncRequest
  ) throws -> Int {
    let placed =
      try connection.first(
        """
        SELECT coalesce(max(sequence), 0) FROM (
          SELECT sequence FROM changeset
          WHERE writer = (SELECT writer FROM replica) AND position IS NOT NULL
          UNION ALL
          SELECT sequence FROM snapshot_writer WHERE writer = (SELECT writer FROM replica))
        """
      ) { $0.int(0) } ?? 0
    let taken = try zip(request.changesets, response.verdicts).compactMap { bytes, verdict in
      guard case .accepted = verdict else { return nil as Int? }
      let header = try Changeset(bytes: bytes).header
      return header.writer == own ? Int(header.sequence) : nil
    }
    return max(placed, taken.max() ?? 0)
  }

  /// A new writer's changesets say all over again what it has seen, and of the remote's log how far it is read.
  private func declareAnew() throws {
    try connection.execute("UPDATE writer SET declared = 0; UPDATE replica SET checkpoint = x''")
  }

  /// Writes our changesets after `shared` again, under a new writer, with the same words and times of day.
  ///
  /// - Parameters:
  ///   - former: what we wrote before under other names and was taken out of the log: written again first.
  ///   - gone: changes they must no longer name.
  /// - Returns: how many were written again.
  func reissue(
    after shared: Int, with former: [Changeset] = [],
    renaming entities: [EntityID: EntityID] = [:], without gone: Gone = Gone()
  ) throws -> Int {
    let old = try identity()
    let unsent =
      try former
      + connection.all(
        """
        SELECT bytes FROM changeset
        WHERE writer = (SELECT writer FROM replica) AND sequence > ? ORDER BY sequence
        """, .int(shared)
      ) { try Changeset(bytes: $0.blob(0)) }
    let keys = try keyring()
    let bodies = try unsent.map { try $0.decodedBody(keys) }

    try connection.run(
      "DELETE FROM changeset WHERE writer = ? AND sequence > ?", .int(old.number), .int(shared))
    try connection.run(
      "UPDATE writer SET sequence = ?1, applied = ?1, declared = 0, head = ?2 WHERE number = ?3",
      .int(shared), .blob(try id(of: shared, by: old.number).bytes), .int(old.number))
    try connection.run("DELETE FROM writer WHERE sequence = 0")
    let introduction = try newIntroduction()
    try insertWriter(introduction)
    try connection.run(
      "UPDATE replica SET writer = ?, salt = ?", .int(connection.lastInsertedRow),
      .blob(introduction.salt.bytes))
    try declareAnew()
    try rebuild()

    var rename = Renaming(
      unsent.map(\.header), to: introduction.writer, entities: entities, gone: gone)
    var renamed: [ChangesetID: ChangesetID] = [:]
    for (changeset, body) in zip(unsent, bodies) {
      var body = rename(body, of: changeset.header)
      body.undoes = body.undoes.map { renamed[$0] ?? $0 }
      let again = try write(
        body, isContinued: changeset.header.isContinued, at: changeset.header.clock)
      renamed[changeset.id] = again.id
      var applier = try Applier(self)
      let number = try append(again, body: body, to: &applier)
      try connection.run(
        """
        UPDATE changeset SET applied = (SELECT coalesce(max(applied), 0) + 1 FROM changeset)
        WHERE number = ?
        """, .int(number))
      try applier.finish()
    }
    return unsent.count
  }
}

/// Gives changesets of former names to a new one, in the names other changes know them by.
private struct Renaming {
  /// Of each former name the numbers of its changesets, and those they have now.
  private var numbers: [WriterID: [UInt64: UInt64]] = [:]
  let to: WriterID
  let entities: [EntityID: EntityID]
  let gone: Gone
  /// Texts that are gone and were written whole in their place, and by which change last.
  private var whole: [ChangeID: ChangeID] = [:]
  /// Of each text our last edits that stay under former names: later ones know them by ours alone.
  private var kept: [ChangeID: [WriterID: ChangeID]] = [:]

  /// - Parameter former: of what is written again, in its order.
  init(_ former: [Header], to: WriterID, entities: [EntityID: EntityID], gone: Gone) {
    for (index, header) in former.enumerated() {
      numbers[header.writer, default: [:]][header.sequence] = UInt64(index) + 1
    }
    self.to = to
    self.entities = entities
    self.gone = gone
  }

  /// As many operations as before, each in its place: later changesets name them by it.
  mutating func callAsFunction(_ body: Body, of header: Header) -> Body {
    var body = body
    for (index, operation) in body.operations.enumerated() {
      let id = ChangeID(writer: header.writer, sequence: header.sequence, index: index)
      body.operations[index] = Operation(
        entity: entities[operation.entity] ?? operation.entity, kind: operation.kind,
        renamed(operation.action, id))
    }
    return body
  }

  private mutating func renamed(_ action: Operation.Action, _ id: ChangeID) -> Operation.Action {
    switch action {
    case .put(let field, let value, let replaced):
      return .put(field, renamed(value), replacing: renamed(replaced))
    case .write(let field, let text, let replaced):
      return .write(field, text, replacing: renamed(replaced))
    case .edit(let field, let edit):
      guard whole[edit.text] != nil || edit.named.contains(where: gone.contains),
        let text = gone.text(after: id)
      else { return .edit(field, renamed(edit)) }
      // Its text is not there any more: the words stay, as a text of their own.
      let former = whole[edit.text].map { [$0] } ?? renamed([edit.text])
      whole[edit.text] = renamed(id)
      return .write(field, text, replacing: former)
    case .add(let field, let value): return .add(field, renamed(value))
    case .unknown: return action
    case .remove(let field, let changes): return .remove(field, renamed(changes))
    case .delete(let changes): return .delete(seen: renamed(changes))
    case .restore(let changes): return .restore(renamed(changes))
    }
  }

  private mutating func renamed(_ edit: TextEdit) -> TextEdit {
    var again = edit.renaming(renamed)
    for known in edit.seen where numbers[known.writer] != nil && renamed(known) == known {
      kept[edit.text, default: [:]][known.writer] = known
    }
    // Of each writer the last: several names have become one.
    var seen = kept[edit.text] ?? [:]
    for known in again.seen { seen[known.writer] = max(seen[known.writer] ?? known, known) }
    again.seen = seen.values.sorted()
    return again
  }

  private func renamed(_ value: Value) -> Value {
    switch value {
    case .entity(let id): .entity(entities[id] ?? id)
    case .list(let items): .list(items.map(renamed))
    default: value
    }
  }

  private func renamed(_ changes: [ChangeID]) -> [ChangeID] {
    changes.filter { !gone.contains($0) }.map(renamed)
  }

  private func renamed(_ change: ChangeID) -> ChangeID {
    guard let sequence = numbers[change.writer]?[change.sequence] else { return change }
    return ChangeID(writer: to, sequence: sequence, index: change.index)
  }
}
