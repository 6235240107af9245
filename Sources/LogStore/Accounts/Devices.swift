public import ChangeLog
internal import SQLite

/// A machine of a member, with its own key.
public struct Device: Hashable, Sendable {
  public let workspace: WorkspaceID
  /// "v-" and 16 characters of base32.
  public let id: String
  public let name: String
  public let key: PublicKey
  public let member: Member
  /// When it joined, in seconds since 1970.
  public let enrolledAt: Int
  /// Since when it is shut out, in seconds since 1970.
  public let revokedAt: Int?

  public var isRevoked: Bool { revokedAt != nil }

  /// A name for a new device.
  ///
  /// - Parameter random: 10 bytes.
  public static func newID(random: [UInt8]) -> String { "v-" + Base32.encode(random) }
}

extension Accounts {
  /// The device that shows a token, in whatever workspace.
  public func device(showing token: Token) throws(StoreError) -> Device? {
    try devices("d.token = ?", .blob(Digest(of: token.bytes).bytes)).first
  }

  public func device(
    withKey key: PublicKey, in workspace: WorkspaceID
  ) throws(StoreError) -> Device? {
    try devices("d.workspace = ? AND d.key = ?", .blob(workspace.bytes), .blob(key.bytes)).first
  }

  /// All of a workspace, or of one member, in the order in which they joined.
  public func devices(
    of workspace: WorkspaceID, member: String? = nil
  ) throws(StoreError) -> [Device] {
    guard let member else { return try devices("d.workspace = ?", .blob(workspace.bytes)) }
    _ = try self.member(member, of: workspace)
    return try devices("d.workspace = ? AND d.member = ?", .blob(workspace.bytes), .text(member))
  }

  /// Shuts a device out from its next request on. A second time changes nothing.
  ///
  /// - Parameters:
  ///   - prefix: its id, or a beginning of it that only this one has.
  ///   - now: in seconds since 1970.
  public func revoke(
    _ prefix: String, in workspace: WorkspaceID, now: Int
  ) throws(StoreError) -> Device {
    try transaction {
      let found = try devices(of: workspace).filter { $0.id.hasPrefix(prefix) }
      guard let device = found.first, !prefix.isEmpty else { throw StoreError.noDevice(prefix) }
      guard found.count == 1 else {
        throw StoreError.ambiguousDevice(prefix, found.map(\.id))
      }
      try connection.run(
        "UPDATE device SET revoked = ? WHERE workspace = ? AND id = ? AND revoked IS NULL",
        .int(now), .blob(workspace.bytes), .text(device.id))
      return device
    }
  }

  private func devices(
    _ condition: String, _ arguments: Binding...
  ) throws(StoreError) -> [Device] {
    try translated {
      try connection.all(
        """
        SELECT d.workspace, d.id, d.name, d.key, d.enrolled, d.revoked, m.name, m.role, m.disabled
        FROM device d JOIN member m ON m.workspace = d.workspace AND m.name = d.member
        WHERE \(condition) ORDER BY d.enrolled, d.id
        """, arguments
      ) { row in
        guard let role = Role(rawValue: row.text(7)) else {
          throw StoreError.damaged("a member's role is \(row.text(7))")
        }
        return Device(
          workspace: WorkspaceID(bytes: row.blob(0)), id: row.text(1), name: row.text(2),
          key: PublicKey(bytes: row.blob(3)),
          member: Member(name: row.text(6), role: role, disabledAt: row.optionalInt(8)),
          enrolledAt: row.int(4), revokedAt: row.optionalInt(5))
      }
    }
  }
}
