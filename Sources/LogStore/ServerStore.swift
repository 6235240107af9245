public import ChangeLog
internal import SQLite

/// All that a serving process has open: the logs, and who may do what.
public final class ServerStore {
  public let accounts: Accounts
  public let logs: LogDatabase
  private var opened: [WorkspaceID: StoredLog] = [:]

  /// - Throws: what ``LogDatabase/init(in:)`` and ``Accounts/init(in:)`` throw.
  public init(in folder: DataFolder) throws(StoreError) {
    if let database = try folder.connect() {
      logs = LogDatabase(in: database)
      accounts = Accounts(in: database, of: folder)
      _ = try accounts.address()
    } else {
      logs = try LogDatabase(in: folder)
      accounts = try Accounts(in: folder)
    }
  }

  /// Answers a sync of a device: takes what it may write, gives what it lacks.
  ///
  /// - Parameters:
  ///   - now: in seconds since 1970.
  ///   - newLogID: a random name, for the log of a workspace that has none yet.
  public func answer(
    _ request: SyncRequest, from device: Device, now: Int, newLogID: () -> LogID
  ) throws(StoreError) -> SyncResponse {
    let workspace = request.workspace
    let log = try log(of: workspace, newID: newLogID)
    // Nobody takes a right away between the look at it and the commit.
    var response = try accounts.unchanged(in: workspace, isWriting: request.writes) {
      let gate = WriteGate(
        membership: try accounts.membership(of: workspace), sender: device.key)
      return try logs.answer(
        request, from: device.id, in: log, now: now, mayWrite: gate.refusal)
    }
    response.membership = try accounts.answer(request.membership, in: workspace) {
      try logs.heads(of: $0, in: workspace)
    }
    return response
  }

  /// Notes that a device was here, when that was not done with the answer.
  public func note(
    _ device: Device, at now: Int, _ response: SyncResponse, newLogID: () -> LogID
  ) throws(StoreError) {
    try logs.note(device.id, at: now, response, in: log(of: device.workspace, newID: newLogID))
  }

  /// How far a workspace has come.
  public func standing(
    of workspace: WorkspaceID, newLogID: () -> LogID
  ) throws(StoreError) -> Standing {
    Standing(
      head: try logs.head(of: log(of: workspace, newID: newLogID)),
      members: try accounts.membership(of: workspace).head)
  }

  private func log(
    of workspace: WorkspaceID, newID: () -> LogID
  ) throws(StoreError) -> StoredLog {
    if let open = opened[workspace] { return open }
    let log = try logs.log(of: workspace, newID: newID())
    opened[workspace] = log
    return log
  }
}

/// How far a workspace has come: two that differ say that there is news.
public struct Standing: Equatable, Sendable {
  public let head: Cursor
  public let members: Membership.Head
}
