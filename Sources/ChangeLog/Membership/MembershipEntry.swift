/// One signed statement about who belongs to a workspace: an entry of its membership log.
///
/// The log's remote gives it a place; nobody but the signer can say it. Everybody who reads the log checks every entry
/// by the state that those before it made (``Membership``).
public struct MembershipEntry: Hashable, Sendable {
  /// The version of the format, first byte of every entry: 2 where it gives keys.
  static let formats: ClosedRange<UInt8> = 1...2
  /// The largest entry, in bytes.
  public static let maximumSize = 256 << 10
  /// How many writers a statement may name.
  static let maximumHeads = 4000

  public let workspace: WorkspaceID
  /// The last entry that the signer knew of; zero for the first of all. It must come before this one.
  public let previous: Digest
  /// When it was said, in milliseconds since 1970. For people, and for the end of invites.
  public let time: UInt64
  public let signer: PublicKey
  public let statement: Statement
  /// In an encrypted workspace only.
  public let grant: KeyGrant?
  /// All of it, as it is signed, stored and relayed.
  public let bytes: [UInt8]

  /// The SHA-256 of ``bytes``.
  public var id: Digest { Digest(of: bytes) }

  public enum Statement: Hashable, Sendable {
    /// The workspace begins. The signer is its administrator: who keeps its server.
    case found(name: String)
    /// A person has a role from now on, or none. `heads`: where the devices that may write no longer stand in the log.
    case member(name: String, role: Role?, heads: [WriterHead])
    /// Whoever has the secret half of a key may bring one device in for a member, once, until a time in milliseconds
    /// since 1970.
    case invite(member: String, key: PublicKey, expires: UInt64)
    /// A device comes in. Signed with the key of the invite; `proof` is its own.
    case device(key: PublicKey, name: String, proof: [UInt8])
    /// A device is shut out for ever. `heads`: where it stands in the log; what it wrote up to there stays.
    case revoke(key: PublicKey, heads: [WriterHead])
    /// Keys that the log has lost are given again.
    case formerKeys(FormerKeys)
    /// Changesets whose clocks said later than it was when they were here: they count as no later than that.
    case clockBound(ClockBound)
    /// Of a newer version, and of a kind that changes nobody's rights.
    case other(code: UInt64, [UInt8])
  }

  /// - Parameters:
  ///   - previous: the last entry known to the signer.
  ///   - time: in milliseconds since 1970.
  public init(
    _ statement: Statement, in workspace: WorkspaceID, after previous: Digest, at time: UInt64,
    giving grant: KeyGrant? = nil, signedBy key: DeviceKey
  ) throws {
    self.workspace = workspace
    self.previous = previous
    self.time = time
    self.signer = key.publicKey
    self.statement = statement
    self.grant = grant
    var writer = ByteWriter(reserving: 256)
    writer.append(grant == nil ? 1 : 2)
    writer.append(id: workspace)
    writer.append(digest: previous)
    writer.append(bigEndian: time)
    writer.append(raw: signer.bytes)
    statement.encode(into: &writer)
    grant?.encode(into: &writer)
    bytes = writer.bytes + (try key.sign(writer.bytes))
    // What is said must be what can be read.
    _ = try Self(bytes: bytes)
  }

  /// Reads the format; the signature is not checked: see ``isSigned``.
  public init(bytes: [UInt8]) throws(FormatError) {
    guard bytes.count <= Self.maximumSize else { throw .tooLarge(limit: Self.maximumSize) }
    var reader = ByteReader(bytes)
    let format = try reader.byte()
    guard Self.formats.contains(format) else { throw .unknownFormat(Int(format)) }
    workspace = try reader.id()
    previous = try reader.digest()
    time = try reader.bigEndian()
    signer = PublicKey(bytes: Array(try reader.raw(PublicKey.size)))
    statement = try Statement(from: &reader)
    grant = format == 1 ? nil : try KeyGrant(from: &reader)
    _ = try reader.raw(Signature.size)
    try reader.expectEnd()
    self.bytes = bytes
  }

  /// Whether the signer signed all before the signature.
  public var isSigned: Bool {
    signer.verify(signature: bytes.suffix(Signature.size), of: bytes.dropLast(Signature.size))
  }
}

extension MembershipEntry.Statement {
  /// What a device signs to show that it holds its key, when an invite brings it in.
  ///
  /// - Parameter recipient: with what secrets are to be sealed to it, in an encrypted workspace.
  static func proof(
    of key: PublicKey, in workspace: WorkspaceID, invitedBy invite: PublicKey,
    recipient: SealingKey?
  ) -> [UInt8] {
    Array("dossier device 1".utf8) + workspace.bytes + invite.bytes + key.bytes
      + (recipient?.bytes ?? [])
  }

  /// A device's own half of its coming in.
  ///
  /// - Parameter isEncrypted: whether the workspace is.
  public static func device(
    _ key: DeviceKey, named name: String, in workspace: WorkspaceID, invitedBy invite: DeviceKey,
    isEncrypted: Bool = false
  ) throws -> Self {
    let words = proof(
      of: key.publicKey, in: workspace, invitedBy: invite.publicKey,
      recipient: isEncrypted ? key.sealingKey : nil)
    return .device(key: key.publicKey, name: name, proof: try key.sign(words))
  }

  private enum Code {
    static let found: UInt64 = 1
    static let member: UInt64 = 2
    static let invite: UInt64 = 3
    static let device: UInt64 = 4
    static let revoke: UInt64 = 5
    /// From here on a statement may be skipped by who does not know it; below nobody goes on without.
    static let firstSkipped: UInt64 = 64
    static let formerKeys: UInt64 = 64
    static let clockBound: UInt64 = 65
  }

  func encode(into writer: inout ByteWriter) {
    var body = ByteWriter()
    let code: UInt64
    switch self {
    case .found(let name):
      code = Code.found
      body.append(text: name)
    case .member(let name, let role, let heads):
      code = Code.member
      body.append(text: name)
      body.append(role?.code ?? 0)
      Self.encode(heads, into: &body)
    case .invite(let member, let key, let expires):
      code = Code.invite
      body.append(text: member)
      body.append(raw: key.bytes)
      body.append(bigEndian: expires)
    case .device(let key, let name, let proof):
      code = Code.device
      body.append(raw: key.bytes)
      body.append(text: name)
      body.append(raw: proof)
    case .revoke(let key, let heads):
      code = Code.revoke
      body.append(raw: key.bytes)
      Self.encode(heads, into: &body)
    case .formerKeys(let keys):
      code = Code.formerKeys
      keys.encode(into: &body)
    case .clockBound(let bound):
      code = Code.clockBound
      bound.encode(into: &body)
    case .other(let other, let bytes):
      code = other
      body.append(raw: bytes)
    }
    writer.append(varint: code)
    writer.append(block: body.bytes)
  }

  init(from reader: inout ByteReader) throws(FormatError) {
    let code = try reader.varint()
    let block = Array(try reader.block())
    var body = ByteReader(block)
    switch code {
    case Code.found: self = .found(name: try Self.name(from: &body))
    case Code.member:
      let name = try Self.name(from: &body)
      let role = try body.byte()
      guard role == 0 || Role(code: role) != nil else {
        throw .invalid("the role is not known to this version")
      }
      self = .member(name: name, role: Role(code: role), heads: try Self.heads(from: &body))
    case Code.invite:
      self = .invite(
        member: try Self.name(from: &body),
        key: PublicKey(bytes: Array(try body.raw(PublicKey.size))), expires: try body.bigEndian())
    case Code.device:
      self = .device(
        key: PublicKey(bytes: Array(try body.raw(PublicKey.size))),
        name: try Self.name(from: &body), proof: Array(try body.raw(Signature.size)))
    case Code.revoke:
      self = .revoke(
        key: PublicKey(bytes: Array(try body.raw(PublicKey.size))),
        heads: try Self.heads(from: &body))
    case Code.firstSkipped...:
      // What cannot be read is skipped, as by who does not know it at all.
      self = (try? Self.skippable(code, from: body)) ?? .other(code: code, block)
      return
    default: throw .invalid("a statement about members is of a newer version")
    }
    try body.expectEnd()
  }

  /// - Returns: nil for one that this version does not know.
  private static func skippable(
    _ code: UInt64, from body: ByteReader
  ) throws(FormatError) -> Self? {
    var body = body
    let statement: Self
    switch code {
    case Code.formerKeys: statement = .formerKeys(try FormerKeys(from: &body))
    case Code.clockBound: statement = .clockBound(try ClockBound(from: &body))
    default: return nil
    }
    try body.expectEnd()
    return statement
  }

  /// 1 to 200 bytes.
  private static func name(from reader: inout ByteReader) throws(FormatError) -> String {
    let name = try reader.text()
    guard (1...200).contains(name.utf8.count) else { throw .invalid("a name has 1 to 200 bytes") }
    return name
  }

  private static func encode(_ heads: [WriterHead], into writer: inout ByteWriter) {
    writer.append(count: heads.count)
    for head in heads.sorted(by: { $0.writer < $1.writer }) { head.encode(into: &writer) }
  }

  private static func heads(from reader: inout ByteReader) throws(FormatError) -> [WriterHead] {
    let count = try reader.itemCount(minimumSize: 49)
    guard count <= MembershipEntry.maximumHeads else { throw .tooLarge(limit: count) }
    var heads: [WriterHead] = []
    for _ in 0..<count {
      let next = try WriterHead(from: &reader)
      guard heads.last.map({ $0.writer < next.writer }) ?? true else {
        throw .invalid("the writers are not in order")
      }
      heads.append(next)
    }
    return heads
  }
}
