import Foundation
import Testing

/// Transcripts: `$ command` and all it prints; lines with `; ` are remarks. They are tests and documentation at once.
///
/// With `RECORD=1` they are written anew and the test fails, so that no recording passes unread.
@Suite struct TranscriptTests {
  static let files: [String] = {
    let folder = Project.root.appending(path: "fixtures/transcripts").path
    let all = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    return all.filter { $0.hasSuffix(".txt") }.sorted()
  }()

  @Test func thereAreTranscripts() { #expect(Self.files.count >= 3) }

  @Test(arguments: files) func transcriptHolds(_ name: String) throws {
    let file = Project.root.appending(path: "fixtures/transcripts/\(name)")
    let expected = try String(contentsOf: file, encoding: .utf8)
    let actual = try replay(expected)
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

  /// Runs every command of a transcript in one shell per line, on a terminal, with a fixed clock.
  private func replay(_ transcript: String) throws -> String {
    let home = try Project.temporaryFolder()
    defer { try? FileManager.default.removeItem(at: home) }
    try FileManager.default.createSymbolicLink(
      at: home.appending(path: "fixtures"),
      withDestinationURL: Project.root.appending(path: "fixtures"))
    var replayed: [String] = []
    var number = 0
    for line in transcript.lines {
      if line.hasPrefix("; ") || replayed.isEmpty && !line.hasPrefix("$") {
        if line.hasPrefix("; "), let last = replayed.last, !last.isEmpty, !last.hasPrefix("; ") {
          replayed.append("")
        }
        replayed.append(line)
        continue
      }
      guard line.hasPrefix("$ ") else { continue }
      number += 1
      if let last = replayed.last, !last.isEmpty, !last.hasPrefix("; ") { replayed.append("") }
      replayed.append(line)
      replayed += try run(String(line.dropFirst(2)), number, home)
    }
    return replayed.joined(separator: "\n") + "\n"
  }

  private func run(_ command: String, _ number: Int, _ home: URL) throws -> [String] {
    let output = home.path + "/.transcript-\(number)"
    defer { try? FileManager.default.removeItem(atPath: output) }
    let environment = [
      "HOME": home.path, "USER": "ann", "TZ": "UTC", "SHELL": "/bin/sh", "COLUMNS": "100",
      "LC_ALL": "C.UTF-8", "PATH": "\(Project.programs.path):/usr/bin:/bin",
      "DOSSIER_TEST_CLOCK": "\(1_747_645_200 + number * 60)", "DOSSIER_TEST_SEED": "\(number)",
      "DOSSIER_TEST_HOST": "laptop",
    ]
    // script gives the command a terminal of its own.
    let child = try Child(
      "/usr/bin/script", ["-qec", command, "/dev/null"], environment: environment,
      folder: home.path, output: output, errors: output)
    let status = child.wait()
    let data = try Data(contentsOf: URL(filePath: output))
    let text = String(decoding: data, as: UTF8.self).replacing("\r\n", with: "\n")
      .replacing(home.path, with: "~")
    var lines = text.lines
    while lines.last == "" { lines.removeLast() }
    if status != 0 { lines.append("(exit \(status))") }
    return lines
  }
}

extension String {
  var lines: [String] {
    var lines = split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    if lines.last == "" { lines.removeLast() }
    return lines
  }
}
