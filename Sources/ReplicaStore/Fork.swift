internal import ChangeLog
internal import SQLite

/// A writer with two branches: its store was copied, and the remote lost the branch we have and took the
/// other one.
extension Replica {
  /// Puts our branch of such a writer in quarantine. The remote's stands, or we would never be level; whoever
  /// wrote ours writes it again under a new name as soon as it meets the remote.
  ///
  /// The remote will never take what was written knowing of such a branch. What others wrote so goes with it: they
  /// write it again. What we wrote ourselves, under a former key too, is written again here, not knowing of it. Our own
  /// writer's branch is not looked at: see ``becomeNewWriterIfForked(_:to:)``.
  /// - Parameter arrived: what the remote's log has.
  /// - Returns: what went, and how many of our own changesets were written again.
  func giveWay(to arrived: [Changeset]) throws -> (displaced: [ChangesetID], reissued: Int) {
    var signatures = SignatureRuns(arrived)
    var branches: [WriterID: (number: Int, sequence: UInt64)] = [:]
    for changeset in arrived where branches[changeset.header.writer] == nil {
      guard let rival = try rival(of: changeset),
        signatures.isSigned(changeset, by: rival.key)
      else { continue }
      branches[changeset.header.writer] = (rival.writer, changeset.header.sequence)
    }
    guard !branches.isEmpty else { return ([], 0) }
    return try giveWay(branches, then: applyAnew)
  }

  /// - Parameters:
  ///   - branches: of writers the first changeset that must go. What was signed with a key we have no more is our own: it is
  ///     written again.
  ///   - applyAnew: to apply all that is left.
  func giveWay(
    _ branches: [WriterID: (number: Int, sequence: UInt64)], then applyAnew: () throws -> Void
  ) throws -> (displaced: [ChangesetID], reissued: Int) {
    var branches = branches
    try addDependents(to: &branches)
    let ours = try branches.filter { try isFormer($0.value.number) }
    let others = branches.filter { ours[$0.key] == nil }
    let all = try gone(branches)
    let dependent = try firstUnsent { all.isKnown(to: $0.header) }
    let gone = try gone(others, texts: ownEdits(besides: ours))
    var displaced: [ChangesetID] = []
    for (_, branch) in others.sorted(by: { $0.key < $1.key }) {
      displaced += try displace(branch.number, from: Int(branch.sequence), because: .forked)
    }
    let former = try takeOut(ours)
    try applyAnew()
    guard dependent != nil || !former.isEmpty else { return (displaced, 0) }
    let shared = try dependent.map { $0 - 1 } ?? Int(identity().head.sequence)
    return (displaced, try reissue(after: shared, with: former, without: gone))
  }

  /// What others wrote and the remote refuses for good, when our own work waits behind it: goes to quarantine as if
  /// it had given way, and ours is written again, not knowing of it. So is what we signed with a former key of which the
  /// remote does not know, once it knows the present one.
  ///
  /// - Parameter onlyOurs: what others wrote is left alone.
  /// - Returns: nil when nothing of ours waits behind such work, or is such work.
  func letGoOfRefused(onlyOurs: Bool) throws -> (displaced: [ChangesetID], reissued: Int)? {
    try connection.transaction {
      let found = try connection.all(
        """
        SELECT writer.id, writer.number, min(changeset.sequence)
        FROM changeset JOIN writer ON writer.number = changeset.writer
        WHERE position IS NULL AND refused IS NOT NULL AND refused != ?
          AND writer.number != (SELECT writer FROM replica)
        GROUP BY writer.number
        """, .int(Int64(Verdict.Refusal.gap.rawValue))
      ) { (WriterID(bytes: $0.blob(0)), (number: $0.int(1), sequence: UInt64($0.int(2)))) }
      let mayWrite = try membership().refusal(ofSender: publicKey) == nil
      var branches = Dictionary(
        uniqueKeysWithValues: try found.filter {
          try isFormer($0.1.number) ? mayWrite : !onlyOurs
        })
      guard !branches.isEmpty else { return nil }
      let isOurs = try branches.values.contains { try isFormer($0.number) }
      try addDependents(to: &branches)
      let gone = try gone(branches)
      guard try isOurs || firstUnsent(where: { gone.isKnown(to: $0.header) }) != nil else {
        return nil
      }
      return try giveWay(branches, then: applyAnew)
    }
  }

  /// Our own branch is to be written again under another name: what others wrote knowing of it goes to
  /// quarantine; they write it again when they meet the remote.
  func letGoOfDependents(onOwnAfter shared: Int) throws -> Gone {
    let own = try identity()
    var branches = [own.head.writer: (number: own.number, sequence: UInt64(shared) + 1)]
    try addDependents(to: &branches)
    branches[own.head.writer] = nil
    guard !branches.isEmpty else { return Gone() }
    let gone = try gone(branches, texts: ownEdits())
    for (_, branch) in branches.sorted(by: { $0.key < $1.key }) {
      _ = try displace(branch.number, from: Int(branch.sequence), because: .forked)
    }
    try applyAnew()
    return gone
  }

  /// Adds what other writers wrote knowing of a branch, and what was written knowing of that.
  private func addDependents(to branches: inout [WriterID: (number: Int, sequence: UInt64)]) throws
  {
    let unsent = try connection.all(
      """
      SELECT writer, bytes FROM changeset
      WHERE position IS NULL AND writer != (SELECT writer FROM replica) ORDER BY writer, sequence
      """
    ) { (number: $0.int(0), changeset: try Changeset(bytes: $0.blob(1))) }
    var hasGrown = true
    while hasGrown {
      hasGrown = false
      let gone = try gone(branches)
      for (number, changeset) in unsent {
        let header = changeset.header
        let isIn = branches[header.writer].map { $0.sequence <= header.sequence } ?? false
        guard !isIn, gone.isKnown(to: header) else { continue }
        branches[header.writer] = (number, header.sequence)
        hasGrown = true
      }
    }
  }

  private func gone(
    _ branches: [WriterID: (number: Int, sequence: UInt64)], texts: [ChangeID: Text] = [:]
  ) throws -> Gone {
    var ids: Set<ChangesetID> = []
    for (number, sequence) in branches.values {
      ids.formUnion(
        try connection.all(
          "SELECT id FROM changeset WHERE writer = ? AND sequence >= ?", .int(number),
          .int(Int64(sequence))
        ) { Digest(bytes: $0.blob(0)) })
    }
    return Gone(from: branches.mapValues(\.sequence), ids: ids, texts: texts)
  }

  /// Our own unsent edits of texts, also those under former names: what each left of its text.
  private func ownEdits(
    besides former: [WriterID: (number: Int, sequence: UInt64)] = [:]
  ) throws -> [ChangeID: Text] {
    var texts: [ChangeID: Text] = [:]
    for changeset in try ownUnsent() + former.values.flatMap({ try changesets(of: $0) }) {
      let header = changeset.header
      for (index, operation) in try changeset.decodedBody(keyring()).operations.enumerated() {
        guard case .edit(_, let edit) = operation.action else { continue }
        let id = ChangeID(writer: header.writer, sequence: header.sequence, index: index)
        let documents = try state(of: operation.entity, withTexts: true)?.documents
        guard let document = documents?.first(where: { $0.id == edit.text }) else { continue }
        texts[id] = Text(document.text(after: id, seen: edit.seen))
      }
    }
    return texts
  }

  private func firstUnsent(where isWanted: (Changeset) throws -> Bool) throws -> Int? {
    try ownUnsent().first(where: isWanted).map { Int($0.header.sequence) }
  }

  private func ownUnsent() throws -> [Changeset] {
    try connection.all(
      """
      SELECT bytes FROM changeset
      WHERE writer = (SELECT writer FROM replica) AND position IS NULL ORDER BY sequence
      """
    ) { try Changeset(bytes: $0.blob(0)) }
  }

  /// Whether a writer's key is one that we had.
  func isFormer(_ number: Int) throws -> Bool {
    try connection.first(
      "SELECT 1 FROM writer JOIN former_key ON former_key.key = writer.key WHERE number = ?",
      .int(number)
    ) { _ in true } ?? false
  }

  private func changesets(of branch: (number: Int, sequence: UInt64)) throws -> [Changeset] {
    try connection.all(
      "SELECT bytes FROM changeset WHERE writer = ? AND sequence >= ? ORDER BY sequence",
      .int(branch.number), .int(Int64(branch.sequence))
    ) { try Changeset(bytes: $0.blob(0)) }
  }

  /// Takes what we wrote under former names out of the log, to be written again.
  ///
  /// - Returns: causes first.
  func takeOut(
    _ branches: [WriterID: (number: Int, sequence: UInt64)]
  ) throws -> [Changeset] {
    var found: [(place: Int, number: Int, changeset: Changeset)] = []
    for (number, sequence) in branches.values {
      found += try connection.all(
        "SELECT applied, number, bytes FROM changeset WHERE writer = ? AND sequence >= ?",
        .int(number), .int(Int64(sequence))
      ) { ($0.optionalInt(0) ?? .max, $0.int(1), try Changeset(bytes: $0.blob(2))) }
      try cut(number, from: Int(sequence))
    }
    return found.sorted { ($0.place, $0.number) < ($1.place, $1.number) }.map(\.changeset)
  }

  /// What we have in the place of a changeset, when the remote has not got it.
  private func rival(of changeset: Changeset) throws -> (writer: Int, key: PublicKey)? {
    let header = changeset.header
    let found = try connection.first(
      """
      SELECT writer.number, writer.key
      FROM writer JOIN changeset AS rival ON rival.writer = writer.number
      WHERE writer.id = ?1 AND rival.sequence = ?2 AND rival.id != ?3 AND rival.position IS NULL
        AND writer.number != (SELECT writer FROM replica)
      """,
      .blob(header.writer.bytes), .int(Int64(header.sequence)), .blob(changeset.id.bytes)
    ) { ($0.int(0), PublicKey(bytes: $0.blob(1))) }
    guard let found, try id(of: Int(header.sequence) - 1, by: found.0) == header.previous else {
      return nil
    }
    return found
  }

  /// The id of a writer's changeset, by its number with it; zero for number 0 and for one that is not here.
  func id(of sequence: Int, by writer: Int) throws -> ChangesetID {
    try connection.first(
      """
      SELECT id FROM changeset WHERE writer = ?1 AND sequence = ?2
      UNION ALL SELECT id FROM snapshot_changeset WHERE writer = ?1 AND sequence = ?2
      """, .int(writer), .int(sequence)
    ) { Digest(bytes: $0.blob(0)) } ?? .zero
  }

  /// Puts what a writer wrote into quarantine, from a number on. Of what was applied all is to be applied anew.
  func displace(
    _ writer: Int, from sequence: Int, because reason: Verdict.Refusal
  ) throws -> [ChangesetID] {
    let ids = try connection.all(
      "SELECT id FROM changeset WHERE writer = ? AND sequence >= ? ORDER BY sequence", .int(writer),
      .int(sequence)
    ) { Digest(bytes: $0.blob(0)) }
    try connection.run(
      """
      INSERT INTO quarantine (id, reason, bytes)
      SELECT id, ?3, bytes FROM changeset WHERE writer = ?1 AND sequence >= ?2
      ON CONFLICT (id) DO UPDATE SET reason = excluded.reason
      """, .int(writer), .int(sequence), .int(Int64(reason.rawValue)))
    try cut(writer, from: sequence)
    return ids
  }

  private func cut(_ writer: Int, from sequence: Int) throws {
    try connection.run(
      "DELETE FROM changeset WHERE writer = ? AND sequence >= ?", .int(writer), .int(sequence))
    try connection.run(
      "UPDATE writer SET sequence = ?2 - 1, head = ?3 WHERE number = ?1", .int(writer),
      .int(sequence), .blob(try id(of: sequence - 1, by: writer).bytes))
  }

  /// Applies the whole log again by its causes: what knew of something that is gone waits once more.
  func applyAnew() throws {
    try connection.execute(
      """
      UPDATE changeset SET applied = NULL;
      UPDATE changeset SET applied = (
        SELECT place FROM snapshot_changeset WHERE snapshot_changeset.id = changeset.id)
      WHERE id IN (SELECT id FROM snapshot_changeset);
      UPDATE writer SET declared = 0, applied = coalesce(
        (SELECT sequence FROM snapshot_writer WHERE writer = number), 0);
      """)
    try rebuild()
  }
}

/// Branches that gave way, and what our own edits made of the texts in them.
struct Gone {
  /// Of each writer the first changeset that is gone.
  private let from: [WriterID: UInt64]
  private let ids: Set<ChangesetID>
  private let texts: [ChangeID: Text]

  init(
    from: [WriterID: UInt64] = [:], ids: Set<ChangesetID> = [], texts: [ChangeID: Text] = [:]
  ) {
    self.from = from
    self.ids = ids
    self.texts = texts
  }

  /// Whether one of our own changes that names this one means one that is gone.
  func contains(_ change: ChangeID) -> Bool {
    from[change.writer].map { $0 <= change.sequence } ?? false
  }

  /// Whether the author of a changeset says to have seen one of them: by hash, for the other branch has the same
  /// numbers.
  func isKnown(to header: Header) -> Bool { header.seen.contains { ids.contains($0.id) } }

  /// The text as an edit left it.
  func text(after edit: ChangeID) -> Text? { texts[edit] }
}
