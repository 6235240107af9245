/// What a request says of the membership log: how much of it is known, and what else was said.
public struct MembershipRequest: Hashable, Sendable {
  /// The most entries in one request.
  public static let maximumEntries = 500

  public var head: Membership.Head
  /// Entries that the remote has not got, as far as it is known here; causes first.
  public var entries: [[UInt8]]

  public init(head: Membership.Head = .init(), entries: [[UInt8]] = []) {
    self.head = head
    self.entries = entries
  }

  func encode(into writer: inout ByteWriter) {
    head.encode(into: &writer)
    writer.append(count: entries.count)
    for entry in entries { writer.append(block: entry) }
  }

  init(from reader: inout ByteReader) throws(FormatError) {
    head = try Membership.Head(from: &reader)
    let count = try reader.itemCount(minimumSize: 1)
    guard count <= Self.maximumEntries else { throw .tooLarge(limit: Self.maximumEntries) }
    entries = []
    for _ in 0..<count { entries.append(Array(try reader.block())) }
  }
}

/// What an answer says of it.
public struct MembershipAnswer: Hashable, Sendable {
  /// The remote's log as it stands.
  public var head: Membership.Head
  /// After how many entries those here follow: what the request knew, or 0 when that is not of this log.
  public var after: Int
  public var entries: [[UInt8]]
  /// Of each entry of the request why it was not taken; nil when it was.
  public var refusals: [Membership.Refusal?]

  public init(
    head: Membership.Head = .init(), after: Int = 0, entries: [[UInt8]] = [],
    refusals: [Membership.Refusal?] = []
  ) {
    self.head = head
    self.after = after
    self.entries = entries
    self.refusals = refusals
  }

  func encode(into writer: inout ByteWriter) {
    head.encode(into: &writer)
    writer.append(count: after)
    writer.append(count: entries.count)
    for entry in entries { writer.append(block: entry) }
    writer.append(count: refusals.count)
    for refusal in refusals { writer.append(refusal?.rawValue ?? 0) }
  }

  init(from reader: inout ByteReader) throws(FormatError) {
    head = try Membership.Head(from: &reader)
    after = try reader.count()
    entries = []
    for _ in 0..<(try reader.itemCount(minimumSize: 1)) {
      entries.append(Array(try reader.block()))
    }
    refusals = []
    for _ in 0..<(try reader.itemCount(minimumSize: 1)) {
      let code = try reader.byte()
      guard code == 0 || Membership.Refusal(rawValue: code) != nil else {
        throw .invalid("a reason is not known to this version")
      }
      refusals.append(Membership.Refusal(rawValue: code))
    }
  }
}

extension Membership.Head {
  func encode(into writer: inout ByteWriter) {
    writer.append(count: count)
    writer.append(digest: hash)
  }

  init(from reader: inout ByteReader) throws(FormatError) {
    count = try reader.count()
    hash = try reader.digest()
  }
}

extension Membership.Refusal: CustomStringConvertible {
  public var description: String {
    switch self {
    case .malformed: "it cannot be read"
    case .otherWorkspace: "it is of another workspace"
    case .badSignature: "its signature is not good"
    case .unknownCause: "it was said after something that is not here"
    case .notAllowed: "only an owner or the administrator may say that"
    case .unknownMember: "there is no such member"
    case .unknownDevice: "there is no such device"
    case .keyTaken: "the key of this device belongs to another member or was revoked"
    case .inviteUnknown: "this invite is not known here"
    case .inviteUsed: "this invite was used already"
    case .inviteExpired: "this invite has expired"
    case .known: "it was said already"
    case .stale: "more is known here than when it was said"
    case .wrongKeys: "it does not give the keys that it has to"
    }
  }
}
