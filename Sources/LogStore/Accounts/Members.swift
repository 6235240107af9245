public import ChangeLog
internal import SQLite

/// A person in a workspace.
public struct Member: Hashable, Sendable {
  public let name: String
  /// What the member may do, or might before being shut out.
  public let role: Role
  /// Since when the person is shut out, in seconds since 1970.
  public let disabledAt: Int?

  public var isDisabled: Bool { disabledAt != nil }

  init(_ member: Membership.Member) {
    name = member.name
    role = member.role ?? member.formerRole
    disabledAt = member.role == nil ? Int(member.since / 1000) : nil
  }
}

extension Accounts {
  /// All of them, by name.
  public func members(of workspace: WorkspaceID) throws(StoreError) -> [Member] {
    try membership(of: workspace).members.map(Member.init).sorted { $0.name < $1.name }
  }

  public func member(_ name: String, of workspace: WorkspaceID) throws(StoreError) -> Member {
    guard let found = try membership(of: workspace).member(name) else { throw .noMember(name) }
    return Member(found)
  }

  /// - Parameter now: in seconds since 1970.
  public func addMember(
    _ name: String, role: Role, to workspace: WorkspaceID, now: Int
  ) throws(StoreError) {
    try Name.check(name)
    try transaction(in: workspace) {
      guard try membership(of: workspace).member(name) == nil else {
        throw StoreError.memberExists(name)
      }
      try say(.member(name: name, role: role, heads: []), in: workspace, now: now)
    }
  }

  /// From the member's next request on.
  public func setRole(
    _ role: Role, of name: String, in workspace: WorkspaceID, now: Int
  ) throws(StoreError) {
    guard try !member(name, of: workspace).isDisabled else { throw .memberDisabled(name) }
    try set(role, of: name, in: workspace, now: now)
  }

  /// Shuts out all devices of a member from their next request on, or lets them in again.
  public func setDisabled(
    _ isDisabled: Bool, _ name: String, in workspace: WorkspaceID, now: Int
  ) throws(StoreError) {
    let member = try member(name, of: workspace)
    guard member.isDisabled != isDisabled else { return }
    try set(isDisabled ? nil : member.role, of: name, in: workspace, now: now)
  }

  private func set(
    _ role: Role?, of name: String, in workspace: WorkspaceID, now: Int
  ) throws(StoreError) {
    try exclusively(in: workspace) {
      let closed = try membership(of: workspace).closed(
        by: .member(name: name, role: role, heads: []))
      let heads = try heads(of: closed, in: workspace)
      try say(.member(name: name, role: role, heads: heads), in: workspace, now: now)
    }
  }
}
