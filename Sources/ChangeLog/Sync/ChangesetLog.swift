/// A log of the changesets of one workspace, as a remote keeps it: gapless positions, a running hash.
///
/// It never looks into a body. ``answer(_:from:mayWrite:)`` is all of its side of the protocol.
public protocol ChangesetLog {
  var workspace: WorkspaceID { get }

  /// The end of the log.
  func head() throws -> Cursor
  /// The cursor at a position from 0 to the head's.
  func cursor(at position: Int) throws -> Cursor?
  func position(of id: ChangesetID) throws -> Int?
  func writer(_ id: WriterID) throws -> LogWriter?
  /// Entries after a position, ascending, at most about `limit` bytes of changesets but at least one. Not for
  /// positions before ``compactedUpTo()``.
  func entries(after position: Int, limit: Int) throws -> [LogEntry]
  /// Puts a changeset at the next position and makes it the head of its writer.
  func append(_ changeset: Changeset, from device: String) throws
  /// Keeps the first changeset that proves a writer's name to have two branches: signed, refused, with another one in its
  /// place here.
  func keepFork(_ changeset: Changeset, from device: String) throws
  /// The bytes of what was kept so.
  func fork(of writer: WriterID) throws -> [UInt8]?
  /// Up to this position only names are kept: their bytes are in a snapshot. 0 when all are here.
  func compactedUpTo() throws -> Int
  /// The newest snapshot that is kept.
  func snapshot() throws -> KeptSnapshot?
  /// A stretch of it.
  func snapshotBytes(from offset: Int, count: Int) throws -> [UInt8]
  /// Keeps a snapshot in the place of the one before.
  func keep(_ bytes: [UInt8], as snapshot: KeptSnapshot) throws
  /// Adds a part to what a device has sent of a snapshot; another snapshot of the same device begins anew.
  func gather(_ part: SnapshotPart, from device: String) throws -> GatheredSnapshot
  /// Puts the changesets that a snapshot stands for before all others here, and goes on as a log of another name.
  func adopt(_ snapshot: Snapshot, as id: LogID) throws

  /// All that `work` appends is there afterwards, or nothing of it.
  func transaction<Result>(_ work: () throws -> Result) throws -> Result
}

/// What a log knows of one writer.
public struct LogWriter: Hashable, Sendable {
  public let key: PublicKey
  public let head: WriterHead

  public init(key: PublicKey, head: WriterHead) {
    self.key = key
    self.head = head
  }
}

public struct LogEntry: Sendable {
  public let position: Int
  public let id: ChangesetID
  /// The device that sent it.
  public let device: String
  public let bytes: [UInt8]

  public init(position: Int, id: ChangesetID, device: String, bytes: [UInt8]) {
    self.position = position
    self.id = id
    self.device = device
    self.bytes = bytes
  }
}

/// How much of a snapshot that comes in parts is here.
public enum GatheredSnapshot: Hashable, Sendable {
  /// The first so many bytes.
  case partly(Int)
  case whole([UInt8])
}

extension ChangesetLog {
  /// Takes what a device sends and gives what it lacks, in one transaction.
  ///
  /// - Parameters:
  ///   - device: who asks; it was authenticated before.
  ///   - mayWrite: whether a changeset counts that the device with that key wrote, or, without a header, a snapshot that it
  ///     made; nil when it does.
  public func answer(
    _ request: SyncRequest, from device: String,
    mayWrite: (PublicKey, Header?) throws -> Verdict.Refusal?
  ) throws -> SyncResponse {
    try transaction {
      let known = try head()
      let own = try writer(request.own.writer)?.head
      let ownHead = own ?? WriterHead(writer: request.own.writer, sequence: 0, id: .zero)
      guard try isOfThisLog(request.cursor) else {
        return SyncResponse(head: known, own: ownHead, verdicts: [], page: .diverged(try marks()))
      }
      let verdicts = try accept(request.changesets, from: device, mayWrite: mayWrite)
      let verdict = try takeSnapshot(request.snapshot, from: device, mayWrite: mayWrite)
      let page = try page(for: request, from: device, verdicts)
      return SyncResponse(
        head: try head(), own: ownHead, verdicts: verdicts, snapshotVerdict: verdict,
        snapshot: try snapshot(), page: page)
    }
  }

  private func isOfThisLog(_ cursor: Cursor) throws -> Bool {
    if cursor == .start { return true }
    return try self.cursor(at: cursor.position) == cursor
  }

  /// Points of this log, dense at its end and sparse towards its beginning.
  private func marks() throws -> [Cursor] {
    let end = try head().position
    var marks: [Cursor] = []
    var back = 0
    while back < end {
      if let mark = try cursor(at: end - back) { marks.append(mark) }
      back = max(1, back * 2)
    }
    return marks + [Cursor(log: try head().log, position: 0, hash: .zero)]
  }

  private func accept(
    _ pushed: [[UInt8]], from device: String,
    mayWrite: (PublicKey, Header?) throws -> Verdict.Refusal?
  ) throws -> [Verdict] {
    let parsed = pushed.map { bytes in try? Changeset(bytes: bytes) }
    var signatures = SignatureRuns(parsed.compactMap { $0 })
    return try zip(pushed, parsed).map { bytes, changeset in
      guard let changeset else {
        return .refused(bytes.count > Changeset.maximumSize ? .tooLarge : .malformed)
      }
      if let refusal = try refusal(of: changeset, &signatures, mayWrite) {
        if refusal == .forked, try isProof(changeset) { try keepFork(changeset, from: device) }
        return .refused(refusal)
      }
      // A lost answer is harmless: what is here already keeps its position.
      if let position = try position(of: changeset.id) { return .accepted(position: position) }
      try append(changeset, from: device)
      return .accepted(position: try head().position)
    }
  }

  private func refusal(
    of changeset: Changeset, _ signatures: inout SignatureRuns,
    _ mayWrite: (PublicKey, Header?) throws -> Verdict.Refusal?
  ) throws -> Verdict.Refusal? {
    let header = changeset.header
    guard header.workspace == workspace else { return .otherWorkspace }
    if try position(of: changeset.id) != nil { return nil }
    let known = try writer(header.writer)
    let head = known?.head ?? WriterHead(writer: header.writer, sequence: 0, id: .zero)
    if header.sequence <= head.sequence { return .forked }
    guard header.sequence == head.sequence + 1 else { return .gap }
    guard header.previous == head.id else { return .forked }
    guard let key = known?.key ?? header.introduction?.key else { return .gap }
    // Whoever reads this log finds causes before what was built on them, and waits for nothing.
    for seen in header.seen {
      let head = try self.writer(seen.writer)?.head
      guard head?.sequence ?? 0 >= seen.sequence, try position(of: seen.id) != nil else {
        return .gap
      }
    }
    if let refusal = try mayWrite(key, header) { return refusal }
    return signatures.isSigned(changeset, by: key) ? nil : .badSignature
  }

  /// Whether the writer itself signed it: then it, and what is here in its place, were both written under one name.
  private func isProof(_ changeset: Changeset) throws -> Bool {
    guard let key = try writer(changeset.header.writer)?.key else { return false }
    return changeset.isSigned(by: key)
  }

  private func page(
    for request: SyncRequest, from device: String, _ verdicts: [Verdict]
  ) throws -> SyncResponse.Page {
    // A snapshot that was taken may have made another log of this one.
    guard try isOfThisLog(request.cursor) else { return .diverged(try marks()) }
    if let part = try snapshotPart(for: request) { return .snapshot(part) }
    var places: [Int: Int] = [:]
    for (index, verdict) in verdicts.enumerated() {
      if case .accepted(let position) = verdict, places[position] == nil {
        places[position] = index
      }
    }
    var end = Cursor(
      log: try head().log, position: request.cursor.position, hash: request.cursor.hash)
    var page: [SyncResponse.Entry] = []
    for entry in try entries(after: end.position, limit: max(1, min(request.pageSize, 8 << 20))) {
      end = end.advanced(over: entry.id)
      if let index = places[entry.position] {
        page.append(.pushed(index))
      } else if entry.device == device, !request.wantsOwnBytes {
        page.append(.known(entry.id))
      } else {
        page.append(.changeset(entry.bytes))
      }
    }
    return .entries(page, end: end)
  }
}
