import Glibc
import Synchronization

/// Says on a terminal that long work goes on: after a second, and every second from then on.
final class Progress: Sendable {
  private let what: String
  private let state = Mutex(State())

  private struct State {
    var detail = ""
    var isShown = false
    var hasEnded = false
  }

  init(_ what: String) { self.what = what }

  /// How far it is.
  func set(_ detail: String) { state.withLock { $0.detail = detail } }

  /// Shows itself until cancelled.
  func show() async {
    var seconds = 0
    while (try? await Task.sleep(for: .seconds(1))) != nil {
      seconds += 1
      state.withLock { state in
        guard !state.hasEnded else { return }
        state.isShown = true
        write("\r\u{1b}[K\(what) … \(seconds) s  \(state.detail)")
      }
    }
  }

  func end() {
    state.withLock { state in
      state.hasEnded = true
      if state.isShown { write("\r\u{1b}[K") }
    }
  }

  private func write(_ text: String) {
    let bytes = Array(text.utf8)
    _ = Glibc.write(STDERR_FILENO, bytes, bytes.count)
  }
}

extension Context {
  /// Does long work, and says so on a terminal.
  func working<Result>(
    _ what: String, _ body: (Progress) throws -> Result
  ) rethrows -> Result {
    let progress = Progress(what)
    guard isatty(STDERR_FILENO) == 1, !options.quiet else { return try body(progress) }
    let shown = Task { await progress.show() }
    defer {
      shown.cancel()
      progress.end()
    }
    return try body(progress)
  }

  /// The same for work that waits for others.
  func working<Result: Sendable>(
    _ what: String, _ body: (Progress) async throws -> Result
  ) async rethrows -> Result {
    let progress = Progress(what)
    guard isatty(STDERR_FILENO) == 1, !options.quiet else { return try await body(progress) }
    let shown = Task { await progress.show() }
    defer {
      shown.cancel()
      progress.end()
    }
    return try await body(progress)
  }
}
