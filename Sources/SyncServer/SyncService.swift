internal import ChangeLog
internal import LogStore

/// Answers requests, one after another, from the log and the accounts.
actor SyncService {
  private let thread = WorkThread()
  private let folder: DataFolder
  private let world: World
  private var files: Files?
  nonisolated let watchers = Watchers()

  nonisolated var unownedExecutor: UnownedSerialExecutor { thread.asUnownedSerialExecutor() }

  /// What is open while the disk does what it is told.
  fileprivate struct Files {
    let database: LogDatabase
    let accounts: Accounts
    var logs: [WorkspaceID: SQLiteLog] = [:]
  }

  init(folder: DataFolder, world: World) throws(StoreError) {
    self.folder = folder
    self.world = world
    files = Files(database: try LogDatabase(in: folder), accounts: try Accounts(in: folder))
  }

  /// Who shows a token for a workspace.
  ///
  /// A stranger learns nothing: whoever has no business in the workspace hears that there is none.
  ///
  /// - Parameter workspace: nil when the address names none.
  func authenticate(_ token: Token, for workspace: WorkspaceID?) throws(Refusal) -> Device {
    let device = try working { (files) throws(StoreError) in
      try files.accounts.device(showing: token)
    }
    guard let device else { throw .unknownToken }
    guard device.workspace == workspace else { throw .noWorkspace }
    guard !device.isRevoked else { throw .revoked }
    guard !device.member.isDisabled else { throw .disabled(device.member.name) }
    return device
  }

  func sync(_ request: SyncRequest, showing token: Token) throws(Refusal) -> SyncResponse {
    // Once more, inside: it may have been revoked while its request was on the way.
    let device = try authenticate(token, for: request.workspace)
    let response = try working { (files) throws(StoreError) in
      let log = try files.log(of: request.workspace, newID: newLogID)
      let (database, accounts) = (files.database, files.accounts)
      // Nobody takes a right away between the look at it and the commit.
      var response = try accounts.unchanged {
        let gate = WriteGate(
          membership: try accounts.membership(of: request.workspace), sender: device.key)
        return try database.answer(
          request, from: device.id, in: log, now: world.now(), mayWrite: gate.refusal)
      }
      response.membership = try accounts.answer(request.membership, in: request.workspace) {
        try database.heads(of: $0, in: request.workspace)
      }
      return response
    }
    let hasNews = response.verdicts.contains {
      if case .accepted = $0 { true } else { false }
    }
    let isSaid = response.membership.refusals.contains { $0 == nil }
    if hasNews || isSaid || response.snapshotVerdict == .taken { watchers.tell(request.workspace) }
    return response
  }

  /// The end of a workspace's log.
  func position(of workspace: WorkspaceID, showing token: Token) throws(Refusal) -> Int {
    _ = try authenticate(token, for: workspace)
    return try working { (files) throws(StoreError) in
      let log = try files.log(of: workspace, newID: newLogID)
      return try files.database.position(of: log)
    }
  }

  /// Whether the data can be read now.
  var isReady: Bool {
    (try? working { (files) throws(StoreError) in try files.accounts.address() }) != nil
  }

  func join(_ request: JoinRequest, to workspace: WorkspaceID) throws(Refusal) -> JoinResponse {
    guard let token = Token(bytes: world.random(Token.size)) else {
      throw .store(.failed("there are no random numbers"))
    }
    let joined = try working { (files) throws(StoreError) in
      try files.accounts.join(request, to: workspace, token: token, now: world.now())
    }
    watchers.tell(workspace)
    return joined
  }

  private func newLogID() -> LogID { LogID(bytes: world.random(16)) }

  /// Runs `work` on the open files. After a failure of the disk they are closed and opened anew: only a
  /// new connection reads what is really there.
  private func working<Value>(
    _ work: (inout Files) throws(StoreError) -> Value
  ) throws(Refusal) -> Value {
    do {
      if files == nil {
        files = Files(database: try LogDatabase(in: folder), accounts: try Accounts(in: folder))
      }
      return try work(&files!)
    } catch {
      if case .failed = error { files = nil }
      throw .store(error)
    }
  }
}

extension SyncService.Files {
  fileprivate mutating func log(
    of workspace: WorkspaceID, newID: () -> LogID
  ) throws(StoreError) -> SQLiteLog {
    if let open = logs[workspace] { return open }
    let opened = try database.log(of: workspace, newID: newID())
    logs[workspace] = opened
    return opened
  }
}
