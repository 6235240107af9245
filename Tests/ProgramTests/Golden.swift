import Foundation
import Testing

/// A text kept in a file. With `RECORD=1` it is written anew and the test fails, so that no recording passes unread.
struct Golden {
  let file: URL

  /// - Parameter path: below the root of the project.
  init(_ path: String) { file = Project.root.appending(path: path) }

  var text: String { get throws { try String(contentsOf: file, encoding: .utf8) } }

  /// Compares line by line; the first line that differs is told.
  func expect(_ actual: String) throws {
    let name = file.lastPathComponent
    let expected = (try? text) ?? ""
    if ProcessInfo.processInfo.environment["RECORD"] == "1", actual != expected {
      try actual.write(to: file, atomically: true, encoding: .utf8)
      Issue.record("re-recorded \(name); read the difference before you commit it")
      return
    }
    for (number, (a, b)) in zip(actual.lines, expected.lines).enumerated() where a != b {
      Issue.record("\(name):\(number + 1)\n  expected: \(b)\n  printed:  \(a)")
      break
    }
    #expect(actual.lines.count == expected.lines.count)
  }
}
