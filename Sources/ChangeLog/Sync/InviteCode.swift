/// What a new device needs to find and enter a workspace. One use, short life.
///
/// Written as `dossier1-` and Crockford base32, so that it survives being read out on the telephone.
public struct InviteCode: Hashable, Sendable {
  static let prefix = "dossier1-"

  /// Where the server listens: "https://dossier.example.org".
  public var address: String
  public var workspace: WorkspaceID
  /// The member the device will belong to.
  public var member: String
  /// 32 random bytes: the seed of the key that signs the device in. The server knows its public half only.
  public var secret: [UInt8]
  /// SHA-256 of the server's public key, for a certificate nobody else vouches for; empty for none.
  public var pin: [UInt8]
  /// The entry of the membership log that made the invite: who joins believes no log without it.
  public var membershipHead: Digest

  public init(
    address: String, workspace: WorkspaceID, member: String, secret: [UInt8], pin: [UInt8] = [],
    membershipHead: Digest = .zero
  ) {
    self.address = address
    self.workspace = workspace
    self.member = member
    self.secret = secret
    self.pin = pin
    self.membershipHead = membershipHead
  }

  public var text: String {
    var writer = ByteWriter()
    writer.append(text: address)
    writer.append(id: workspace)
    writer.append(text: member)
    writer.append(block: secret)
    writer.append(block: pin)
    if membershipHead == .zero {
      writer.append(0)
    } else {
      writer.append(1)
      writer.append(digest: membershipHead)
    }
    let check = Digest(of: writer.bytes).bytes.prefix(3)
    return Self.prefix + Base32.encode(writer.bytes + check)
  }

  /// - Throws: ``FormatError``; three bytes of a hash at the end catch a mistyped character.
  public init(text: String) throws(FormatError) {
    let compact = text.filter { !$0.isWhitespace }
    guard compact.lowercased().hasPrefix(Self.prefix),
      let bytes = Base32.decode(compact.dropFirst(Self.prefix.count))
    else { throw .invalid("an invite code begins with \(Self.prefix)") }
    guard bytes.count > 3, bytes.suffix(3) == Digest(of: Array(bytes.dropLast(3))).bytes.prefix(3)
    else { throw .invalid("a character of the invite code is missing or wrong") }
    var reader = ByteReader(Array(bytes.dropLast(3)))
    address = try reader.text()
    workspace = try reader.id()
    member = try reader.text()
    secret = Array(try reader.block())
    pin = Array(try reader.block())
    switch try reader.byte() {
    case 0: membershipHead = .zero
    case 1: membershipHead = try reader.digest()
    default: throw .invalid("the invite code is for a newer version")
    }
    try reader.expectEnd()
  }
}
