/// What a replica sends in one exchange: how far it has read, and what it has for the remote.
public struct SyncRequest: Sendable {
  /// The version of the protocol, first byte of every message.
  public static let version: UInt8 = 1
  /// The largest request, in bytes: one changeset always fits.
  public static let maximumSize = 4 << 20
  /// The most changesets in one request.
  public static let maximumChangesets = 2000

  public var workspace: WorkspaceID
  public var cursor: Cursor
  /// The device's own writer and its last changeset here: a remote that knows more tells a restored device.
  public var own: WriterHead
  /// How a page names what this device sent earlier: by its id alone, or whole.
  public var wantsOwnBytes: Bool
  /// About how many bytes of changesets the answer may hold. At least one comes, if there is one.
  public var pageSize: Int
  /// Whether the answer may be the newest snapshot, when that spares a long log.
  public var takesSnapshot: Bool
  /// Causes first.
  public var changesets: [[UInt8]]
  public var snapshot: SnapshotRequest
  public var membership: MembershipRequest

  public init(
    workspace: WorkspaceID, cursor: Cursor, own: WriterHead, wantsOwnBytes: Bool = false,
    takesSnapshot: Bool = false, pageSize: Int = 2 << 20, changesets: [[UInt8]] = [],
    snapshot: SnapshotRequest = .none, membership: MembershipRequest = .init()
  ) {
    self.workspace = workspace
    self.cursor = cursor
    self.own = own
    self.wantsOwnBytes = wantsOwnBytes
    self.takesSnapshot = takesSnapshot
    self.snapshot = snapshot
    self.membership = membership
    self.pageSize = pageSize
    self.changesets = changesets
  }

  public var encoded: [UInt8] {
    var writer = ByteWriter(reserving: 160 + changesets.reduce(0) { $0 + $1.count + 4 })
    writer.append(Self.version)
    writer.append(id: workspace)
    cursor.encode(into: &writer)
    own.encode(into: &writer)
    writer.append((wantsOwnBytes ? 1 : 0) | (takesSnapshot ? 2 : 0))
    writer.append(count: pageSize)
    writer.append(count: changesets.count)
    for changeset in changesets { writer.append(block: changeset) }
    snapshot.encode(into: &writer)
    membership.encode(into: &writer)
    return writer.bytes
  }

  public init(decoding bytes: [UInt8]) throws(FormatError) {
    guard bytes.count <= Self.maximumSize else { throw .tooLarge(limit: Self.maximumSize) }
    var reader = ByteReader(bytes)
    let version = try reader.byte()
    guard version == Self.version else { throw .unknownFormat(Int(version)) }
    workspace = try reader.id()
    cursor = try Cursor(from: &reader)
    own = try WriterHead(from: &reader)
    let flag = try reader.byte()
    guard flag <= 3 else { throw .invalid("a flag of the request is not known to this version") }
    wantsOwnBytes = flag & 1 != 0
    takesSnapshot = flag & 2 != 0
    pageSize = try reader.count()
    let count = try reader.itemCount(minimumSize: 1)
    guard count <= Self.maximumChangesets else { throw .tooLarge(limit: Self.maximumSize) }
    changesets = []
    changesets.reserveCapacity(count)
    for _ in 0..<count { changesets.append(Array(try reader.block())) }
    snapshot = try SnapshotRequest(from: &reader)
    membership = try MembershipRequest(from: &reader)
    try reader.expectEnd()
  }
}

/// The last changeset of a writer that somebody knows of; number 0 and hash zero when none.
public struct WriterHead: Hashable, Sendable {
  public var writer: WriterID
  public var sequence: UInt64
  public var id: ChangesetID

  public init(writer: WriterID, sequence: UInt64, id: ChangesetID) {
    self.writer = writer
    self.sequence = sequence
    self.id = id
  }

  func encode(into writer: inout ByteWriter) {
    writer.append(id: self.writer)
    writer.append(varint: sequence)
    writer.append(digest: id)
  }

  init(from reader: inout ByteReader) throws(FormatError) {
    writer = try reader.id()
    sequence = UInt64(try reader.count(upTo: 1 << 53 - 1))
    id = try reader.digest()
  }
}
