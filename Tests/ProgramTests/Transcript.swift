import Foundation

/// `$ command` and all it prints; lines with `; ` are remarks.
struct Transcript {
  let text: String

  /// The commands, each with the lines after it.
  var entries: [(command: String, answer: [String])] {
    var entries: [(command: String, answer: [String])] = []
    for line in text.lines {
      if line.hasPrefix("$ ") {
        entries.append((String(line.dropFirst(2)), []))
      } else if !line.hasPrefix("; "), !entries.isEmpty, !line.isEmpty {
        entries[entries.count - 1].answer.append(line)
      }
    }
    return entries
  }

  /// Runs every command in one shell per line, on a terminal, with a fixed clock.
  ///
  /// - Parameters:
  ///   - home: a folder for all of it; it holds `fixtures`.
  ///   - remark: told of every remark before what comes after it is run.
  /// - Returns: the transcript as it is now.
  func replayed(in home: URL, remark: (String) throws -> Void = { _ in }) throws -> String {
    try FileManager.default.createSymbolicLink(
      at: home.appending(path: "fixtures"),
      withDestinationURL: Project.root.appending(path: "fixtures"))
    var replayed: [String] = []
    var number = 0
    for line in text.lines {
      if line.hasPrefix("; ") || replayed.isEmpty && !line.hasPrefix("$") {
        if line.hasPrefix("; "), let last = replayed.last, !last.isEmpty, !last.hasPrefix("; ") {
          replayed.append("")
        }
        replayed.append(line)
        try remark(line)
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
