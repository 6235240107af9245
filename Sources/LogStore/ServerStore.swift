public import ChangeLog
internal import SQLite

/// All that a serving process has open: the logs, and who may do what.
public final class ServerStore {
  public let accounts: Accounts
  public let logs: LogDatabase
  private var opened: [WorkspaceID: StoredLog] = [:]
  /// How many bytes the log of one workspace may have; nil for as many as there is room for.
  private let quota: Int?

  /// - Parameters:
  ///   - quota: how many bytes the log of one workspace may have; nil for as many as there is room for.
  ///   - isServing: whether nobody may move the data elsewhere while this lives.
  /// - Throws: what ``LogDatabase/init(in:)`` and ``Accounts/init(in:)`` throw.
  public init(
    in folder: DataFolder, quota: Int? = nil, isServing: Bool = false
  ) throws(StoreError) {
    self.quota = quota
    if let database = try folder.connect() {
      if isServing { try translated { try database.sayServed() } }
      logs = LogDatabase(in: database)
      accounts = Accounts(in: database, of: folder)
      _ = try accounts.address()
    } else {
      logs = try LogDatabase(in: folder)
      accounts = try Accounts(in: folder)
    }
  }

  /// What a sync came to.
  public struct Answer: Sendable {
    public var response: SyncResponse
    /// Something is in the workspace that was not there before.
    public let isNews: Bool
  }

  /// Answers a sync of a device: takes what it may write, gives what it lacks.
  ///
  /// - Parameters:
  ///   - now: in seconds since 1970.
  ///   - newLogID: a random name, for the log of a workspace that has none yet.
  /// - Throws: ``StoreError/deviceShutOut`` when the device was shut out since it was looked at, ``StoreError/overQuota(_:)``;
  ///   nothing is taken then.
  public func answer(
    _ request: SyncRequest, from device: Device, now: Int, newLogID: () -> LogID
  ) throws(StoreError) -> Answer {
    let workspace = request.workspace
    let log = try log(of: workspace, newID: newLogID)
    let formerEnd = try request.writes ? logs.head(of: log) : nil
    let formerMembers = try accounts.membership(of: workspace).head
    var response: SyncResponse
    do {
      // Nobody takes a right away between the look at it and the commit.
      response = try accounts.unchanged(in: workspace, isWriting: request.writes) {
        let membership = try accounts.membership(of: workspace)
        guard membership.role(of: device.key) != nil else { throw StoreError.deviceShutOut }
        return try answer(
          request, from: device, now, in: log,
          through: WriteGate(membership: membership, sender: device.key))
      }
    } catch {
      // The parts before this one would be in everybody's way.
      if case .overQuota = error, request.snapshot.isOffer {
        try logs.dropArriving(from: device.id, in: log)
      }
      throw error
    }
    response.membership = try accounts.answer(request.membership, in: workspace) {
      try logs.heads(of: $0, in: workspace)
    }
    let hasMoved = formerEnd.map { $0 != response.head } ?? false
    return Answer(
      response: response, isNews: hasMoved || formerMembers != response.membership.head)
  }

  private func answer(
    _ request: SyncRequest, from device: Device, _ now: Int, in log: StoredLog,
    through gate: WriteGate
  ) throws(StoreError) -> SyncResponse {
    var request = request
    // A part that goes on with what was begun does not say whose it is.
    let refusal = request.snapshot.isOffer ? gate.senderRefusal : nil
    if refusal != nil { request.snapshot = .none }
    try logs.expectRoom(for: request, from: device.id, in: log, upTo: quota)
    var response = try logs.answer(
      request, from: device.id, in: log, now: now, mayWrite: gate.refusal)
    if let refusal { response.snapshotVerdict = .refused(refusal) }
    return response
  }

  /// Reads as much as shows that all of it can be read.
  public func read() throws(StoreError) {
    _ = try accounts.address()
    _ = try translated { try logs.database.first("SELECT count(*) FROM log", row: { $0.int(0) }) }
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
