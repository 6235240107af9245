internal import ChangeLog
internal import Glibc
internal import LogStore

/// Answers requests, one after another, from the log and the accounts.
actor SyncService {
  private let thread = WorkThread()
  private let folder: DataFolder
  private let quota: Int?
  private let world: World
  /// What is open while the disk does what it is told.
  private var store: ServerStore?
  /// Told of what is new in a workspace, once it is committed.
  private let tell: @Sendable (WorkspaceID) -> Void

  nonisolated var unownedExecutor: UnownedSerialExecutor { thread.asUnownedSerialExecutor() }

  /// - Parameter quota: how many bytes the log of one workspace may have; nil for as many as there is room for.
  init(
    folder: DataFolder, quota: Int? = nil, world: World,
    tell: @escaping @Sendable (WorkspaceID) -> Void = { _ in }
  ) throws(StoreError) {
    self.tell = tell
    self.folder = folder
    self.quota = quota
    self.world = world
    store = try Self.open(folder, quota)
  }

  private static func open(_ folder: DataFolder, _ quota: Int?) throws(StoreError) -> ServerStore {
    try ServerStore(in: folder, quota: quota, isServing: true)
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
    let answer = try working { (store) throws(StoreError) in
      try store.answer(request, from: device, now: world.now(), newLogID: newLogID)
    }
    if answer.isNews { tell(request.workspace) }
    note(device, answer.response)
    return answer.response
  }

  /// Notes for the operator that a device was here. A disk that takes no more must not keep anybody from reading: whoever
  /// has something to say hears of it.
  private func note(_ device: Device, _ response: SyncResponse) {
    do {
      try working { (store) throws(StoreError) in
        try store.note(device, at: world.now(), response, newLogID: newLogID)
      }
    } catch {}
  }

  /// How far a workspace has come.
  func standing(of workspace: WorkspaceID, showing token: Token) throws(Refusal) -> Standing {
    _ = try authenticate(token, for: workspace)
    return try working { (store) throws(StoreError) in
      try store.standing(of: workspace, newLogID: newLogID)
    }
  }

  /// Whether the data can be read now.
  var isReady: Bool {
    (try? working { (store) throws(StoreError) in try store.read() }) != nil
  }

  func join(_ request: JoinRequest, to workspace: WorkspaceID) throws(Refusal) -> JoinResponse {
    guard let token = Token(bytes: world.random(Token.size)) else {
      throw .store(.failed("there are no random numbers"))
    }
    let joined = try working { (store) throws(StoreError) in
      try store.accounts.join(request, to: workspace, token: token, now: world.now())
    }
    tell(workspace)
    return joined
  }

  private func newLogID() -> LogID { LogID(bytes: world.random(16)) }

  /// How often what was interrupted is tried at most.
  private static let tries = 5

  /// Runs `work` on what is open. After a failure of the disk, or of the way to a database, it is closed and opened anew:
  /// only a new connection reads what is really there. What was interrupted before anything was committed is tried again.
  private func working<Value>(
    _ work: (ServerStore) throws(StoreError) -> Value
  ) throws(Refusal) -> Value {
    let start = ContinuousClock.now
    for number in 1... {
      do throws(StoreError) {
        let open: ServerStore
        if let store { open = store } else { open = try Self.open(folder, quota) }
        store = open
        return try work(open)
      } catch {
        switch error {
        case .failed, .readOnly: store = nil
        case .interrupted:
          store = nil
          if number < Self.tries, ContinuousClock.now - start < .seconds(2) {
            usleep(UInt32(number) * 20_000)
            continue
          }
        default: break
        }
        throw .store(error)
      }
    }
    preconditionFailure("a loop without an end has ended")
  }
}
