public import ChangeLog
internal import SQLite

/// What a member may do.
public enum Role: String, CaseIterable, Sendable {
  /// May write. That owners may admit others is for later: the administrator of the server does.
  case owner
  case editor
  /// May read only.
  case reader
}

/// A person in a workspace.
public struct Member: Hashable, Sendable {
  public let name: String
  public let role: Role
  /// Since when the person is shut out, in seconds since 1970.
  public let disabledAt: Int?

  public var isDisabled: Bool { disabledAt != nil }
}

extension Accounts {
  /// All of them, by name.
  public func members(of workspace: WorkspaceID) throws(StoreError) -> [Member] {
    try translated {
      try connection.all(
        "SELECT name, role, disabled FROM member WHERE workspace = ? ORDER BY name",
        .blob(workspace.bytes), row: Self.member)
    }
  }

  public func member(_ name: String, of workspace: WorkspaceID) throws(StoreError) -> Member {
    let found = try translated {
      try connection.first(
        "SELECT name, role, disabled FROM member WHERE workspace = ? AND name = ?",
        .blob(workspace.bytes), .text(name), row: Self.member)
    }
    guard let found else { throw .noMember(name) }
    return found
  }

  public func addMember(
    _ name: String, role: Role, to workspace: WorkspaceID
  ) throws(StoreError) {
    try Name.check(name)
    try translated {
      try connection.run(
        "INSERT INTO member (workspace, name, role) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
        .blob(workspace.bytes), .text(name), .text(role.rawValue))
      guard connection.changes == 1 else { throw StoreError.memberExists(name) }
    }
  }

  /// From the member's next request on.
  public func setRole(
    _ role: Role, of name: String, in workspace: WorkspaceID
  ) throws(StoreError) {
    try update(name, in: workspace, "role = ?", .text(role.rawValue))
  }

  /// Shuts out all devices of a member from their next request on, or lets them in again.
  ///
  /// - Parameter time: since when, in seconds since 1970; nil to let the member in again.
  public func setDisabled(
    at time: Int?, _ name: String, in workspace: WorkspaceID
  ) throws(StoreError) {
    try update(name, in: workspace, "disabled = ?", .int(time))
  }

  private func update(
    _ name: String, in workspace: WorkspaceID, _ assignment: String, _ value: Binding
  ) throws(StoreError) {
    try translated {
      try connection.run(
        "UPDATE member SET \(assignment) WHERE workspace = ? AND name = ?",
        value, .blob(workspace.bytes), .text(name))
      guard connection.changes == 1 else { throw StoreError.noMember(name) }
    }
  }

  private static func member(_ row: Row) throws -> Member {
    guard let role = Role(rawValue: row.text(1)) else {
      throw StoreError.damaged("a member's role is \(row.text(1))")
    }
    return Member(name: row.text(0), role: role, disabledAt: row.optionalInt(2))
  }
}
