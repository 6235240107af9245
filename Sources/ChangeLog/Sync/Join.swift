/// What a new device sends to enter a workspace: the invite's secret, and proof that it holds its key.
public struct JoinRequest: Sendable {
  /// The largest request, in bytes.
  public static let maximumSize = 1024
  /// The longest name of a device, in bytes of UTF-8.
  public static let maximumNameSize = 200
  /// How long the secret of an invite may be, in bytes.
  public static let secretSizes = 16...64

  /// From the invite code. Whoever has it may enter once.
  public let secret: [UInt8]
  /// What the member calls the device: "laptop".
  public let deviceName: String
  /// What the others will check the device's signatures with.
  public let key: PublicKey
  public let encoded: [UInt8]

  /// - Throws: ``FormatError/invalid(_:)`` when the secret or the name is of a size no server takes.
  public init(secret: [UInt8], deviceName: String, key: DeviceKey) throws {
    self.secret = secret
    self.deviceName = deviceName
    self.key = key.publicKey
    try Self.check(secret: secret, deviceName: deviceName)
    var writer = ByteWriter(reserving: 256)
    writer.append(SyncRequest.version)
    writer.append(block: secret)
    writer.append(text: deviceName)
    writer.append(raw: self.key.bytes)
    writer.append(raw: try key.sign(writer.bytes))
    encoded = writer.bytes
  }

  /// Reads the format. The proof is not checked here: see ``isProven``.
  public init(decoding bytes: [UInt8]) throws(FormatError) {
    guard bytes.count <= Self.maximumSize else { throw .tooLarge(limit: Self.maximumSize) }
    var reader = ByteReader(bytes)
    let version = try reader.byte()
    guard version == SyncRequest.version else { throw .unknownFormat(Int(version)) }
    secret = Array(try reader.block())
    deviceName = try reader.text()
    key = PublicKey(bytes: Array(try reader.raw(PublicKey.size)))
    _ = try reader.raw(Signature.size)
    try reader.expectEnd()
    try Self.check(secret: secret, deviceName: deviceName)
    encoded = bytes
  }

  /// Whether the sender holds the secret half of ``key``: it signed everything before the signature.
  public var isProven: Bool {
    key.verify(signature: encoded.suffix(Signature.size), of: encoded.dropLast(Signature.size))
  }

  private static func check(secret: [UInt8], deviceName: String) throws(FormatError) {
    guard secretSizes.contains(secret.count) else {
      throw .invalid("the secret of an invite has 16 to 64 bytes")
    }
    guard (1...maximumNameSize).contains(deviceName.utf8.count) else {
      throw .invalid("the name of a device has 1 to \(maximumNameSize) bytes")
    }
  }
}

/// What a device that was let in gets: who it is, and what it shows with every request.
public struct JoinResponse: Hashable, Sendable {
  /// The name the server gave the device.
  public var device: String
  public var token: Token
  /// The member it belongs to.
  public var member: String
  /// "owner", "editor" or "reader"; a newer server may have others.
  public var role: String
  public var workspaceName: String

  public init(device: String, token: Token, member: String, role: String, workspaceName: String) {
    self.device = device
    self.token = token
    self.member = member
    self.role = role
    self.workspaceName = workspaceName
  }

  public var encoded: [UInt8] {
    var writer = ByteWriter(reserving: 160)
    writer.append(SyncRequest.version)
    writer.append(text: device)
    writer.append(block: token.bytes)
    writer.append(text: member)
    writer.append(text: role)
    writer.append(text: workspaceName)
    return writer.bytes
  }

  public init(decoding bytes: [UInt8]) throws(FormatError) {
    var reader = ByteReader(bytes)
    let version = try reader.byte()
    guard version == SyncRequest.version else { throw .unknownFormat(Int(version)) }
    device = try reader.text()
    guard let token = Token(bytes: Array(try reader.block())) else {
      throw .invalid("a token has \(Token.size) bytes")
    }
    self.token = token
    member = try reader.text()
    role = try reader.text()
    workspaceName = try reader.text()
    try reader.expectEnd()
  }
}

/// What a device shows with every request, as `Authorization: Bearer` and ``text``. The server keeps its
/// hash only, and forgets it when the device is revoked.
public struct Token: Hashable, Sendable {
  /// In bytes.
  public static let size = 32

  public let bytes: [UInt8]

  /// - Returns: nil when there are not 32 bytes.
  public init?(bytes: [UInt8]) {
    guard bytes.count == Self.size else { return nil }
    self.bytes = bytes
  }

  /// - Returns: nil when it is not 64 hexadecimal digits.
  public init?(text: some StringProtocol) {
    guard text.utf8.count == 2 * Self.size, let bytes = Hexadecimal.decode(text) else { return nil }
    self.init(bytes: bytes)
  }

  /// 64 hexadecimal digits.
  public var text: String { Hexadecimal.encode(bytes) }
}

/// How the messages travel over HTTP.
public enum WireFormat {
  /// The content type of every request and of every answer that is not an error.
  public static let contentType = "application/x-dossier-sync"
  /// The header, with the version as value, by which an answer shows that it comes from such a server.
  public static let protocolHeader = "dossier-protocol"
}
