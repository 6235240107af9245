public import ChangeLog
internal import SQLite

extension Replica {
  /// Makes every table anew from the log: the same changesets give the same tables, always.
  public func rebuild() throws {
    try connection.transaction {
      try connection.execute(
        "DELETE FROM entity; DELETE FROM history; DELETE FROM review; DELETE FROM text; DELETE FROM adoption"
      )
      try projection.clear(in: connection)
      try takeFromSnapshot()
      var applier = try Applier(self)
      let keys = try keyring()
      try forEachApplied { number, changeset in
        try applier.apply(changeset, body: try changeset.decodedBody(keys), number: number)
      }
      try applier.finish()
      try connection.run("UPDATE replica SET reader = ?", .int(Int64(Header.reader)))
      // What waited for a newer version may be ready now.
      var received = Received()
      try applyReady(&received, isAgain: true)
    }
  }

  /// A newer version may understand operations that an older one only kept.
  func rebuildAfterUpgrade() throws {
    let reader = try connection.first("SELECT reader FROM replica") { UInt64($0.int(0)) }
    if let reader, reader < Header.reader { try rebuild() }
  }

  /// Calls `body` with every applied changeset that follows the snapshot the log begins with, or all when there is
  /// none, in the order of application.
  public func forEachApplied(_ body: (Int, Changeset) throws -> Void) throws {
    try connection.forEach(
      """
      SELECT number, bytes FROM changeset
      WHERE applied IS NOT NULL AND NOT EXISTS (
        SELECT 1 FROM snapshot_changeset WHERE snapshot_changeset.id = changeset.id)
      ORDER BY applied
      """, []
    ) { try body($0.int(0), try Changeset(bytes: $0.blob(1))) }
  }

  /// Holds the stored states against the log. Empty when they agree.
  ///
  /// - Returns: the entities whose stored state is not what the log says.
  public func deviations() throws -> [EntityID] {
    try connection.reading {
      var plain = try MemoryReplica(snapshot(), keys: keyring())
      try forEachApplied { try plain.receive([$1]) }
      var stored: Set<EntityID> = []
      var deviations: [EntityID] = []
      try forEachState { id, state in
        stored.insert(id)
        var state = state
        state.documents = try documents(of: id)
        if plain.entities[id] != state { deviations.append(id) }
      }
      return deviations + plain.entities.keys.filter { !stored.contains($0) }.sorted()
    }
  }

  /// Checks the chain, the hashes and the signatures of the whole log.
  ///
  /// - Throws: ``ReplicaError/damaged(_:)`` naming the first changeset that is not what it was.
  public func checkLog() throws {
    // What is kept of a log that a snapshot stands for may have holes; behind the snapshot there are none.
    var last: [WriterID: WriterHead] = [:]
    var snapshotHeads: [WriterID: WriterHead] = [:]
    for head in try snapshot()?.heads ?? [] { snapshotHeads[head.writer] = head }
    var all: [Changeset] = []
    try connection.forEach("SELECT id, bytes FROM changeset ORDER BY writer, sequence", []) { row in
      let id = Digest(bytes: row.blob(0))
      guard let changeset = try? Changeset(bytes: row.blob(1)), changeset.id == id else {
        throw ReplicaError.damaged("changeset \(id)")
      }
      let header = changeset.header
      let none = WriterHead(writer: header.writer, sequence: 0, id: .zero)
      let before = [last[header.writer] ?? none, snapshotHeads[header.writer] ?? none]
      guard
        before.contains(where: {
          $0.sequence + 1 == header.sequence && $0.id == header.previous
        }) || before[1].sequence >= header.sequence && before[0].sequence + 1 < header.sequence
      else { throw ReplicaError.damaged("changeset \(id)") }
      last[header.writer] = WriterHead(writer: header.writer, sequence: header.sequence, id: id)
      all.append(changeset)
    }
    var signatures = SignatureRuns(all)
    let keys = Dictionary(
      uniqueKeysWithValues: try connection.all("SELECT id, key FROM writer") {
        (WriterID(bytes: $0.blob(0)), PublicKey(bytes: $0.blob(1)))
      })
    for (writer, head) in try connection.all(
      "SELECT id, head FROM writer",
      row: { (WriterID(bytes: $0.blob(0)), Digest(bytes: $0.blob(1))) })
    where last[writer]?.id ?? .zero != head && snapshotHeads[writer]?.id != head {
      throw ReplicaError.damaged("changeset \(head)")
    }
    for changeset in all {
      guard let key = keys[changeset.header.writer], signatures.isSigned(changeset, by: key)
      else { throw ReplicaError.damaged("the signature of changeset \(changeset.id)") }
    }
  }
}
