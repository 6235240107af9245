public import ChangeLog
internal import SQLite

/// Encrypted workspaces: a server gives them a place, their first owner says everything that is said in them.
extension Accounts {
  /// Gives an encrypted workspace a place, or a new code to one that nobody has founded yet.
  ///
  /// - Parameters:
  ///   - id: random; for a new one.
  ///   - owner: who its first owner will be.
  ///   - secret: ``secretSize`` random bytes.
  ///   - pin: as with ``invite(_:to:secret:pin:expires:now:)``.
  ///   - expires: the last second the code is good for, since 1970.
  /// - Returns: the code that founds it, once.
  public func addEncryptedWorkspace(
    named name: String, id: WorkspaceID, owner: String, secret: [UInt8], pin: [UInt8] = [],
    expires: Int
  ) throws(StoreError) -> InviteCode {
    try Name.check(name)
    try Name.check(owner)
    return try transaction {
      let known = try workspaces().first { $0.name.utf8.elementsEqual(name.utf8) }
      if let known {
        guard try founding(of: known.id) != nil else { throw StoreError.workspaceExists(name) }
      } else {
        try database.run(
          "INSERT INTO workspace (id, name) VALUES ($1, $2)", .blob(id.bytes), .text(name))
      }
      let workspace = known?.id ?? id
      try rows(of: workspace).run(
        """
        INSERT INTO founding (workspace, key, expires) VALUES ($1, $2, $3)
        ON CONFLICT (workspace) DO UPDATE SET key = excluded.key, expires = excluded.expires
        """,
        .blob(try DeviceKey(seed: secret).publicKey.bytes), .int(expires))
      return InviteCode(
        address: try address(), workspace: workspace, member: owner, secret: secret, pin: pin,
        encryption: .founding(workspace: name))
    }
  }

  /// Whether a workspace is encrypted, or will be.
  public func isEncrypted(_ workspace: WorkspaceID) throws(StoreError) -> Bool {
    if try membership(of: workspace).isEncrypted { return true }
    return try founding(of: workspace) != nil
  }

  /// Takes what founds a workspace from whoever has its code; nothing from anybody else.
  func found(_ workspace: WorkspaceID, _ request: JoinRequest, now: Int) throws(StoreError) {
    guard !request.founding.isEmpty else { return }
    guard let founding = try founding(of: workspace), founding.key == request.entry.signer else {
      throw .inviteUnknown
    }
    guard now <= founding.expires else { throw .inviteExpired }
    for entry in request.founding {
      guard entry.workspace == workspace else { throw .inviteUnknown }
      if let reason = try refusal(of: entry) { throw .entryRefused(reason) }
    }
    guard try membership(of: workspace).isEncrypted else { throw .entryRefused(.wrongKeys) }
    try translated {
      try rows(of: workspace).run("DELETE FROM founding WHERE workspace = $1")
    }
  }

  private func founding(
    of workspace: WorkspaceID
  ) throws(StoreError) -> (key: PublicKey, expires: Int)? {
    try translated {
      try rows(of: workspace).first(
        "SELECT key, expires FROM founding WHERE workspace = $1"
      ) { (PublicKey(bytes: $0.blob(0)), $0.int(1)) }
    }
  }
}
