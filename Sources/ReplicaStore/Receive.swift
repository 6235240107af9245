public import ChangeLog
internal import SQLite

extension Replica {
  /// What came of changesets that arrived.
  public struct Received: Sendable {
    /// New here and applied, whoever sent them.
    public var applied = 0
    /// Whose they were.
    public var writers: Set<WriterID> = []
    /// Must not be applied; kept in quarantine.
    public var quarantined: [(id: ChangesetID, reason: Verdict.Refusal)] = []
    /// How many show that their author was shown another log of the remote than this device (``Replica/splitViews()``).
    public var splitViews = 0

    public init() {}

    public mutating func add(_ other: Received) {
      applied += other.applied
      writers.formUnion(other.writers)
      quarantined += other.quarantined
      splitViews += other.splitViews
    }
  }

  /// Takes changesets of any writer in any order, any number of times.
  ///
  /// One that names causes which are not here waits until they are. A bad one is put in quarantine and
  /// does not keep the others.
  @discardableResult
  public func receive(_ changesets: [Changeset]) throws -> Received {
    try connection.transaction {
      var received = Received()
      let members = try membership()
      var queue = changesets
      // Each round may bring what a held one waited for.
      while !queue.isEmpty {
        var signatures = SignatureRuns(queue)
        var chained = false
        for changeset in queue {
          switch try place(changeset, members, &signatures) {
          case .chained: chained = true
          case .known, .held: break
          case .refused(let reason):
            try quarantine(changeset, reason)
            received.quarantined.append((changeset.id, reason))
          }
        }
        queue = chained ? try takeHeld() : []
      }
      try quarantineBehindRefused(&received)
      try applyReady(&received)
      try witness(changesets)
      return received
    }
  }

  private enum Place {
    case chained, known, held
    case refused(Verdict.Refusal)
  }

  /// Puts a changeset behind the one before it of the same writer, if that is here.
  private func place(
    _ changeset: Changeset, _ members: Membership, _ signatures: inout SignatureRuns
  ) throws -> Place {
    let header = changeset.header
    guard header.workspace == members.workspace else { return .refused(.otherWorkspace) }
    if try has(changeset.id) { return .known }
    let writer = try connection.first(
      "SELECT key, sequence, head FROM writer WHERE id = ?", .blob(header.writer.bytes)
    ) { (PublicKey(bytes: $0.blob(0)), UInt64($0.int(1)), Digest(bytes: $0.blob(2))) }
    let head = (sequence: writer?.1 ?? 0, id: writer?.2 ?? .zero)
    if header.sequence <= head.sequence { return .refused(.forked) }
    guard header.sequence == head.sequence + 1 else {
      try connection.run(
        "INSERT OR IGNORE INTO held VALUES (?, ?)", .blob(changeset.id.bytes),
        .blob(changeset.bytes))
      return .held
    }
    guard header.previous == head.id else { return .refused(.forked) }
    guard let key = writer?.0 ?? header.introduction?.key,
      signatures.isSigned(changeset, by: key)
    else { return .refused(.badSignature) }
    if let refusal = members.refusal(of: header, by: key) { return .refused(refusal) }
    // A workspace has keys from its beginning or never: what nobody can read would stop all that is built on it.
    guard try (keyring().current == nil) == (header.epoch == 0) else { return .refused(.malformed) }
    // An unreadable body must not stop at the moment of applying, with others behind it.
    guard try header.minimumReader > Header.reader || isReadable(changeset) else {
      return .refused(.malformed)
    }
    if writer == nil, let introduction = header.introduction {
      try insertWriter(introduction)
    }
    _ = try insert(changeset)
    // It may have come before, when another branch stood in its place.
    try connection.run("DELETE FROM quarantine WHERE id = ?", .blob(changeset.id.bytes))
    return .chained
  }

  /// What waits behind a changeset that was refused as a fork, or because its author may not write, would wait for ever.
  private func quarantineBehindRefused(_ received: inout Received) throws {
    let lasting: [Verdict.Refusal] = [.forked, .notEnrolled, .readOnly]
    var hasMoved = true
    while hasMoved {
      hasMoved = false
      let held = try connection.all("SELECT bytes FROM held ORDER BY id") {
        try Changeset(bytes: $0.blob(0))
      }
      for changeset in held {
        let reason = try connection.first(
          "SELECT reason FROM quarantine WHERE id = ?", .blob(changeset.header.previous.bytes)
        ) { Verdict.Refusal(rawValue: UInt8($0.int(0))) }
        guard case let reason?? = reason, lasting.contains(reason) else { continue }
        try connection.run("DELETE FROM held WHERE id = ?", .blob(changeset.id.bytes))
        try quarantine(changeset, reason)
        received.quarantined.append((changeset.id, reason))
        hasMoved = true
      }
    }
  }

  /// What others wrote knowing of something whose author may not write waits for it, and no remote will ever take either: it
  /// goes with it, and its author writes it again without it. What the remote has is left alone: it has both.
  ///
  /// - Returns: what went.
  func letGoOfBuiltOnRefused() throws -> [(id: ChangesetID, reason: Verdict.Refusal)] {
    var gone: [(id: ChangesetID, reason: Verdict.Refusal)] = []
    while let (writer, sequence, reason) = try firstBuiltOnRefused() {
      gone += try displace(writer, from: sequence, because: reason).map { ($0, reason) }
    }
    return gone
  }

  private func firstBuiltOnRefused() throws -> (
    writer: Int, sequence: Int, reason: Verdict.Refusal
  )? {
    let refused = Dictionary(
      try connection.all(
        """
        SELECT id, reason FROM quarantine
        WHERE reason IN (?, ?) AND id NOT IN (SELECT id FROM changeset)
          AND id NOT IN (SELECT id FROM snapshot_changeset)
        """, .int(Int64(Verdict.Refusal.notEnrolled.rawValue)),
        .int(Int64(Verdict.Refusal.readOnly.rawValue))
      ) { (Digest(bytes: $0.blob(0)), Verdict.Refusal(rawValue: UInt8($0.int(1)))) }
    ) { first, _ in first }
    guard !refused.isEmpty else { return nil }
    var found: (Int, Int, Verdict.Refusal)?
    try connection.forEach(
      """
      SELECT writer, bytes FROM changeset
      WHERE applied IS NULL AND position IS NULL AND writer != (SELECT writer FROM replica)
        AND writer NOT IN (SELECT number FROM writer JOIN former_key USING (key))
      ORDER BY writer, sequence
      """, []
    ) { row in
      guard found == nil else { return }
      let header = try Changeset(bytes: row.blob(1)).header
      for seen in header.seen {
        guard case let reason?? = refused[seen.id] else { continue }
        found = (row.int(0), Int(header.sequence), reason)
      }
    }
    return found
  }

  private func quarantine(_ changeset: Changeset, _ reason: Verdict.Refusal) throws {
    try connection.run(
      """
      INSERT INTO quarantine (id, reason, bytes) VALUES (?, ?, ?)
      ON CONFLICT (id) DO UPDATE SET reason = excluded.reason
      """, .blob(changeset.id.bytes), .int(Int64(reason.rawValue)), .blob(changeset.bytes))
  }

  /// All that was held, in the order of their writers' chains; what still waits is held again.
  func takeHeld() throws -> [Changeset] {
    let held = try connection.all("SELECT bytes FROM held ORDER BY id") {
      try Changeset(bytes: $0.blob(0))
    }
    try connection.run("DELETE FROM held")
    return held.sorted {
      ($0.header.writer, $0.header.sequence) < ($1.header.writer, $1.header.sequence)
    }
  }

  /// Applies what waited and waits no longer, causes first.
  ///
  /// - Parameter isAgain: what was applied before is applied anew: its checkpoints were compared then.
  func applyReady(_ received: inout Received, isAgain: Bool = false) throws {
    var vector = try applied()
    var applier = try Applier(self)
    var order =
      try connection.first("SELECT coalesce(max(applied), 0) FROM changeset") {
        $0.int(0)
      } ?? 0
    var hasMoved = true
    while hasMoved {
      hasMoved = false
      for group in try waitingGroups() {
        guard let bodies = try readyBodies(of: group, vector) else { continue }
        for ((number, changeset), body) in zip(group, bodies) {
          order += 1
          try applier.apply(changeset, body: body, number: number)
          try connection.run(
            "UPDATE changeset SET applied = ? WHERE number = ?", .int(order), .int(number))
          if !isAgain, let checkpoint = body.checkpoint { try keep(checkpoint, of: changeset.id) }
          vector[changeset.header.writer] = changeset.header.sequence
          received.applied += 1
          received.writers.insert(changeset.header.writer)
        }
        hasMoved = true
      }
    }
    try applier.finish()
  }

  /// The changesets in the log that are not applied, the parts of one command together; incomplete
  /// commands are left out.
  private func waitingGroups() throws -> [[(number: Int, changeset: Changeset)]] {
    var groups: [[(number: Int, changeset: Changeset)]] = []
    var open: [WriterID: [(number: Int, changeset: Changeset)]] = [:]
    try connection.forEach(
      "SELECT number, bytes FROM changeset WHERE applied IS NULL ORDER BY number", []
    ) { row in
      let changeset = try Changeset(bytes: row.blob(1))
      let writer = changeset.header.writer
      open[writer, default: []].append((row.int(0), changeset))
      if !changeset.header.isContinued, let group = open.removeValue(forKey: writer) {
        groups.append(group)
      }
    }
    return groups
  }

  /// What the parts of a command do; nil while one of them waits, or cannot be read.
  private func readyBodies(
    of group: [(number: Int, changeset: Changeset)], _ applied: VersionVector
  ) throws -> [Body]? {
    var vector = applied
    let keys = try keyring()
    var bodies: [Body] = []
    for (_, changeset) in group {
      let header = changeset.header
      guard vector[header.writer] + 1 == header.sequence, vector.wait(for: header) == nil,
        // Of a writer with two branches, the one the author had seen.
        try header.seen.allSatisfy({ try has($0.id) }),
        // One for a newer reader was taken unread, and may turn out unreadable.
        let body = try? changeset.decodedBody(keys), vector.wait(for: header, body) == nil
      else { return nil }
      vector[header.writer] = header.sequence
      bodies.append(body)
    }
    return bodies
  }

  /// How far each writer is applied here.
  public func applied() throws -> VersionVector {
    let pairs = try connection.all("SELECT id, applied FROM writer") {
      (WriterID(bytes: $0.blob(0)), UInt64($0.int(1)))
    }
    return VersionVector(Dictionary(uniqueKeysWithValues: pairs))
  }

  /// Whether a changeset is in the log here, or in the snapshot it begins with.
  func has(_ id: ChangesetID) throws -> Bool {
    try connection.first(
      """
      SELECT 1 FROM changeset WHERE id = ?1
      UNION ALL SELECT 1 FROM snapshot_changeset WHERE id = ?1
      """, .blob(id.bytes)
    ) { _ in true } ?? false
  }

  private func witness(_ changesets: [Changeset]) throws {
    try witness(changesets.map(\.header.clock))
  }

  /// Takes note of what others' clocks said.
  func witness(_ clocks: [Timestamp]) throws {
    var clock = try identity().clock
    let wall = surroundings.now()
    for other in clocks { clock.witness(other, wall: wall) }
    try connection.run(
      "UPDATE replica SET clock = ?", .int(Int64(bitPattern: clock.last.rawValue)))
  }
}
