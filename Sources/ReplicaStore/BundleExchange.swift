public import ChangeLog
internal import SQLite

/// Exchange without a network: bundles, by file or through a shared folder.
///
/// Positions and cursor belong to the remote and are not touched. What came by bundle goes up to the remote with
/// the next sync, whoever wrote it; it is the same everywhere.
extension Replica {
  /// Of each writer the last changeset in the log here.
  public func held() throws -> VersionVector {
    let pairs = try connection.all("SELECT id, sequence FROM writer WHERE sequence > 0") {
      (WriterID(bytes: $0.blob(0)), UInt64($0.int(1)))
    }
    return VersionVector(Dictionary(uniqueKeysWithValues: pairs))
  }

  /// What another device, known by a name or a part of it, held when it made its last bundle.
  ///
  /// - Returns: of several devices only what all of them held; nil when none is known by that name.
  public func receipt(of name: String) throws -> VersionVector? {
    let wanted = name.lowercased()
    let vectors = try connection.all(
      "SELECT maker, held FROM receipt WHERE writer != ? ORDER BY writer",
      .blob(identity().head.writer.bytes)
    ) { ($0.text(0), try Self.vector($0.blob(1))) }.filter { $0.0.lowercased().contains(wanted) }
      .map(\.1)
    guard var common = vectors.first else { return nil }
    for vector in vectors.dropFirst() {
      for (writer, sequence) in common.all { common[writer] = min(sequence, vector[writer]) }
    }
    return common
  }

  /// The smallest bundle for somebody who holds `known`.
  ///
  /// - Parameter maker: what people call this device.
  /// - Returns: one or several files' bytes; each is complete on its own when they are read in this order.
  public func bundles(beyond known: VersionVector, maker: String) throws -> [[UInt8]] {
    let key = try signingKey()
    return try connection.reading {
      let identity = try identity()
      let held = try held()
      let snapshot = try snapshotBytes(beyond: known)
      var parts: [[[UInt8]]] = [[]]
      var size = snapshot?.count ?? 0
      try connection.forEach(
        """
        SELECT bytes, writer.id, changeset.sequence
        FROM changeset JOIN writer ON writer.number = changeset.writer
        WHERE ? = 0 OR changeset.id NOT IN (SELECT id FROM snapshot_changeset)
        ORDER BY changeset.applied IS NULL, changeset.applied, changeset.number
        """, [.bool(snapshot != nil)]
      ) { row in
        guard UInt64(row.int(2)) > known[WriterID(bytes: row.blob(1))] else { return }
        let bytes = row.blob(0)
        if size + bytes.count > Bundle.maximumSize / 2 {
          parts.append([])
          size = 0
        }
        size += bytes.count
        parts[parts.count - 1].append(bytes)
      }
      return try parts.enumerated().map { index, changesets in
        try Bundle(
          workspace: identity.workspace, key: publicKey, writer: identity.head.writer,
          maker: maker, held: held, snapshot: index == 0 ? snapshot : nil,
          members: membershipEntries(), changesets: changesets
        ).encoded(signedBy: key)
      }
    }
  }

  /// The snapshot our log begins with, when somebody who holds `known` may need it: it stands for more, of which
  /// the bytes are not here.
  private func snapshotBytes(beyond known: VersionVector) throws -> [UInt8]? {
    guard let snapshot = try snapshot() else { return nil }
    let here = Set(
      try connection.all(
        "SELECT id FROM changeset WHERE id IN (SELECT id FROM snapshot_changeset)"
      ) { Digest(bytes: $0.blob(0)) })
    var sequences = [UInt64](repeating: 0, count: snapshot.writers.count)
    let isNeeded = snapshot.entries.contains { entry in
      sequences[entry.writer] += 1
      return sequences[entry.writer] > known[snapshot.writers[entry.writer].writer]
        && !here.contains(entry.id)
    }
    return isNeeded ? try sign(snapshot) : nil
  }

  /// Whether a device with this key writes in this workspace, as far as is known here.
  public func isKnown(_ key: PublicKey) throws -> Bool {
    let members = try membership()
    guard members.isEmpty else { return members.role(of: key) != nil }
    return try connection.first("SELECT 1 FROM writer WHERE key = ?", .blob(key.bytes)) { _ in true
    }
      ?? false
  }

  /// Takes all of a bundle, and notes what its maker held. Any bundle, in any order, any number of times.
  ///
  /// - Throws: ``ReplicaError/otherWorkspace`` when it is not for this one; nothing is saved then.
  @discardableResult
  public func take(_ bundle: Bundle) throws -> Received {
    try connection.transaction {
      guard try identity().workspace == bundle.workspace else { throw ReplicaError.otherWorkspace }
      let changesets = try bundle.changesets.map { try Changeset(bytes: $0) }
      var received = Received()
      if try takeMembers(of: bundle) > 0 {
        received.quarantined += try letGoOfUnauthorised().displaced.map { ($0, .notEnrolled) }
      }
      if let bytes = bundle.snapshot {
        received = try take(read(bytes).snapshot, of: nil).received
      }
      let isOurs = try giveUpNameIfOthersWrote(changesets)
      received.add(try receive(changesets))
      received.quarantined += try letGoOfBuiltOnRefused()
      if isOurs { try startNewWriter() }
      try noteReceipt(of: bundle)
      received.splitViews += try compareCheckpoints()
      return received
    }
  }

  /// Notices changesets under our own name that are not here: this store is a copy, or was set back.
  ///
  /// Where one stands in the place of an unsent one of ours, ours is written again under a new name.
  /// - Returns: whether they go on where ours end; then our name is to be given up once they are taken.
  private func giveUpNameIfOthersWrote(_ changesets: [Changeset]) throws -> Bool {
    let own = try identity()
    let foreign = try changesets.filter {
      try $0.header.writer == own.head.writer && !has($0.id) && $0.isSigned(by: publicKey)
    }
    guard let first = foreign.map({ Int($0.header.sequence) }).min() else { return false }
    guard first <= Int(own.head.sequence) else { return true }
    let isSent = try connection.first(
      "SELECT position IS NOT NULL FROM changeset WHERE writer = ? AND sequence = ?",
      .int(own.number), .int(first)
    ) { $0.bool(0) }
    // What the remote has stands; the other branch goes into quarantine.
    guard isSent == false else { return false }
    _ = try reissue(after: first - 1, without: letGoOfDependents(onOwnAfter: first - 1))
    return false
  }

  /// Notes what a bundle's maker held. An older bundle that comes late takes nothing back; what an earlier life
  /// of the same device held is forgotten once a later one holds all of it.
  private func noteReceipt(of bundle: Bundle) throws {
    var held = bundle.held
    let former = try connection.all(
      "SELECT writer, held FROM receipt WHERE key = ?", .blob(bundle.key.bytes)
    ) { (writer: WriterID(bytes: $0.blob(0)), held: try Self.vector($0.blob(1))) }
    if let same = former.first(where: { $0.writer == bundle.writer }) {
      for (writer, sequence) in same.held.all { held[writer] = max(held[writer], sequence) }
    }
    for other in former where other.held.all.allSatisfy({ $0.sequence <= held[$0.writer] }) {
      try connection.run("DELETE FROM receipt WHERE writer = ?", .blob(other.writer.bytes))
    }
    try connection.run(
      "INSERT OR REPLACE INTO receipt VALUES (?, ?, ?, ?)", .blob(bundle.writer.bytes),
      .blob(bundle.key.bytes), .text(bundle.maker), .blob(Self.bytes(held)))
  }

  /// The changesets that must come before those that wait here can be applied, by writer.
  public func missing() throws -> [(writer: WriterID, sequences: ClosedRange<UInt64>)] {
    try connection.reading {
      let vector = try held()
      var wanted: [WriterID: UInt64] = [:]
      let keys = try keyring()
      func want(_ writer: WriterID, _ sequence: UInt64) {
        if sequence > vector[writer] { wanted[writer] = max(wanted[writer] ?? 0, sequence) }
      }
      try connection.forEach("SELECT bytes FROM held", []) { row in
        let header = try Changeset(bytes: row.blob(0)).header
        want(header.writer, header.sequence - 1)
      }
      try connection.forEach("SELECT bytes FROM changeset WHERE applied IS NULL", []) { row in
        let changeset = try Changeset(bytes: row.blob(0))
        let header = changeset.header
        for seen in header.seen { want(seen.writer, seen.sequence) }
        if header.isContinued { want(header.writer, header.sequence + 1) }
        // What a newer version wrote may be unreadable here; its header was looked at.
        guard let body = try? changeset.decodedBody(keys) else { return }
        if case .changeset(let writer, let sequence) = vector.wait(for: header, body) {
          want(writer, sequence)
        }
      }
      return wanted.sorted { $0.key < $1.key }.map { ($0.key, (vector[$0.key] + 1)...$0.value) }
    }
  }

  // MARK: Shared folders

  /// What the bundles in a folder hold, as far as they were read or written here.
  public func held(inFolder id: String) throws -> VersionVector {
    try connection.first("SELECT held FROM shared_folder WHERE id = ?", .text(id)) {
      try Self.vector($0.blob(0))
    } ?? VersionVector()
  }

  public func hasRead(_ name: String, inFolder id: String) throws -> Bool {
    try connection.first(
      "SELECT 1 FROM shared_bundle WHERE folder = ? AND name = ?", .text(id), .text(name)
    ) { _ in true } ?? false
  }

  /// Takes a bundle of a folder, or notes one of our own, and what the folder holds now.
  public func take(_ bundle: Bundle, named name: String, inFolder id: String) throws -> Received {
    try connection.transaction {
      let received = try take(bundle)
      var held = try held(inFolder: id)
      // What was refused, or waits for what nobody may have, is not to be relied on.
      for changeset in try bundle.changesets.map({ try Changeset(bytes: $0) })
      where try has(changeset.id) {
        let header = changeset.header
        held[header.writer] = max(held[header.writer], header.sequence)
      }
      if let bytes = bundle.snapshot {
        for head in try SignedSnapshot(decoding: bytes, withEntities: false).snapshot.heads {
          held[head.writer] = max(held[head.writer], head.sequence)
        }
      }
      try connection.run(
        "INSERT OR REPLACE INTO shared_folder VALUES (?, ?)", .text(id), .blob(Self.bytes(held)))
      try connection.run(
        "INSERT OR IGNORE INTO shared_bundle VALUES (?, ?)", .text(id), .text(name))
      return received
    }
  }

  private static func vector(_ bytes: [UInt8]) throws -> VersionVector {
    var reader = ByteReader(bytes)
    return try reader.vector()
  }

  private static func bytes(_ vector: VersionVector) -> [UInt8] {
    var writer = ByteWriter()
    writer.append(vector: vector)
    return writer.bytes
  }
}
