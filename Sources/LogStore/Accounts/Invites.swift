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
  public func invite(
    _ name: String, to workspace: WorkspaceID, secret: [UInt8], pin: [UInt8] = [], expires: Int
  ) throws(StoreError) -> InviteCode {
    try transaction {
      let member = try member(name, of: workspace)
      guard !member.isDisabled else { throw StoreError.memberDisabled(name) }
      try connection.run(
        "INSERT INTO invite (workspace, secret, member, expires) VALUES (?, ?, ?, ?)",
        .blob(workspace.bytes), .blob(Digest(of: secret).bytes), .text(name), .int(expires))
      return InviteCode(
        address: try address(), workspace: workspace, member: name, secret: secret, pin: pin)
    }
  }

  /// Lets a device in. The invite is used up in the same transaction.
  ///
  /// A device that comes again with a new invite, because it lost its token, keeps its id.
  ///
  /// - Parameters:
  ///   - request: its proof was checked before.
  ///   - id: for a new device.
  ///   - token: random; what the device will show.
  ///   - now: in seconds since 1970.
  public func join(
    _ request: JoinRequest, to workspace: WorkspaceID, id: String, token: Token, now: Int
  ) throws(StoreError) -> JoinResponse {
    try Name.check(request.deviceName)
    return try transaction {
      let name = try claim(request.secret, in: workspace, now: now)
      let member = try member(name, of: workspace)
      guard !member.isDisabled else { throw StoreError.memberDisabled(name) }
      let device = try enrol(request, id: id, token, as: member, in: workspace, now: now)
      guard let account = try workspaces().first(where: { $0.id == workspace }) else {
        throw StoreError.inviteUnknown
      }
      return JoinResponse(
        device: device, token: token, member: name, role: member.role.rawValue,
        workspaceName: account.name)
    }
  }

  /// Uses an invite up, and returns whose it was.
  private func claim(_ secret: [UInt8], in workspace: WorkspaceID, now: Int) throws -> String {
    let hash = Binding.blob(Digest(of: secret).bytes)
    let invite = try connection.first(
      "SELECT member, expires, used FROM invite WHERE workspace = ? AND secret = ?",
      .blob(workspace.bytes), hash
    ) { row in (member: row.text(0), expires: row.int(1), isUsed: !row.isNull(2)) }
    guard let invite else { throw StoreError.inviteUnknown }
    guard !invite.isUsed else { throw StoreError.inviteUsed }
    guard now <= invite.expires else { throw StoreError.inviteExpired }
    try connection.run(
      "UPDATE invite SET used = ? WHERE workspace = ? AND secret = ?",
      .int(now), .blob(workspace.bytes), hash)
    return invite.member
  }

  private func enrol(
    _ request: JoinRequest, id: String, _ token: Token, as member: Member,
    in workspace: WorkspaceID, now: Int
  ) throws -> String {
    let hash = Binding.blob(Digest(of: token.bytes).bytes)
    if let known = try device(withKey: request.key, in: workspace) {
      guard known.member.name == member.name, !known.isRevoked else { throw StoreError.keyTaken }
      try connection.run(
        "UPDATE device SET token = ?, name = ? WHERE workspace = ? AND id = ?",
        hash, .text(request.deviceName), .blob(workspace.bytes), .text(known.id))
      return known.id
    }
    try connection.run(
      """
      INSERT INTO device (workspace, id, member, name, key, token, enrolled)
      VALUES (?, ?, ?, ?, ?, ?, ?)
      """,
      .blob(workspace.bytes), .text(id), .text(member.name), .text(request.deviceName),
      .blob(request.key.bytes), hash, .int(now))
    return id
  }
}
