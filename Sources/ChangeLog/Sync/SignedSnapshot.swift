/// A snapshot with the name of the device that made it, as it travels. In an encrypted workspace what it amounts to is
/// sealed; what it stands for is not, for a log must know that.
public struct SignedSnapshot: Sendable {
  public let snapshot: Snapshot
  public let key: PublicKey
  /// With the key of which epoch it is sealed; 0 when it is not.
  public let epoch: UInt64

  private static let plain = Array("dossier snapshot 1\n".utf8)
  private static let sealed = Array("dossier snapshot 2\n".utf8)

  /// - Parameter seal: the epoch and the key that seal it; nil where nothing is encrypted.
  public static func encode(
    _ snapshot: Snapshot, signedBy key: DeviceKey, seal: (epoch: UInt64, key: EpochKey)? = nil
  ) throws -> [UInt8] {
    var writer = ByteWriter(reserving: snapshot.entries.count * 33 + snapshot.entities.count * 200)
    writer.append(raw: seal == nil ? plain : sealed)
    writer.append(raw: key.publicKey.bytes)
    snapshot.encodeNames(into: &writer)
    if let seal {
      writer.append(varint: seal.epoch)
      var entities = ByteWriter(reserving: snapshot.entities.count * 200)
      snapshot.encodeEntities(into: &entities)
      writer.append(
        raw: try seal.key.seal(
          entities.bytes, salt: salt(of: entities.bytes, seal.key), for: sealed,
          with: Digest(of: writer.bytes).bytes))
    } else {
      snapshot.encodeEntities(into: &writer)
    }
    return writer.bytes + (try key.sign(Digest(of: writer.bytes).bytes))
  }

  /// Of the message and the key, so that a device makes the same snapshot of the same log again and can go on sending it.
  private static func salt(of message: [UInt8], _ key: EpochKey) -> [UInt8] {
    let keyed = Array("dossier salt 1".utf8) + key.bytes + Digest(of: message).bytes
    return Array(Digest(of: keyed).bytes.prefix(EpochKey.saltSize))
  }

  /// Whose snapshot begins with these bytes; nothing is checked. nil when they are the beginning of none.
  static func key(in bytes: [UInt8]) -> PublicKey? {
    let start = plain.count
    guard bytes.starts(with: plain) || bytes.starts(with: sealed),
      bytes.count >= start + PublicKey.size
    else { return nil }
    return PublicKey(bytes: Array(bytes[start..<start + PublicKey.size]))
  }

  /// - Parameters:
  ///   - keys: for one that is sealed.
  ///   - withEntities: false reads only what a log must know: what it stands for and whose it is.
  /// - Throws: ``FormatError`` for bytes that are not, to the last one, what the maker signed;
  ///   ``FormatError/sealed(epoch:)`` when its key is not among `keys`.
  public init(
    decoding bytes: [UInt8], _ keys: Keyring = Keyring(), withEntities: Bool = true
  ) throws(FormatError) {
    guard bytes.count <= Snapshot.maximumSize else { throw .tooLarge(limit: Snapshot.maximumSize) }
    guard let key = Self.key(in: bytes) else { throw .invalid("this is no snapshot") }
    var reader = ByteReader(bytes)
    _ = try reader.raw(Self.plain.count + PublicKey.size)
    guard bytes.count > reader.offset + Signature.size else { throw .truncated(at: bytes.count) }
    let end = bytes.count - Signature.size
    // First of all: what follows is read only when its maker stands for it.
    guard key.verify(signature: bytes[end...], of: Digest(of: Array(bytes[..<end])).bytes) else {
      throw .invalid("the snapshot is damaged, or was changed on its way")
    }
    var content = try reader.nested(end - reader.offset)
    var snapshot = try Snapshot(namesFrom: &content)
    self.key = key
    guard bytes.starts(with: Self.sealed) else {
      epoch = 0
      if withEntities { try snapshot.readEntities(from: &content) }
      self.snapshot = snapshot
      return
    }
    epoch = try content.varint()
    guard epoch > 0 else { throw .invalid("epochs count from 1") }
    if withEntities {
      let front = Array(bytes[..<content.offset])
      let sealed = Array(try content.raw(content.remaining))
      var entities = ByteReader(try Self.open(sealed, behind: front, epoch, keys))
      try snapshot.readEntities(from: &entities)
    }
    self.snapshot = snapshot
  }

  private static func open(
    _ bytes: [UInt8], behind front: [UInt8], _ epoch: UInt64, _ keys: Keyring
  ) throws(FormatError) -> [UInt8] {
    guard !keys[epoch].isEmpty else { throw .sealed(epoch: epoch) }
    for key in keys[epoch] {
      if let plain = key.open(bytes, for: sealed, with: Digest(of: front).bytes) { return plain }
    }
    throw .sealed(epoch: epoch)
  }
}
