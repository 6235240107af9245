import Glibc
import SyncServer

/// Data goes to stdout, words for the person to stderr.
enum Output {
  static func tell(_ line: String) { write(line, to: STDERR_FILENO) }

  static func give(_ line: String) { write(line, to: STDOUT_FILENO) }

  static var isTerminal: Bool { isatty(STDOUT_FILENO) == 1 }

  /// Aligned under its heading on a terminal, else tab-separated without one.
  static func give(_ rows: [[String]], heading: [String]) {
    let rows = rows.map { $0.map(\.onOneLine) }
    guard isTerminal, !rows.isEmpty else {
      for row in rows { give(row.joined(separator: "\t")) }
      return
    }
    let all = [heading] + rows
    let widths = heading.indices.map { column in all.map { $0[column].count }.max() ?? 0 }
    for row in all {
      var line = ""
      for (cell, width) in zip(row, widths) {
        line += cell + String(repeating: " ", count: width - cell.count + 2)
      }
      while line.hasSuffix(" ") { line.removeLast() }
      give(line)
    }
  }

  private static func write(_ line: String, to descriptor: Int32) {
    var bytes = Array((line + "\n").utf8)[...]
    while !bytes.isEmpty {
      let count = bytes.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
      if count < 0, errno == EINTR { continue }
      // What was asked for could not be handed over. Of stderr nobody can be told.
      guard count > 0 else { exit(Failure.Exit.disk.rawValue) }
      bytes = bytes.dropFirst(count)
    }
  }
}
