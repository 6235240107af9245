public import ChangeLog
internal import SQLite

extension Accounts {
  /// How many random bytes the secret of an invite has.
  public static let secretSize = 32

  /// Makes a code that lets one device of a member in, once.
  ///
  /// - Parameters:
  ///   - secret: ``secretSize`` random bytes.
  ///   - pin: SHA-256 of the server's key when nobody else vouches for its certificate; else empty.
  ///   - expires: the last second it is good for, since 1970.
  ///   - now: in seconds since 1970.
  public func invite(
    _ name: String, to workspace: WorkspaceID, secret: [UInt8], pin: [UInt8] = [], expires: Int,
    now: Int
  ) throws(StoreError) -> InviteCode {
    try transaction(in: workspace) {
      let member = try member(name, of: workspace)
      guard !member.isDisabled else { throw StoreError.memberDisabled(name) }
      let key = try DeviceKey(seed: secret)
      let entry = try say(
        // All of its last second.
        .invite(
          member: name, key: key.publicKey, expires: UInt64(max(0, expires)) * 1000 + 999),
        in: workspace, now: now)
      return InviteCode(
        address: try address(), workspace: workspace, member: name, secret: secret, pin: pin,
        membershipHead: entry.id)
    }
  }

  /// Lets a device in. The invite is used up in the same transaction.
  ///
  /// A device that comes again with a new invite, because it lost its token, stays who it is.
  ///
  /// - Parameters:
  ///   - token: random; what the device will show.
  ///   - now: in seconds since 1970.
  public func join(
    _ request: JoinRequest, to workspace: WorkspaceID, token: Token, now: Int
  ) throws(StoreError) -> JoinResponse {
    let entry = request.entry
    guard case .device(let key, let name, _) = entry.statement, entry.workspace == workspace else {
      throw .inviteUnknown
    }
    try Name.check(name)
    return try transaction(in: workspace) {
      try found(workspace, request, now: now)
      let membership = try membership(of: workspace)
      // The entry's own time is its author's word; the invite ends by our clock.
      if let expires = membership.expiry(ofInvite: entry.signer),
        UInt64(max(0, now)) * 1000 > expires
      {
        throw StoreError.inviteExpired
      }
      guard membership.givesNewestKey(invite: entry.signer) else { throw StoreError.inviteExpired }
      try admit(entry)
      try rows(of: workspace).run(
        """
        INSERT INTO token (workspace, key, token) VALUES ($1, $2, $3)
        ON CONFLICT (workspace, key) DO UPDATE SET token = excluded.token
        """, .blob(key.bytes), .blob(Digest(of: token.bytes).bytes))
      guard let device = try devices(of: workspace).first(where: { $0.key == key }),
        let account = try workspaces().first(where: { $0.id == workspace })
      else { throw StoreError.inviteUnknown }
      return JoinResponse(
        device: device.id, token: token, member: device.member.name,
        role: device.member.role.rawValue, workspaceName: account.name,
        members: membership.isEncrypted ? try entries(of: workspace, after: 0) : [])
    }
  }

  private func admit(_ entry: MembershipEntry) throws(StoreError) {
    guard let reason = try refusal(of: entry) else { return }
    switch reason {
    case .inviteUsed: throw .inviteUsed
    case .inviteExpired: throw .inviteExpired
    case .keyTaken: throw .keyTaken
    case .badSignature: throw .unproven
    case .unknownMember:
      let member = try membership(of: entry.workspace).member(ofInvite: entry.signer)
      throw .memberDisabled(member ?? "")
    default: throw .inviteUnknown
    }
  }

  /// The server's side of the membership log in a sync: takes what was said elsewhere, gives what is new.
  ///
  /// - Parameter heads: how far writers of devices have written, as the log stands now.
  public func answer(
    _ request: MembershipRequest, in workspace: WorkspaceID,
    heads: ([PublicKey]) throws -> [WriterHead]
  ) throws(StoreError) -> MembershipAnswer {
    let refusals = try request.entries.map { bytes throws(StoreError) in
      try take(bytes, in: workspace, heads)
    }
    return try translated {
      try database.reading(in: workspace) {
        let membership = try membership(of: workspace)
        let known =
          membership.hash(at: request.head.count) == request.head.hash ? request.head.count : 0
        return MembershipAnswer(
          head: membership.head, after: known, entries: try entries(of: workspace, after: known),
          refusals: refusals)
      }
    }
  }

  private func take(
    _ bytes: [UInt8], in workspace: WorkspaceID, _ heads: ([PublicKey]) throws -> [WriterHead]
  ) throws(StoreError) -> Membership.Refusal? {
    guard let entry = try? MembershipEntry(bytes: bytes) else { return .malformed }
    guard entry.workspace == workspace else { return .otherWorkspace }
    return try exclusively(in: workspace) {
      let membership = try membership(of: workspace)
      guard !membership.contains(entry.id) else { return nil }
      // What takes a right away must know all that the device wrote, or words would vanish that were taken already.
      let written = try heads(membership.closed(by: entry.statement))
      guard written.allSatisfy(entry.statement.covers) else {
        try sayAgain(entry, knowing: written)
        return .stale
      }
      let reason = try refusal(of: entry)
      // It follows one that was said again.
      if reason == .unknownCause { try sayAgain(entry, knowing: written) }
      return reason == .known ? nil : reason
    }
  }
}

extension Accounts {
  /// A server that was set back has forgotten what its administrator said, and took what the device wrote meanwhile. That
  /// counts; from now on nothing does.
  private func sayAgain(
    _ entry: MembershipEntry, knowing heads: [WriterHead]
  ) throws(StoreError) {
    guard try !isEncrypted(entry.workspace),
      try translated({ try administrator().publicKey }) == entry.signer, entry.isSigned
    else { return }
    let statement: MembershipEntry.Statement
    switch entry.statement {
    case .member(let name, let role, _):
      // Unless he said something else after that.
      guard let member = try membership(of: entry.workspace).member(name),
        member.since < entry.time
      else { return }
      statement = .member(name: name, role: role, heads: heads)
    case .revoke(let key, _): statement = .revoke(key: key, heads: heads)
    default: return
    }
    try say(statement, in: entry.workspace, now: Int(clamping: entry.time / 1000))
  }
}

extension MembershipEntry.Statement {
  /// Whether it says of a writer at least so much.
  fileprivate func covers(_ head: WriterHead) -> Bool {
    switch self {
    case .member(_, _, let heads), .revoke(_, let heads):
      heads.contains { $0.writer == head.writer && $0.sequence >= head.sequence }
    default: true
    }
  }
}
