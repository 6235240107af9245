/// What a new device sends to enter a workspace: its entry of the membership log, signed with the key of the invite.
public struct JoinRequest: Sendable {
  /// The largest request, in bytes.
  public static let maximumSize = 1024
  /// The longest name of a device, in bytes of UTF-8.
  public static let maximumNameSize = 200

  public let entry: MembershipEntry
  public let encoded: [UInt8]

  /// - Parameters:
  ///   - invite: its secret is the key that signs.
  ///   - now: in milliseconds since 1970.
  /// - Throws: ``FormatError/invalid(_:)`` when the name is of a size no server takes.
  public init(_ invite: InviteCode, deviceName: String, key: DeviceKey, now: UInt64) throws {
    let inviting = try DeviceKey(seed: invite.secret)
    let statement = try MembershipEntry.Statement.device(
      key, named: deviceName, in: invite.workspace, invitedBy: inviting)
    try self.init(
      MembershipEntry(
        statement, in: invite.workspace, after: invite.membershipHead, at: now, signedBy: inviting))
  }

  public init(_ entry: MembershipEntry) throws {
    self.entry = entry
    var writer = ByteWriter(reserving: 512)
    writer.append(SyncRequest.version)
    writer.append(block: entry.bytes)
    encoded = writer.bytes
  }

  /// Reads the format. The signatures are not checked here.
  public init(decoding bytes: [UInt8]) throws(FormatError) {
    guard bytes.count <= Self.maximumSize else { throw .tooLarge(limit: Self.maximumSize) }
    var reader = ByteReader(bytes)
    let version = try reader.byte()
    guard version == SyncRequest.version else { throw .unknownFormat(Int(version)) }
    entry = try MembershipEntry(bytes: Array(try reader.block()))
    try reader.expectEnd()
    guard case .device = entry.statement else { throw .invalid("it brings no device in") }
    encoded = bytes
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
