internal import ChangeLog
internal import Synchronization

/// Clients that wait until something new is in a log. They hear that there is news, never the news itself.
final class Watchers: Sendable {
  private struct State {
    var next = 0
    var waiting: [WorkspaceID: [Int: AsyncStream<Void>.Continuation]] = [:]
  }

  private let state = Mutex(State())

  /// Ends at the first news after this call, or when its task is cancelled.
  func news(in workspace: WorkspaceID) -> AsyncStream<Void> {
    AsyncStream(bufferingPolicy: .bufferingNewest(1)) { continuation in
      let number = state.withLock { state in
        state.next += 1
        state.waiting[workspace, default: [:]][state.next] = continuation
        return state.next
      }
      continuation.onTermination = { [weak self] _ in
        self?.state.withLock { state in
          state.waiting[workspace]?[number] = nil
          if state.waiting[workspace]?.isEmpty == true { state.waiting[workspace] = nil }
        }
      }
    }
  }

  func tell(_ workspace: WorkspaceID) {
    // Outside of the lock: who is told takes itself off the list.
    let all = state.withLock { $0.waiting.removeValue(forKey: workspace) ?? [:] }
    for continuation in all.values { continuation.finish() }
  }

  /// Everybody, when nobody knows who has missed something.
  func tellAll() {
    for workspace in state.withLock({ Array($0.waiting.keys) }) { tell(workspace) }
  }

  var count: Int { state.withLock { $0.waiting.values.reduce(0) { $0 + $1.count } } }
}
