public import ChangeLog
internal import SQLite

extension Replica {
  /// Writes, signs, stores and applies the changes of one command, all or none.
  ///
  /// More changes than one changeset can hold become several, which apply together everywhere.
  /// - Parameters:
  ///   - adopts: what it says again of the quarantine.
  ///   - operations: made from the states of this same transaction.
  /// - Returns: the last changeset written; nil when there was nothing to change.
  @discardableResult
  public func commit(
    _ intent: String, undoes: ChangesetID? = nil, adopting adopts: [ChangesetID] = [],
    _ operations: [Operation]
  ) throws -> ChangesetID? {
    guard !operations.isEmpty || !adopts.isEmpty else { return nil }
    _ = try signingKey()
    try refuseUnreadable(intent, operations)
    return try connection.transaction {
      let parts = Self.parts(of: operations)
      var last: ChangesetID?
      var applier = try Applier(self)
      for (index, part) in parts.enumerated() {
        let isLast = index == parts.count - 1
        let body = Body(
          intent: intent, undoes: undoes, operations: part, adopts: isLast ? adopts : [])
        let changeset = try write(body, isContinued: !isLast)
        let number = try append(changeset, body: body, to: &applier)
        try connection.run(
          "UPDATE changeset SET applied = (SELECT coalesce(max(applied), 0) + 1 FROM changeset) WHERE number = ?",
          .int(number))
        last = changeset.id
      }
      try applier.finish()
      return last
    }
  }

  /// What nobody could read back must not be signed: it would stop this store and all that receive it.
  private func refuseUnreadable(_ intent: String, _ operations: [Operation]) throws {
    try refuseUnreadable(.text(intent))
    for operation in operations {
      switch operation.action {
      case .put(_, let value, _), .add(_, let value): try refuseUnreadable(value)
      case .write(_, let text, _): try refuseUnreadable(.text(text))
      case .edit(_, let edit):
        for hunk in edit.hunks { try refuseUnreadable(.text(hunk.inserted)) }
      default: break
      }
    }
  }

  private func refuseUnreadable(_ value: Value, depth: Int = 0) throws {
    switch value {
    case .text(let text):
      let size = text.string.utf8.count
      guard size <= Changeset.maximumTextSize else { throw ReplicaError.textTooLong(bytes: size) }
      guard !text.string.utf8.contains(0) else {
        throw FormatError.invalid("a text holds the character NUL")
      }
    case .list(let items):
      guard depth < Value.maximumDepth else { throw FormatError.invalid("lists nest too deep") }
      for item in items { try refuseUnreadable(item, depth: depth + 1) }
    default: break
    }
  }

  /// Cuts a command into changesets of about half the largest size.
  private static func parts(of operations: [Operation]) -> [[Operation]] {
    var parts: [[Operation]] = [[]]
    var size = 0
    for operation in operations {
      let weight = operation.approximateSize
      if size + weight > Changeset.maximumSize / 2, size > 0, !parts[parts.count - 1].isEmpty {
        parts.append([])
        size = 0
      }
      parts[parts.count - 1].append(operation)
      size += weight
    }
    return parts
  }

  /// Signs the next changeset of our own writer.
  ///
  /// - Parameter clock: when it was written, for one that is written again; now for a new one.
  func write(_ body: Body, isContinued: Bool, at clock: Timestamp? = nil) throws -> Changeset {
    let key = try signingKey()
    var identity = try identity()
    let clock = clock ?? identity.clock.tick(wall: surroundings.now())
    let isFirst = identity.head.sequence == 0
    let seal = try keyring().current
    let header = Header(
      workspace: identity.workspace, writer: identity.head.writer,
      sequence: identity.head.sequence + 1, previous: identity.head.id, clock: clock,
      epoch: seal?.epoch ?? 0, isContinued: isContinued,
      introduction: isFirst ? Introduction(key: key.publicKey, salt: identity.salt) : nil,
      seen: try newlySeen(except: identity.number))
    var body = body
    body.checkpoint = try nextCheckpoint()
    try connection.run(
      "UPDATE replica SET clock = ?", .int(Int64(bitPattern: identity.clock.last.rawValue)))
    let changeset = try Changeset(
      header: header, body: body, key: key,
      seal: seal.map { ($0.key, surroundings.randomBytes(EpochKey.saltSize)) })
    lastWritten = WriterHead(
      writer: header.writer, sequence: header.sequence, id: changeset.id)
    return changeset
  }

  private func newlySeen(except own: Int) throws -> [Header.Seen] {
    let seen = try connection.all(
      """
      SELECT writer.id, writer.applied, changeset.id
      FROM writer JOIN changeset
        ON changeset.writer = writer.number AND changeset.sequence = writer.applied
      WHERE writer.applied > declared AND writer.number != ?1
      UNION
      SELECT writer.id, writer.applied, snapshot_writer.head
      FROM writer JOIN snapshot_writer
        ON snapshot_writer.writer = writer.number AND snapshot_writer.sequence = writer.applied
      WHERE writer.applied > declared AND writer.number != ?1
      """, .int(own)
    ) {
      Header.Seen(
        writer: WriterID(bytes: $0.blob(0)), sequence: UInt64($0.int(1)),
        id: Digest(bytes: $0.blob(2)))
    }
    if !seen.isEmpty {
      try connection.run("UPDATE writer SET declared = applied WHERE number != ?", .int(own))
    }
    return seen
  }

  /// Puts one of our own changesets into the log and applies it.
  func append(_ changeset: Changeset, body: Body, to applier: inout Applier) throws -> Int {
    let number = try insert(changeset)
    try applier.apply(changeset, body: body, number: number)
    return number
  }

  /// Puts a changeset that continues its writer's chain into the log.
  ///
  /// - Returns: its number.
  func insert(_ changeset: Changeset) throws -> Int {
    let header = changeset.header
    try connection.run(
      """
      INSERT INTO changeset (id, writer, sequence, clock, bytes)
      VALUES (?, (SELECT number FROM writer WHERE id = ?), ?, ?, ?)
      """,
      .blob(changeset.id.bytes), .blob(header.writer.bytes), .int(Int64(header.sequence)),
      .int(Int64(bitPattern: header.clock.rawValue)), .blob(changeset.bytes))
    let number = connection.lastInsertedRow
    try connection.run(
      "UPDATE writer SET sequence = ?, head = ? WHERE id = ?", .int(Int64(header.sequence)),
      .blob(changeset.id.bytes), .blob(header.writer.bytes))
    return number
  }
}

extension Operation {
  /// About how many bytes the operation takes in a body.
  fileprivate var approximateSize: Int {
    switch action {
    case .write(_, let text, let replaced):
      40 + text.string.utf8.count + 24 * replaced.count
    case .edit(_, let edit):
      60 + 24 * (edit.seen.count + edit.cancelled.count)
        + edit.hunks.reduce(0) {
          $0 + 40 + 24 * $1.removed.count + $1.inserted.string.utf8.count
        }
    case .put(_, let value, let replaced): 40 + value.approximateSize + 24 * replaced.count
    case .add(_, let value): 40 + value.approximateSize
    case .remove(_, let changes), .delete(let changes), .restore(let changes):
      40 + 24 * changes.count
    case .unknown(_, let payload): payload.count
    }
  }
}

extension Value {
  fileprivate var approximateSize: Int {
    switch self {
    case .text(let text): text.string.utf8.count + 4
    case .bytes(let bytes): bytes.count + 4
    case .list(let items): items.reduce(4) { $0 + $1.approximateSize }
    default: 17
    }
  }
}
