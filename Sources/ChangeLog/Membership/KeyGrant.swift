/// What an entry of an encrypted workspace says besides its statement: who can be given secrets, and the key of an epoch,
/// sealed to those who may read from here on.
public struct KeyGrant: Hashable, Sendable {
  /// What secrets are sealed with to whom the statement lets in: a device or an invite; in the first entry, to whoever
  /// holds the recovery code.
  public var recipient: SealingKey?
  public var key: Epoch?

  /// The key of an epoch as it travels.
  public struct Epoch: Hashable, Sendable {
    /// 1 for the first.
    public var number: UInt64
    /// The SHA-256 over "dossier epoch 1" and the key: all who open it hold the same.
    public var commitment: Digest
    /// The key, sealed to each who gets it.
    public var boxes: [SealingKey: [UInt8]]
    /// The key of the epoch before, sealed with this one: whoever may read may read all. Empty for the first epoch, and
    /// where the epoch is not new.
    public var former: [UInt8]
  }

  public init(recipient: SealingKey? = nil, key: Epoch? = nil) {
    self.recipient = recipient
    self.key = key
  }

  func encode(into writer: inout ByteWriter) {
    writer.append((recipient == nil ? 0 : 1) | (key == nil ? 0 : 2))
    if let recipient { writer.append(raw: recipient.bytes) }
    guard let key else { return }
    writer.append(varint: key.number)
    writer.append(digest: key.commitment)
    writer.append(count: key.boxes.count)
    for (recipient, box) in key.boxes.sorted(by: { $0.key < $1.key }) {
      writer.append(raw: recipient.bytes)
      writer.append(raw: box)
    }
    writer.append(block: key.former)
  }

  init(from reader: inout ByteReader) throws(FormatError) {
    let flags = try reader.byte()
    guard (1...3).contains(flags) else { throw .invalid("it gives nothing, or what is not known") }
    recipient =
      flags & 1 == 0 ? nil : SealingKey(bytes: Array(try reader.raw(SealingKey.size)))
    key = flags & 2 == 0 ? nil : try Epoch(from: &reader)
  }
}

extension KeyGrant.Epoch {
  fileprivate init(from reader: inout ByteReader) throws(FormatError) {
    number = try reader.varint()
    guard (1...UInt64(Int64.max)).contains(number) else { throw .invalid("epochs count from 1") }
    commitment = try reader.digest()
    boxes = [:]
    var last: SealingKey?
    for _ in 0..<(try reader.itemCount(minimumSize: SealingKey.size + SealingKey.boxSize)) {
      let recipient = SealingKey(bytes: Array(try reader.raw(SealingKey.size)))
      guard last.map({ $0 < recipient }) ?? true else {
        throw .invalid("the recipients do not ascend")
      }
      boxes[recipient] = Array(try reader.raw(SealingKey.boxSize))
      last = recipient
    }
    former = Array(try reader.block())
    guard former.isEmpty || former.count == EpochKey.sealedSize else {
      throw .invalid("the former key is not sealed")
    }
  }

  /// Seals the key of an epoch to those who may read.
  ///
  /// - Parameters:
  ///   - former: the key of the epoch before and ``EpochKey/saltSize`` random bytes; nil for the first epoch, and where
  ///     this one is not new.
  public init(
    _ number: UInt64, _ key: EpochKey, of workspace: WorkspaceID,
    sealedTo recipients: some Sequence<SealingKey>, former: (key: EpochKey, salt: [UInt8])? = nil
  ) throws {
    self.number = number
    commitment = key.commitment
    boxes = [:]
    let context = Self.context(number, workspace)
    for recipient in recipients {
      boxes[recipient] = try recipient.seal(key.bytes, for: context)
    }
    self.former =
      try former.map { try key.seal($0.key.bytes, salt: $0.salt, for: context, with: []) } ?? []
  }

  /// - Returns: nil when nothing here is sealed to that device, or something else than the key it commits to.
  func opened(by device: DeviceKey, of workspace: WorkspaceID) -> EpochKey? {
    guard let box = boxes[device.sealingKey],
      let bytes = device.open(box, for: Self.context(number, workspace)),
      bytes.count == EpochKey.size
    else { return nil }
    let key = EpochKey(bytes: bytes)
    return key.commitment == commitment ? key : nil
  }

  /// - Returns: the key of the epoch before; nil when it does not open.
  func former(openedWith key: EpochKey, of workspace: WorkspaceID) -> EpochKey? {
    guard let bytes = key.open(former, for: Self.context(number, workspace), with: []),
      bytes.count == EpochKey.size
    else { return nil }
    return EpochKey(bytes: bytes)
  }

  private static func context(_ number: UInt64, _ workspace: WorkspaceID) -> [UInt8] {
    var writer = ByteWriter(reserving: 48)
    writer.append(raw: Array("dossier epoch 1".utf8))
    writer.append(id: workspace)
    writer.append(bigEndian: number)
    return writer.bytes
  }
}
