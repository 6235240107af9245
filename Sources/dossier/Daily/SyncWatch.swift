import ChangeLog
import DossierStore
import ReplicaStore
import SyncClient

/// Stays with the server: exchanges as soon as a colleague, or somebody at this machine, has something new. Ends when it
/// is interrupted, or when the server will not have this device any more.
struct SyncWatch {
  let context: Context

  /// How long to wait for a server that does not answer, in seconds: longer each time.
  private static let pauses = [1, 2, 5, 10, 20, 30]
  /// How often to look whether something was written here.
  private static let glance = Duration.milliseconds(500)

  func run() async throws {
    var failures = 0
    var isAway = false
    var isFirst = true
    while true {
      do {
        let run = SyncRun(context)
        let report = try await run.report(isFirst: isFirst)
        if isAway { tell("the server is reachable again") }
        isAway = false
        let isSuspect = report.hasChangedItsPast || report.splitViews > 0
        let isNews = report.sent + report.received > 0 || !report.refused.isEmpty || isSuspect
        if isNews || isFirst { try run.show(report) }
        failures = 0
        isFirst = false
        try await waitForNews()
      } catch {
        let failure = Failure(explaining: error)
        // Another sync of this store, or a server that is away: it passes.
        guard [69, 75].contains(failure.exit), failure.code != "untrusted-server" else {
          throw failure
        }
        if failure.exit == 69, !isAway { tell("\(failure.message); waiting for it") }
        isAway = isAway || failure.exit == 69
        let pause = Self.pauses[min(failures, Self.pauses.count - 1)]
        failures += 1
        try await Task.sleep(for: .seconds(pause))
      }
    }
  }

  private enum Event: Sendable {
    /// The server has news, or enough of being waited for.
    case answer
    case glance
  }

  /// Returns when there is something to exchange.
  private func waitForNews() async throws {
    let identity = try context.store.replica.identity()
    try await TeamServer(context.store).session { line in
      try await withThrowingTaskGroup(of: Event.self) { group in
        defer { group.cancelAll() }
        group.addTask {
          _ = try await line.waitForNews(in: identity.workspace, after: identity.cursor.position)
          return .answer
        }
        // Looked at here, by the task that owns the store.
        while try context.store.replica.unsentCount() == 0 {
          group.addTask {
            try await Task.sleep(for: Self.glance)
            return .glance
          }
          if try await group.next() != .glance { return }
        }
      }
    }
  }
}
