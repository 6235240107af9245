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
  /// Who joins sends nothing that is not sealed when the code says so, whatever the server says.
  public var encryption: Encryption

  public enum Encryption: Hashable, Sendable {
    case none
    /// The workspace is encrypted.
    case sealed
    /// Who joins first founds an encrypted workspace of this name.
    case founding(workspace: String)
  }

  public init(
    address: String, workspace: WorkspaceID, member: String, secret: [UInt8], pin: [UInt8] = [],
    membershipHead: Digest = .zero, encryption: Encryption = .none
  ) {
    self.address = address
    self.workspace = workspace
    self.member = member
    self.secret = secret
    self.pin = pin
    self.membershipHead = membershipHead
    self.encryption = encryption
  }

  public var text: String {
    var writer = ByteWriter()
    writer.append(text: address)
    writer.append(id: workspace)
    writer.append(text: member)
    writer.append(block: secret)
    writer.append(block: pin)
    switch encryption {
    case .none where membershipHead == .zero: writer.append(0)
    case .none:
      writer.append(1)
      writer.append(digest: membershipHead)
    case .sealed:
      writer.append(2)
      writer.append(digest: membershipHead)
    case .founding(let name):
      writer.append(3)
      writer.append(text: name)
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
    (membershipHead, encryption) = (.zero, .none)
    switch try reader.byte() {
    case 0: break
    case 1: membershipHead = try reader.digest()
    case 2: (membershipHead, encryption) = (try reader.digest(), .sealed)
    case 3: encryption = .founding(workspace: try reader.text())
    default: throw .invalid("the invite code is for a newer version")
    }
    try reader.expectEnd()
  }
}

extension InviteCode {
  /// Who belongs to an encrypted workspace, by the answer to a join, and the keys that its log gives the holder of this
  /// invite.
  ///
  /// - Parameter head: an entry that must be in it: the invite's, or the first of a workspace that was founded now.
  /// - Returns: nil when it is not the log that the invite is of.
  public func members(
    in answer: JoinResponse, with head: Digest
  ) throws(FormatError) -> (log: Membership, keys: [UInt64: EpochKey])? {
    var log = Membership(workspace: workspace)
    for bytes in answer.members {
      let entry = try MembershipEntry(bytes: bytes)
      do { try log.append(entry) } catch { return nil }
    }
    let keys = log.keys(of: try DeviceKey(seed: secret))
    guard log.isEncrypted, log.contains(head), keys[log.epoch] != nil else { return nil }
    return (log, keys)
  }
}
