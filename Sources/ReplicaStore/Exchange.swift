public import ChangeLog
internal import SQLite

extension Replica {
  /// How many changesets the remote has not got, refused ones not counted.
  public func unsentCount() throws -> Int {
    try connection.first(
      "SELECT count(*) FROM changeset WHERE position IS NULL AND refused IS NULL"
    ) { $0.int(0) } ?? 0
  }

  /// What the remote does not take, and why.
  public func refused() throws -> [(id: ChangesetID, reason: Verdict.Refusal)] {
    try connection.all(
      "SELECT id, refused FROM changeset WHERE position IS NULL AND refused IS NOT NULL ORDER BY number"
    ) {
      (Digest(bytes: $0.blob(0)), Verdict.Refusal(rawValue: UInt8($0.int(1))) ?? .malformed)
    }
  }

  /// How many changesets wait for their causes.
  public func waitingCount() throws -> Int {
    let waiting = try connection.first("SELECT count(*) FROM changeset WHERE applied IS NULL") {
      $0.int(0)
    }
    let held = try connection.first("SELECT count(*) FROM held") { $0.int(0) }
    return (waiting ?? 0) + (held ?? 0)
  }

  /// The next request: what the remote lacks as far as it is known here, causes first.
  ///
  /// - Parameter pushes: false while a long answer is read page by page: what was sent with the first
  ///   request need not go up again with each.
  public func nextRequest(wantsOwnBytes: Bool = false, pushes: Bool = true) throws -> SyncRequest {
    try connection.reading {
      let identity = try identity()
      var request = SyncRequest(
        workspace: identity.workspace, cursor: identity.cursor, own: identity.head,
        wantsOwnBytes: wantsOwnBytes || identity.cursor.position == 0,
        membership: try membershipRequest())
      guard pushes else { return request }
      var size = request.membership.entries.reduce(0) { $0 + $1.count + 8 }
      let limit = SyncRequest.maximumSize - 1024
      try connection.forEach(
        """
        SELECT bytes FROM changeset WHERE position IS NULL AND refused IS NULL
        ORDER BY applied IS NULL, applied, number LIMIT ?
        """, [.int(SyncRequest.maximumChangesets)]
      ) { row in
        let bytes = row.blob(0)
        size += bytes.count + 8
        if size <= limit { request.changesets.append(bytes) }
      }
      return request
    }
  }

  /// What one exchange brought.
  public struct Step: Sendable {
    /// The remote took these now.
    public var sent = 0
    public var received = Received()
    public var refused: [(id: ChangesetID, reason: Verdict.Refusal)] = []
    /// The remote had lost this many changesets that it had acknowledged; they wait to be given back.
    public var lostByRemote = 0
    /// The remote's log is not the one it was, and has its name: it was set back without a new one, or shows different
    /// people different things.
    public var hasChangedItsPast = false
    /// The remote's log has another name than it had.
    public var isRenamed = false
    /// The remote has not got what these follow or were built on.
    var gaps: [ChangesetID] = []
    /// Unsent work that was written again, because it was built on a branch that gave way.
    public var reissued = 0
    /// Of that what was built on the work of a device that is shut out, or signed with a former key of ours that is.
    var rewritten = 0
    /// The remote names changesets of this device that are not here: it must send their bytes.
    public var needsOwnBytes = false
    /// The remote has not got all of the snapshot that our log begins with.
    public var lacksSnapshot = false
    /// Entries about members that are new here.
    public var members = 0
    /// The remote has more that follows.
    public var isBehind = false
    /// Both sides hold the same, proved by the running hash, and nothing waits.
    public var isLevel = false
  }

  /// Takes an answer. What came, and the cursor behind it, are saved in one transaction.
  ///
  /// - Parameter remoteTime: what time it was at the remote, in milliseconds since 1970; nil when it did not say.
  /// - Throws: ``ReplicaError/brokenAnswer(_:)`` when it does not hold together; nothing is saved then.
  public func take(
    _ response: SyncResponse, to request: SyncRequest, remoteTime: UInt64? = nil
  ) throws -> Step {
    try connection.transaction {
      let members = try take(response.membership, to: request.membership)
      var step = try takePage(response, to: request)
      step.members = members
      if step.isLevel {
        // One after the other: what follows a statement that is not taken is not taken either.
        if try sayLostAgain() {
          step.isLevel = false
        } else if try sayClockBounds(remoteTime: remoteTime) {
          step.isLevel = false
        }
      }
      guard members > 0 else { return step }
      let gone = try letGoOfUnauthorised()
      step.received.quarantined += gone.displaced.map { ($0, .notEnrolled) }
      step.reissued += gone.reissued
      step.rewritten += gone.reissued
      // Not refused any more: set aside, or written again.
      try step.refused.removeAll { try !has($0.id) }
      try step.gaps.removeAll { try !has($0) }
      return step
    }
  }

  private func takePage(_ response: SyncResponse, to request: SyncRequest) throws -> Step {
    switch response.page {
    case .diverged(let marks): return try rewind(to: marks)
    case .snapshot:
      // The session gathers its parts; what was sent with the request was looked at all the same.
      var step = Step()
      try settle(response.verdicts, request.changesets.map { try Changeset(bytes: $0).id }, &step)
      step.isBehind = true
      return step
    case .entries(let entries, let end):
      return try take(entries, end: end, response, request)
    }
  }

  private func take(
    _ entries: [SyncResponse.Entry], end: Cursor, _ response: SyncResponse, _ request: SyncRequest
  ) throws -> Step {
    var step = Step()
    let pushed = try request.changesets.map { try Changeset(bytes: $0).id }
    guard response.verdicts.count == pushed.count else {
      throw ReplicaError.brokenAnswer("the number of verdicts is wrong")
    }
    // A log of another name says so beforehand, with its marks: logs of two names cannot be held against each other.
    guard request.cursor == .start || response.head.log == request.cursor.log else {
      throw ReplicaError.brokenAnswer("its log has another name than the one it goes on with")
    }
    var cursor = Cursor(
      log: response.head.log, position: request.cursor.position, hash: request.cursor.hash)
    var arrived: [Changeset] = []
    var read: [Cursor] = []
    var positions: [(ChangesetID, Int)] = []
    for entry in entries {
      let id = try self.id(of: entry, pushed, &arrived)
      cursor = cursor.advanced(over: id)
      read.append(cursor)
      positions.append((id, cursor.position))
      if case .known = entry, try !has(id) {
        step.needsOwnBytes = true
        return step
      }
    }
    guard cursor == end, response.head.position >= end.position,
      response.head.position > end.position || response.head == end
    else { throw ReplicaError.brokenAnswer("the running hash does not follow") }
    // A remote says so beforehand (``becomeNewWriterIfForked(_:to:)``), where nothing vouches for its words.
    let own = try identity().head.writer
    guard try arrived.allSatisfy({ try $0.header.writer != own || has($0.id) }) else {
      throw ReplicaError.brokenAnswer(
        "it has changes of this store that are not here, and hides it")
    }
    try settle(response.verdicts, pushed, &step)
    let fork = try giveWay(to: arrived)
    step.reissued = fork.reissued
    step.received = try receive(arrived)
    step.received.quarantined += fork.displaced.map { ($0, .forked) }
    let hasSnapshot = try hasSnapshot()
    for (id, position) in positions {
      try connection.run(
        "UPDATE changeset SET position = ?, refused = NULL WHERE id = ?", .int(position),
        .blob(id.bytes))
      guard hasSnapshot else { continue }
      try connection.run(
        "UPDATE snapshot_changeset SET position = ? WHERE id = ?", .int(position), .blob(id.bytes))
    }
    try moveCursor(to: end, after: request.cursor.position, reading: read)
    step.received.quarantined += try letGoOfBuiltOnRefused()
    step.received.splitViews = try compareCheckpoints()
    step.isBehind = response.head != end
    step.lacksSnapshot = try response.head == end && hasUnplacedSnapshot()
    step.isLevel =
      try response.head == end && unsentCount() == 0 && membershipRequest().entries.isEmpty
    return step
  }

  private func id(
    of entry: SyncResponse.Entry, _ pushed: [ChangesetID], _ arrived: inout [Changeset]
  ) throws -> ChangesetID {
    switch entry {
    case .changeset(let bytes):
      guard let changeset = try? Changeset(bytes: bytes) else {
        throw ReplicaError.brokenAnswer("a changeset cannot be read")
      }
      arrived.append(changeset)
      return changeset.id
    case .known(let id): return id
    case .pushed(let index):
      guard pushed.indices.contains(index) else {
        throw ReplicaError.brokenAnswer("it names a changeset that was not sent")
      }
      return pushed[index]
    }
  }

  /// Notes what was taken and what was refused. A position is believed only when a page proves it, so an
  /// accepted changeset stays unsent until then; to send it again is harmless.
  private func settle(
    _ verdicts: [Verdict], _ pushed: [ChangesetID], _ step: inout Step
  ) throws {
    for (id, verdict) in zip(pushed, verdicts) {
      switch verdict {
      case .accepted: step.sent += 1
      case .refused(let reason):
        // A gap may be filled by what follows; behind a refused one it stays.
        if reason == .gap, try !isBehindRefused(id) {
          step.gaps.append(id)
          continue
        }
        step.refused.append((id, reason))
        try refuse(id, reason)
      }
    }
  }

  func refuse(_ id: ChangesetID, _ reason: Verdict.Refusal) throws {
    try connection.run(
      "UPDATE changeset SET refused = ? WHERE id = ?", .int(Int64(reason.rawValue)),
      .blob(id.bytes))
  }

  private func isBehindRefused(_ id: ChangesetID) throws -> Bool {
    try connection.first(
      """
      SELECT 1 FROM changeset AS earlier JOIN changeset AS this USING (writer)
      WHERE this.id = ? AND earlier.sequence = this.sequence - 1 AND earlier.refused IS NOT NULL
      """, .blob(id.bytes)
    ) { _ in true } ?? false
  }

  /// Forgets refusals. They may have ended: a member was let in, the remote was upgraded; and nothing vouches for a
  /// verdict that came over a bad line.
  func retryRefused() throws {
    try connection.run("UPDATE changeset SET refused = NULL WHERE position IS NULL")
    try connection.run("UPDATE membership_unsent SET refused = NULL WHERE refused IS NOT NULL")
  }

  /// The remote's log is not the one we read: it was restored or replaced. Goes back to the last point
  /// both have; what lies behind it here is unsent again and will be given back.
  private func rewind(to marks: [Cursor]) throws -> Step {
    var step = Step()
    let common = try marks.filter(hasRead).max { $0.position < $1.position }
    guard let common else {
      throw ReplicaError.brokenAnswer("its marks do not go back to the beginning")
    }
    let former = try identity().cursor
    step.hasChangedItsPast = common.log == former.log
    step.isRenamed = former.position > 0 && !step.hasChangedItsPast
    if step.hasChangedItsPast { try noteTwoPasts(former) }
    step.lostByRemote =
      try connection.first(
        "SELECT count(*) FROM changeset WHERE position > ?", .int(common.position)
      ) { $0.int(0) } ?? 0
    try connection.run(
      "UPDATE changeset SET position = NULL WHERE position > ?", .int(common.position))
    try connection.run(
      "UPDATE snapshot_changeset SET position = NULL WHERE position > ?", .int(common.position))
    try moveCursor(to: common, after: common.position)
    return step
  }
}
