internal import ChangeLog
internal import LogStore

/// Answers requests, one after another, from the log and the accounts.
actor SyncService {
  private let thread = WorkThread()
  private let folder: DataFolder
  private let world: World
  /// What is open while the disk does what it is told.
  private var store: ServerStore?
  nonisolated let watchers = Watchers()

  nonisolated var unownedExecutor: UnownedSerialExecutor { thread.asUnownedSerialExecutor() }

  init(folder: DataFolder, world: World) throws(StoreError) {
    self.folder = folder
    self.world = world
    store = try ServerStore(in: folder)
  }

  /// Who shows a token for a workspace.
  ///
  /// A stranger learns nothing: whoever has no business in the workspace hears that there is none.
  ///
  /// - Parameter workspace: nil when the address names none.
  func authenticate(_ token: Token, for workspace: WorkspaceID?) throws(Refusal) -> Device {
    let device = try working { (store) throws(StoreError) in
      try store.accounts.device(showing: token)
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
    let response = try working { (store) throws(StoreError) in
      try store.answer(request, from: device, now: world.now(), newLogID: newLogID)
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
    return try working { (store) throws(StoreError) in
      try store.position(in: workspace, newLogID: newLogID)
    }
  }

  /// Whether the data can be read now.
  var isReady: Bool {
    (try? working { (store) throws(StoreError) in try store.accounts.address() }) != nil
  }

  func join(_ request: JoinRequest, to workspace: WorkspaceID) throws(Refusal) -> JoinResponse {
    guard let token = Token(bytes: world.random(Token.size)) else {
      throw .store(.failed("there are no random numbers"))
    }
    let joined = try working { (store) throws(StoreError) in
      try store.accounts.join(request, to: workspace, token: token, now: world.now())
    }
    watchers.tell(workspace)
    return joined
  }

  private func newLogID() -> LogID { LogID(bytes: world.random(16)) }

  /// Runs `work` on the open files. After a failure of the disk they are closed and opened anew: only a
  /// new connection reads what is really there.
  private func working<Value>(
    _ work: (ServerStore) throws(StoreError) -> Value
  ) throws(Refusal) -> Value {
    do throws(StoreError) {
      let open: ServerStore
      if let store { open = store } else { open = try ServerStore(in: folder) }
      store = open
      return try work(open)
    } catch {
      if case .failed = error { store = nil }
      throw .store(error)
    }
  }
}
