/// What a remote answers: what became of the changesets sent, and what the replica lacks.
public struct SyncResponse: Sendable {
  /// The remote's log as it stands.
  public var head: Cursor
  /// What the remote holds of the asking device's own writer.
  public var own: WriterHead
  /// One for each changeset of the request, in its order; none when the cursor was refused.
  public var verdicts: [Verdict]
  /// What became of the part of a snapshot that the request offered.
  public var snapshotVerdict: SnapshotVerdict
  /// The newest snapshot the remote keeps.
  public var snapshot: KeptSnapshot?
  public var page: Page
  public var membership: MembershipAnswer

  public init(
    head: Cursor, own: WriterHead, verdicts: [Verdict], snapshotVerdict: SnapshotVerdict = .none,
    snapshot: KeptSnapshot? = nil, page: Page, membership: MembershipAnswer = .init()
  ) {
    self.membership = membership
    self.snapshotVerdict = snapshotVerdict
    self.snapshot = snapshot
    self.head = head
    self.own = own
    self.verdicts = verdicts
    self.page = page
  }

  public enum Page: Hashable, Sendable {
    /// What follows the request's cursor, and the cursor behind it.
    case entries([Entry], end: Cursor)
    /// The cursor is not of this log. Descending by position, ending with position 0: the replica looks
    /// for the last one it has too, and goes on from there.
    case diverged([Cursor])
    /// In the place of entries: a stretch of the remote's newest snapshot.
    case snapshot(SnapshotPart)
  }

  public enum Entry: Hashable, Sendable {
    case changeset([UInt8])
    /// Sent by this device in an earlier request.
    case known(ChangesetID)
    /// Sent in this request: its place there.
    case pushed(Int)
  }

  public var encoded: [UInt8] {
    var writer = ByteWriter(reserving: 256)
    writer.append(SyncRequest.version)
    head.encode(into: &writer)
    own.encode(into: &writer)
    writer.append(count: verdicts.count)
    for verdict in verdicts { verdict.encode(into: &writer) }
    snapshotVerdict.encode(into: &writer)
    writer.append(snapshot == nil ? 0 : 1)
    snapshot?.encode(into: &writer)
    switch page {
    case .entries(let entries, let end):
      writer.append(0)
      writer.append(count: entries.count)
      for entry in entries { entry.encode(into: &writer) }
      end.encode(into: &writer)
    case .diverged(let marks):
      writer.append(1)
      writer.append(count: marks.count)
      for mark in marks { mark.encode(into: &writer) }
    case .snapshot(let part):
      writer.append(2)
      part.encode(into: &writer)
    }
    membership.encode(into: &writer)
    return writer.bytes
  }

  public init(decoding bytes: [UInt8]) throws(FormatError) {
    var reader = ByteReader(bytes)
    let version = try reader.byte()
    guard version == SyncRequest.version else { throw .unknownFormat(Int(version)) }
    head = try Cursor(from: &reader)
    own = try WriterHead(from: &reader)
    verdicts = []
    for _ in 0..<(try reader.itemCount(minimumSize: 1)) {
      verdicts.append(try Verdict(from: &reader))
    }
    snapshotVerdict = try SnapshotVerdict(from: &reader)
    switch try reader.byte() {
    case 0: snapshot = nil
    case 1: snapshot = try KeptSnapshot(from: &reader)
    default: throw .invalid("a flag of the answer is not known to this version")
    }
    switch try reader.byte() {
    case 0:
      var entries: [Entry] = []
      for _ in 0..<(try reader.itemCount(minimumSize: 2)) {
        entries.append(try Entry(from: &reader))
      }
      page = .entries(entries, end: try Cursor(from: &reader))
    case 1:
      var marks: [Cursor] = []
      for _ in 0..<(try reader.itemCount(minimumSize: 49)) {
        marks.append(try Cursor(from: &reader))
      }
      page = .diverged(marks)
    case 2: page = .snapshot(try SnapshotPart(from: &reader))
    default: throw .invalid("the kind of page is not known to this version")
    }
    membership = try MembershipAnswer(from: &reader)
    try reader.expectEnd()
  }
}

extension SyncResponse.Entry {
  fileprivate func encode(into writer: inout ByteWriter) {
    switch self {
    case .changeset(let bytes):
      writer.append(0)
      writer.append(block: bytes)
    case .known(let id):
      writer.append(1)
      writer.append(digest: id)
    case .pushed(let index):
      writer.append(2)
      writer.append(count: index)
    }
  }

  fileprivate init(from reader: inout ByteReader) throws(FormatError) {
    switch try reader.byte() {
    case 0: self = .changeset(Array(try reader.block()))
    case 1: self = .known(try reader.digest())
    case 2: self = .pushed(try reader.count())
    default: throw .invalid("an entry of the page is not known to this version")
    }
  }
}
