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
  ///
  /// - Parameter seal: the key of the header's epoch and ``EpochKey/saltSize`` random bytes; for epoch 0 nil.
  public init(
    header: Header, body: Body, key: DeviceKey, seal: (key: EpochKey, salt: [UInt8])? = nil
  ) throws {
    precondition((header.epoch == 0) == (seal == nil))
    var writer = ByteWriter(reserving: 256)
    header.encode(into: &writer)
    let plain = body.encoded(by: header.writer)
    self.body =
      try seal.map { seal in
        try seal.key.seal(
          plain, salt: seal.salt, for: Self.sealingContext(header), with: writer.bytes)
      } ?? plain
    writer.append(block: self.body)
    writer.append(raw: try key.sign(writer.bytes))
    guard writer.bytes.count <= Self.maximumSize else {
      throw FormatError.tooLarge(limit: Self.maximumSize)
    }
    self.header = header
    bytes = writer.bytes
    id = Digest(of: bytes)
  }

  /// - Parameter keys: for a sealed body.
  /// - Throws: ``FormatError/sealed(epoch:)`` when its key is not among them; ``FormatError`` when it cannot be read.
  public func decodedBody(_ keys: Keyring = Keyring()) throws(FormatError) -> Body {
    guard header.epoch != 0 else { return try Body(decoding: body, writtenBy: header.writer) }
    let keys = keys[header.epoch]
    guard !keys.isEmpty else { throw .sealed(epoch: header.epoch) }
    // Exactly the bytes in front of the body are what was sealed with it.
    var front = ByteWriter(reserving: 256)
    header.encode(into: &front)
    for key in keys {
      if let plain = key.open(body, for: Self.sealingContext(header), with: front.bytes) {
        return try Body(decoding: plain, writtenBy: header.writer)
      }
    }
    // Of one epoch there can be another key, which is not here.
    throw .sealed(epoch: header.epoch)
  }

  /// Whoever loses the salt's randomness still seals different changesets with different keys.
  private static func sealingContext(_ header: Header) -> [UInt8] {
    var writer = ByteWriter(reserving: 64)
    writer.append(raw: Array("dossier changeset 1".utf8))
    writer.append(id: header.writer)
    writer.append(bigEndian: header.sequence)
    return writer.bytes
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
