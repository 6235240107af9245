public import ChangeLog
internal import SQLite

/// A workspace as the server's administrator knows it.
public struct WorkspaceAccount: Hashable, Sendable {
  public let id: WorkspaceID
  public let name: String
}

extension Accounts {
  /// All of them, by name.
  public func workspaces() throws(StoreError) -> [WorkspaceAccount] {
    try translated {
      try database.all(
        "SELECT id, name FROM workspace ORDER BY name",
        row: { WorkspaceAccount(id: WorkspaceID(bytes: $0.blob(0)), name: $0.text(1)) })
    }
  }

  /// The workspace of that name, or the only one when no name is given.
  public func workspace(named name: String?) throws(StoreError) -> WorkspaceAccount {
    let all = try workspaces()
    if let name {
      guard let found = all.first(where: { $0.name.utf8.elementsEqual(name.utf8) }) else {
        throw .noWorkspace(name)
      }
      return found
    }
    guard let only = all.first else { throw .noWorkspace("") }
    guard all.count == 1 else { throw .severalWorkspaces(all.map(\.name)) }
    return only
  }

  /// - Parameters:
  ///   - id: random.
  ///   - now: in seconds since 1970.
  @discardableResult
  public func addWorkspace(
    named name: String, id: WorkspaceID, now: Int
  ) throws(StoreError) -> WorkspaceAccount {
    try Name.check(name)
    return try transaction {
      guard try !workspaces().contains(where: { $0.name.utf8.elementsEqual(name.utf8) }) else {
        throw StoreError.workspaceExists(name)
      }
      try database.run(
        "INSERT INTO workspace (id, name) VALUES ($1, $2)", .blob(id.bytes), .text(name))
      try say(.found(name: name), in: id, now: now)
      return WorkspaceAccount(id: id, name: name)
    }
  }
}
