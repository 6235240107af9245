/// Names a changeset: the SHA-256 of all its bytes, signature included.
public typealias ChangesetID = Digest

/// The changes of one command: written once, signed, stored and relayed verbatim.
///
/// `schema/sync-protocol.md` gives the format byte for byte.
public struct Changeset: Sendable {
  /// The largest changeset anybody accepts, in bytes.
  public static let maximumSize = 1_500_000
  /// The longest text a field can hold, in bytes of UTF-8.
  public static let maximumTextSize = 1 << 20

  public let header: Header
  /// The encoded ``Body``; sealed when `header.epoch` is not 0.
  public let body: [UInt8]
  public let bytes: [UInt8]
  public let id: ChangesetID

  /// Reads the outer format. The signature is not checked here: see ``Signature``.
  public init(bytes: [UInt8]) throws(FormatError) {
    guard bytes.count <= Self.maximumSize else { throw .tooLarge(limit: Self.maximumSize) }
    var reader = ByteReader(bytes)
    header = try Header(from: &reader)
    body = Array(try reader.block())
    _ = try reader.raw(Signature.size)
    try reader.expectEnd()
    self.bytes = bytes
    id = Digest(of: bytes)
  }

  /// Writes and signs a changeset.
  public init(header: Header, body: Body, key: DeviceKey) throws {
    var writer = ByteWriter(reserving: 256)
    header.encode(into: &writer)
    self.body = body.encoded(by: header.writer)
    writer.append(block: self.body)
    writer.append(raw: try key.sign(writer.bytes))
    guard writer.bytes.count <= Self.maximumSize else {
      throw FormatError.tooLarge(limit: Self.maximumSize)
    }
    self.header = header
    bytes = writer.bytes
    id = Digest(of: bytes)
  }

  public func decodedBody() throws(FormatError) -> Body {
    try Body(decoding: body, writtenBy: header.writer)
  }

  /// Whether the device whose key this is signed these bytes.
  public func isSigned(by key: PublicKey) -> Bool {
    key.verify(signature: bytes.suffix(Signature.size), of: bytes.dropLast(Signature.size))
  }
}

extension Changeset: Hashable {
  public static func == (a: Changeset, b: Changeset) -> Bool { a.id == b.id }
  public func hash(into hasher: inout Hasher) { hasher.combine(id) }
}
