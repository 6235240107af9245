public import ChangeLog
internal import SQLite

/// A machine of a member, with its own key.
public struct Device: Hashable, Sendable {
  public let workspace: WorkspaceID
  /// "v-" and 16 characters of base32: the beginning of the SHA-256 of its key.
  public let id: String
  public let name: String
  public let key: PublicKey
  public let member: Member
  /// When it joined, in seconds since 1970.
  public let enrolledAt: Int
  /// Since when it is shut out, in seconds since 1970.
  public let revokedAt: Int?

  public var isRevoked: Bool { revokedAt != nil }

  init(_ device: Membership.Device, of member: Member, in workspace: WorkspaceID) {
    self.workspace = workspace
    id = device.key.deviceID
    name = device.name
    key = device.key
    self.member = member
    enrolledAt = Int(device.since / 1000)
    revokedAt = device.revoked.map { Int($0 / 1000) }
  }
}

extension Accounts {
  /// The device that shows a token, in whatever workspace.
  public func device(showing token: Token) throws(StoreError) -> Device? {
    let found = try translated {
      try database.first(
        "SELECT workspace, key FROM token WHERE token = $1",
        .blob(Digest(of: token.bytes).bytes)
      ) { (WorkspaceID(bytes: $0.blob(0)), PublicKey(bytes: $0.blob(1))) }
    }
    guard let (workspace, key) = found else { return nil }
    let membership = try membership(of: workspace)
    guard let device = membership.device(key), let member = membership.member(device.member) else {
      return nil
    }
    return Device(device, of: Member(member), in: workspace)
  }

  /// All of a workspace, or of one member, in the order in which they joined.
  public func devices(
    of workspace: WorkspaceID, member: String? = nil
  ) throws(StoreError) -> [Device] {
    if let member { _ = try self.member(member, of: workspace) }
    let membership = try membership(of: workspace)
    return membership.devices.compactMap { device in
      if let member, !device.member.utf8.elementsEqual(member.utf8) { return nil }
      return membership.member(device.member).map {
        Device(device, of: Member($0), in: workspace)
      }
    }
  }

  /// Shuts a device out from its next request on. A second time changes nothing.
  ///
  /// - Parameters:
  ///   - prefix: its id, or a beginning of it that only this one has.
  ///   - now: in seconds since 1970.
  public func revoke(
    _ prefix: String, in workspace: WorkspaceID, now: Int
  ) throws(StoreError) -> Device {
    try exclusively(in: workspace) {
      let found = try devices(of: workspace).filter { $0.id.hasPrefix(prefix) }
      guard let device = found.first, !prefix.isEmpty else { throw StoreError.noDevice(prefix) }
      guard found.count == 1 else {
        throw StoreError.ambiguousDevice(prefix, found.map(\.id))
      }
      if !device.isRevoked {
        let heads = try heads(of: [device.key], in: workspace)
        try say(.revoke(key: device.key, heads: heads), in: workspace, now: now)
      }
      return device
    }
  }
}
