import Foundation
import Testing

/// A real terminal (tmux) with one program in it: keys go in, what stands on the screen comes out.
final class Screen {
  private let program: Program
  private let socket = "dossier-test-\(UUID().uuidString.prefix(8))"

  /// - Parameter command: as a shell takes it; `dossier` is the one that was built.
  init(
    _ program: Program, _ command: String, width: Int = 80, height: Int = 24,
    environment: [String: String] = [:]
  ) throws {
    self.program = program
    var variables = program.environment.merging(environment) { $1 }
    variables["COLUMNS"] = nil
    variables["PATH"] = Project.programs.path + ":/usr/bin:/bin"
    let settings = variables.map { "\($0)='\($1)'" }.joined(separator: " ")
    // The end of the program stays to be read.
    let line =
      "env -u TMUX -u COLUMNS \(settings) sh -c '\(command); echo \"[ended $?]\"; sleep 600'"
    try tmux("-f", "/dev/null", "new-session", "-d", "-x", "\(width)", "-y", "\(height)", line)
  }

  deinit { _ = try? tmux("kill-server") }

  @discardableResult
  private func tmux(_ words: String...) throws -> String {
    let result = try program.run(
      ["-L", socket] + words, program: "/usr/bin/tmux", environment: ["TERM": "xterm"])
    return result.output
  }

  /// Types keys as tmux names them.
  func type(_ keys: String...) throws {
    for key in keys { try tmux("send-keys", key) }
  }

  /// What stands there.
  ///
  /// - Parameter withColors: with the sequences that colour it.
  func text(withColors: Bool = false) throws -> String {
    try withColors ? tmux("capture-pane", "-p", "-e") : tmux("capture-pane", "-p")
  }

  /// Waits until something stands on the screen.
  @discardableResult
  func wait(for words: String, _ place: SourceLocation = #_sourceLocation) throws -> String {
    for _ in 0..<300 {
      let text = try text()
      if text.contains(words) { return text }
      usleep(100_000)
    }
    let text = try text()
    Issue.record("\"\(words)\" does not come:\n\(text)", sourceLocation: place)
    return text
  }
}
