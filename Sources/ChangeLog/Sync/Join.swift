/// What a new device sends to enter a workspace: its entry of the membership log, signed with the key of the invite, and
/// those before it when it founds the workspace.
public struct JoinRequest: Sendable {
  /// The largest request, in bytes.
  public static let maximumSize = 1 << 20
  /// The longest name of a device, in bytes of UTF-8.
  public static let maximumNameSize = 200

  public let entry: MembershipEntry
  /// What founds the workspace; empty for whoever enters one.
  public let founding: [MembershipEntry]
  public let encoded: [UInt8]

  /// - Parameters:
  ///   - invite: its secret is the key that signs.
  ///   - now: in milliseconds since 1970.
  ///   - founding: what founds the workspace (``Founding/entries``).
  /// - Throws: ``FormatError/invalid(_:)`` when the name is of a size no server takes.
  public init(
    _ invite: InviteCode, deviceName: String, key: DeviceKey, now: UInt64,
    founding: [MembershipEntry] = []
  ) throws {
    let inviting = try DeviceKey(seed: invite.secret)
    let isEncrypted = invite.encryption != .none
    let statement = try MembershipEntry.Statement.device(
      key, named: deviceName, in: invite.workspace, invitedBy: inviting, isEncrypted: isEncrypted)
    try self.init(
      MembershipEntry(
        statement, in: invite.workspace, after: founding.last?.id ?? invite.membershipHead, at: now,
        giving: isEncrypted ? KeyGrant(recipient: key.sealingKey) : nil, signedBy: inviting),
      founding: founding)
  }

  public init(_ entry: MembershipEntry, founding: [MembershipEntry] = []) throws {
    self.entry = entry
    self.founding = founding
    var writer = ByteWriter(reserving: 512)
    writer.append(SyncRequest.version)
    writer.append(block: entry.bytes)
    writer.append(entries: founding.map(\.bytes))
    encoded = writer.bytes
  }

  /// Reads the format. The signatures are not checked here.
  public init(decoding bytes: [UInt8]) throws(FormatError) {
    guard bytes.count <= Self.maximumSize else { throw .tooLarge(limit: Self.maximumSize) }
    var reader = ByteReader(bytes)
    let version = try reader.byte()
    guard version == SyncRequest.version else { throw .unknownFormat(Int(version)) }
    entry = try MembershipEntry(bytes: Array(try reader.block()))
    var founding: [MembershipEntry] = []
    for bytes in try reader.entries() { founding.append(try MembershipEntry(bytes: bytes)) }
    self.founding = founding
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
  /// The whole membership log of an encrypted workspace, which gives the device its keys before it writes a word there.
  public var members: [[UInt8]]

  public init(
    device: String, token: Token, member: String, role: String, workspaceName: String,
    members: [[UInt8]] = []
  ) {
    self.device = device
    self.token = token
    self.member = member
    self.role = role
    self.workspaceName = workspaceName
    self.members = members
  }

  public var encoded: [UInt8] {
    var writer = ByteWriter(reserving: 160)
    writer.append(SyncRequest.version)
    writer.append(text: device)
    writer.append(block: token.bytes)
    writer.append(text: member)
    writer.append(text: role)
    writer.append(text: workspaceName)
    writer.append(entries: members)
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
    members = try reader.entries()
  }
}

extension ByteWriter {
  /// Entries at the end of a message, when there are any.
  fileprivate mutating func append(entries: [[UInt8]]) {
    guard !entries.isEmpty else { return }
    append(count: entries.count)
    for entry in entries { append(block: entry) }
  }
}

extension ByteReader {
  /// What is left of a message: nothing, or entries.
  fileprivate mutating func entries() throws(FormatError) -> [[UInt8]] {
    guard remaining > 0 else { return [] }
    let start = offset
    let count = try itemCount(minimumSize: 1)
    // Where there are none there is no count.
    guard count > 0 else { throw .trailingBytes(at: start) }
    var entries: [[UInt8]] = []
    for _ in 0..<count { entries.append(Array(try block())) }
    try expectEnd()
    return entries
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
