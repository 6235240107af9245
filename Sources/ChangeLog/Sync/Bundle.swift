/// Changesets in one file, to travel without a network: what one device has and another lacks.
///
/// It says what its maker held, so that it is a receipt too: the next bundle the other way holds no more than
/// is needed. The whole is signed; each changeset is so on its own.
public struct Bundle: Hashable, Sendable {
  public let workspace: WorkspaceID
  /// The device that made it.
  public let key: PublicKey
  /// The name its store wrote under then.
  public let writer: WriterID
  /// What people call the maker, for messages only.
  public let maker: String
  /// Of each writer the last changeset the maker held.
  public let held: VersionVector
  /// What the log begins with, where the receiver may lack changesets that the maker has only so: a signed
  /// snapshot (``SignedSnapshot``).
  public let snapshot: [UInt8]?
  /// The membership log as the maker knew it; none in a workspace without one.
  public let members: [[UInt8]]
  /// Verbatim, causes first.
  public let changesets: [[UInt8]]

  static let magic = Array("dossier bundle 1\n".utf8)

  /// No bundle is larger; a longer history is cut into several.
  public static let maximumSize = 512 << 20

  public init(
    workspace: WorkspaceID, key: PublicKey, writer: WriterID, maker: String, held: VersionVector,
    snapshot: [UInt8]? = nil, members: [[UInt8]] = [], changesets: [[UInt8]]
  ) {
    self.members = members
    self.snapshot = snapshot
    self.workspace = workspace
    self.key = key
    self.writer = writer
    self.maker = maker
    self.held = held
    self.changesets = changesets
  }

  /// - Parameter key: the maker's; its public half must be ``key``.
  public func encoded(signedBy key: DeviceKey) throws -> [UInt8] {
    var writer = ByteWriter(reserving: changesets.reduce(1024) { $0 + $1.count + 4 })
    writer.append(raw: Self.magic)
    writer.append(id: workspace)
    writer.append(raw: self.key.bytes)
    writer.append(id: self.writer)
    writer.append(text: maker)
    writer.append(vector: held)
    writer.append(snapshot == nil ? 0 : 1)
    if let snapshot { writer.append(block: snapshot) }
    writer.append(count: members.count)
    for entry in members { writer.append(block: entry) }
    writer.append(count: changesets.count)
    for changeset in changesets { writer.append(block: changeset) }
    return writer.bytes + (try key.sign(writer.bytes))
  }

  /// - Throws: ``FormatError`` for bytes that are not, to the last one, what the maker signed.
  public init(decoding bytes: [UInt8]) throws(FormatError) {
    guard bytes.count <= Self.maximumSize else { throw .tooLarge(limit: Self.maximumSize) }
    guard bytes.starts(with: Self.magic) else { throw .invalid("this is no bundle") }
    var reader = ByteReader(bytes)
    _ = try reader.raw(Self.magic.count)
    workspace = try reader.id()
    key = PublicKey(bytes: Array(try reader.raw(32)))
    writer = try reader.id()
    maker = try reader.text()
    held = try reader.vector()
    switch try reader.byte() {
    case 0: snapshot = nil
    case 1: snapshot = Array(try reader.block())
    default: throw .invalid("a flag of the bundle is not known to this version")
    }
    var members: [[UInt8]] = []
    for _ in 0..<(try reader.itemCount(minimumSize: 1)) {
      members.append(Array(try reader.block()))
    }
    self.members = members
    var changesets: [[UInt8]] = []
    for _ in 0..<(try reader.itemCount(minimumSize: 1)) {
      changesets.append(Array(try reader.block()))
    }
    self.changesets = changesets
    let end = reader.offset
    let signature = Array(try reader.raw(64))
    try reader.expectEnd()
    guard key.verify(signature: signature, of: bytes[..<end]) else {
      throw .invalid("the bundle is damaged, or was changed on its way")
    }
  }
}

extension ByteWriter {
  /// Ascending by writer.
  public mutating func append(vector: VersionVector) {
    append(count: vector.all.count)
    for (writer, sequence) in vector.all {
      append(id: writer)
      append(varint: sequence)
    }
  }
}

extension ByteReader {
  public mutating func vector() throws(FormatError) -> VersionVector {
    var vector = VersionVector()
    var last: WriterID?
    for _ in 0..<(try itemCount(minimumSize: 17)) {
      let writer: WriterID = try id()
      if let last, writer <= last { throw .invalid("the writers of a vector do not ascend") }
      last = writer
      let sequence = try count(upTo: 1 << 53 - 1)
      vector[writer] = UInt64(sequence)
    }
    return vector
  }
}
