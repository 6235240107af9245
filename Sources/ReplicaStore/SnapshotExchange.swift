public import ChangeLog
internal import SQLite

/// A log that begins with a snapshot: made here, taken from a remote, or made of our own log to save room.
extension Replica {
  /// What the log here amounts to at the cursor, for those who come later.
  ///
  /// - Returns: nil unless all that is here is in the remote's log and all of that log is here and applied, every
  ///   operation of it understood: only then does a snapshot say neither more nor less than the log.
  public func makeSnapshot() throws -> Snapshot? {
    try connection.reading {
      let identity = try identity()
      guard identity.cursor.position > 0, try isComplete() else { return nil }
      let writers = try introductions()
      let places = Dictionary(
        uniqueKeysWithValues: writers.enumerated().map { ($1.number, $0) })
      var snapshot = Snapshot(
        workspace: identity.workspace, writers: writers.map(\.introduction), entries: [],
        entities: [])
      try connection.forEach(
        """
        SELECT writer, id FROM (
          SELECT writer, id, position FROM changeset
          UNION SELECT writer, id, position FROM snapshot_changeset)
        ORDER BY position
        """, []
      ) { row in
        guard let place = places[row.int(0)] else { throw ReplicaError.damaged("a writer's name") }
        snapshot.entries.append(Snapshot.Entry(writer: place, id: Digest(bytes: row.blob(1))))
      }
      guard snapshot.position == identity.cursor.position,
        snapshot.hash() == identity.cursor.hash
      else { return nil }
      try forEachState { id, state in
        var state = state
        state.documents = try documents(of: id)
        snapshot.entities.append(Snapshot.Entity(id: id, state: state))
      }
      return snapshot
    }
  }

  private func isComplete() throws -> Bool {
    let isOpen = try connection.first(
      """
      SELECT EXISTS (SELECT 1 FROM changeset WHERE position IS NULL OR applied IS NULL)
        OR EXISTS (SELECT 1 FROM held)
        OR EXISTS (SELECT 1 FROM snapshot_changeset WHERE position IS NULL)
      """
    ) { $0.bool(0) }
    guard isOpen == false else { return false }
    var isUnderstood = true
    try forEachApplied { _, changeset in
      for operation in try changeset.decodedBody(keyring()).operations {
        if case .unknown = operation.action { isUnderstood = false }
      }
    }
    return isUnderstood
  }

  // MARK: Taking one

  /// Takes a snapshot in the place of the changesets it stands for. What is here beyond them stays, the unsent
  /// above all, and is applied again on top of it.
  ///
  /// - Parameters:
  ///   - log: the remote's log that it is of; nil when it came by bundle.
  ///   - isAnew: the remote can never take what ours stands for beyond it: see ``beginAnew(with:_:)``.
  /// - Throws: ``ReplicaError/brokenAnswer(_:)`` when it is not what follows our cursor;
  ///   ``ReplicaError/newer`` when a newer program made it; ``ReplicaError/otherBeginning`` when it came by bundle and
  ///   lacks what the one our log begins with stands for. Nothing is saved then.
  @discardableResult
  public func take(
    _ snapshot: Snapshot, of log: LogID?, beginningAnew isAnew: Bool = false
  ) throws -> Step {
    try connection.transaction {
      let identity = try identity()
      guard snapshot.workspace == identity.workspace else { throw ReplicaError.otherWorkspace }
      guard snapshot.reader <= Header.reader else { throw ReplicaError.newer }
      let cursor = identity.cursor
      if log != nil, !isAnew {
        guard snapshot.position > cursor.position,
          snapshot.hash(at: cursor.position) == cursor.hash
        else { throw ReplicaError.brokenAnswer("its snapshot does not follow") }
      }
      var step = Step()
      step.isBehind = true
      // By name: of a copied store another branch may be here, and as long.
      if try isAnew || snapshot.heads.contains(where: { try !has($0.id) }) {
        try takeNews(snapshot, byRemote: log != nil, &step)
      }
      guard let log else { return step }
      try place(snapshot)
      var end = Cursor(log: log, position: 0, hash: .zero)
      let read = snapshot.entries.map { entry in
        end = end.advanced(over: entry.id)
        return end
      }
      let shared = isAnew ? 0 : cursor.position
      try moveCursor(to: end, after: shared, reading: Array(read[shared...]))
      step.received.splitViews = try compareCheckpoints()
      return step
    }
  }

  private func takeNews(_ snapshot: Snapshot, byRemote: Bool, _ step: inout Step) throws {
    let news = try snapshot.entries.lazy.filter { try !self.has($0.id) }.count
    let fork: (displaced: [ChangesetID], reissued: Int)
    if try standsForAllOfOurs(snapshot) {
      fork = try takeOnTop(snapshot, &step)
    } else {
      // Of two replicas both would give up their beginning for the other's; a remote does not.
      guard byRemote else { throw ReplicaError.otherBeginning }
      fork = try beginAnew(with: snapshot) { try store(snapshot) }
    }
    step.received = try receive(takeHeld())
    step.received.applied += news
    step.received.writers.formUnion(snapshot.heads.map(\.writer))
    step.received.quarantined += fork.displaced.map { ($0, .forked) }
    step.reissued += fork.reissued
    try witness(snapshot)
  }

  private func takeOnTop(
    _ snapshot: Snapshot, _ step: inout Step
  ) throws -> (displaced: [ChangesetID], reissued: Int) {
    if let own = try branches(besides: snapshot)[identity().head.writer] {
      let shared = Int(own.sequence) - 1
      step.reissued += try reissue(after: shared, without: letGoOfDependents(onOwnAfter: shared))
    }
    return try giveWay(branches(besides: snapshot)) {
      try store(snapshot)
      try connection.run(
        """
        UPDATE writer SET (sequence, head) = (
          SELECT sequence, head FROM snapshot_writer WHERE writer = number)
        WHERE sequence < (SELECT sequence FROM snapshot_writer WHERE writer = number)
        """)
      try applyAnew()
    }
  }

  /// What our own log begins with must not be taken away.
  private func standsForAllOfOurs(_ snapshot: Snapshot) throws -> Bool {
    guard try hasSnapshot() else { return true }
    let names = Set(snapshot.entries.map(\.id))
    return try connection.all("SELECT id FROM snapshot_changeset") { Digest(bytes: $0.blob(0)) }
      .allSatisfy { names.contains($0) }
  }

  /// Of each writer the first changeset here that has another one in its place there.
  private func branches(
    besides snapshot: Snapshot
  ) throws -> [WriterID: (number: Int, sequence: UInt64)] {
    let names = Set(snapshot.entries.map(\.id))
    let heads = Dictionary(
      uniqueKeysWithValues: snapshot.heads.map { ($0.writer, $0.sequence) })
    var branches: [WriterID: (number: Int, sequence: UInt64)] = [:]
    try connection.forEach(
      """
      SELECT writer.id, writer.number, changeset.sequence, changeset.id
      FROM changeset JOIN writer ON writer.number = changeset.writer
      ORDER BY changeset.writer, changeset.sequence DESC
      """, []
    ) { row in
      let writer = WriterID(bytes: row.blob(0))
      guard let head = heads[writer], UInt64(row.int(2)) <= head,
        !names.contains(Digest(bytes: row.blob(3)))
      else { return }
      branches[writer] = (row.int(1), UInt64(row.int(2)))
    }
    return branches
  }

  private func store(_ snapshot: Snapshot) throws {
    let placed = try connection.all(
      """
      SELECT id, position FROM changeset WHERE position IS NOT NULL
      UNION SELECT id, position FROM snapshot_changeset WHERE position IS NOT NULL
      """
    ) { (Digest(bytes: $0.blob(0)), $0.int(1)) }
    let positions = Dictionary(placed) { first, _ in first }
    try clearSnapshot()
    for introduction in snapshot.writers
    where try connection.first(
      "SELECT 1 FROM writer WHERE id = ?", .blob(introduction.writer.bytes), row: { _ in true })
      == nil
    {
      try insertWriter(introduction)
    }
    let numbers = try writerNumbers()
    for (introduction, head) in zip(snapshot.writers, snapshot.heads) {
      try connection.run(
        "INSERT INTO snapshot_writer VALUES (?, ?, ?, ?)", .int(numbers[head.writer]!),
        .blob(introduction.salt.bytes), .int(Int64(head.sequence)), .blob(head.id.bytes))
    }
    var sequences = [Int](repeating: 0, count: snapshot.writers.count)
    let rows = snapshot.entries.enumerated().map { index, entry in
      sequences[entry.writer] += 1
      return (id: entry.id, entry.writer, sequences[entry.writer], index + 1)
    }
    // In the order of the table.
    for (id, writer, sequence, place) in rows.sorted(by: { $0.id < $1.id }) {
      try connection.run(
        "INSERT INTO snapshot_changeset VALUES (?, ?, ?, ?, ?)", .blob(id.bytes),
        .int(numbers[snapshot.writers[writer].writer]!), .int(sequence), .int(place),
        positions[id].map { .int($0) } ?? .null)
    }
    // What it stands for counts.
    try connection.execute(
      "DELETE FROM quarantine WHERE id IN (SELECT id FROM snapshot_changeset)")
    for entity in snapshot.entities {
      try connection.run(
        "INSERT INTO snapshot_entity VALUES (?, ?, ?)", .blob(entity.id.bytes),
        .int(Int64(entity.state.kind)), .blob(entity.state.encoded(naming: numbers)))
      for document in entity.state.documents {
        try store(document, of: entity.id, in: "snapshot_text")
      }
    }
  }

  func clearSnapshot() throws {
    try connection.execute(
      """
      DELETE FROM snapshot_writer; DELETE FROM snapshot_changeset;
      DELETE FROM snapshot_entity; DELETE FROM snapshot_text;
      """)
  }

  /// Notes where the remote's log has the changesets that a snapshot of it stands for.
  private func place(_ snapshot: Snapshot) throws {
    for (index, entry) in snapshot.entries.enumerated() {
      let arguments: [Binding] = [.int(index + 1), .blob(entry.id.bytes)]
      try connection.run(
        "UPDATE changeset SET position = ?, refused = NULL WHERE id = ?", arguments)
      try connection.run("UPDATE snapshot_changeset SET position = ? WHERE id = ?", arguments)
    }
  }

  private func witness(_ snapshot: Snapshot) throws {
    let clocks = snapshot.entities.lazy.flatMap { entity in
      entity.state.fields.flatMap(\.alive).map(\.clock) + entity.state.tombstones.map(\.clock)
    }
    try witness(clocks.max().map { [$0] } ?? [])
  }

  // MARK: Saving room

  /// Puts a snapshot in the place of the log here, up to the cursor. What it was made of is no longer here: no
  /// history of what came before, nothing of that can be undone.
  ///
  /// - Returns: how many changesets went; nil when there is no snapshot to be made now.
  public func compact() throws -> Int? {
    try connection.transaction {
      guard let snapshot = try makeSnapshot() else { return nil }
      try store(snapshot)
      try connection.run(
        "DELETE FROM changeset WHERE id IN (SELECT id FROM snapshot_changeset)")
      let gone = connection.changes
      try rebuild()
      return gone
    }
  }
}
