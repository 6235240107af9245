import ChangeLog
import Testing

@testable import SyncClient
@testable import SyncServer

/// `schema/sync-protocol.md` 5 says what the program does.
@Suite("The table of limits")
struct LimitsTableTests {
  private struct Row {
    let what: Substring
    /// In bytes, seconds or pieces, as they stand there.
    let numbers: [Int]
    let keys: [Substring]
  }

  private static func rows() throws -> [Row] {
    let root = #filePath.split(separator: "/").dropLast(3).map { "/" + $0 }.joined()
    let text = ServerProgram.read(root + "/schema/sync-protocol.md")
    let lines = text.split(separator: "\n").drop { $0 != "## 5. Limits" }.dropFirst(3)
    return try lines.prefix { $0.hasPrefix("| ") }.map { line in
      let cells = line.split(separator: "|").map { $0.drop { $0 == " " } }
      try #require(cells.count == 3, "\(line)")
      return Row(
        what: cells[0].prefix { $0 != "," && $0 != "·" }, numbers: numbers(cells[1]),
        keys: cells[2].matches(of: /`([a-z-]+)`/).map(\.1))
    }
  }

  private static func numbers(_ cell: Substring) -> [Int] {
    cell.matches(of: /([0-9][0-9,]*)( [KM]iB)?/).compactMap { match in
      let factor = match.2.map { $0 == " KiB" ? 1 << 10 : 1 << 20 } ?? 1
      return Int(match.1.filter { $0 != "," }).map { $0 * factor }
    }
  }

  @Test("Every limit of the configuration stands in it with its name and what it is by itself")
  func keys() throws {
    let server = try ServerUnderTest(configuration: "")
    let said = try server.admin("serve", "--check-config").out
    let others = [
      "listen", "database", "database-connections", "certificate", "key", "metrics", "trust-proxy",
      "log-level",
    ]
    let rows = try Self.rows()
    var names: [String] = []
    for line in said.split(separator: "\n") {
      let words = line.split(separator: " ")
      let name = words[0].dropLast()
      if others.contains(String(name)) { continue }
      names.append(String(name))
      let row = try #require(rows.first { $0.keys.contains(name) }, "\(name)")
      // None is written as 0.
      if let value = Int(words[1]), value > 0 { #expect(row.numbers.contains(value), "\(line)") }
    }
    #expect(Set(names) == Set(rows.flatMap(\.keys).map(String.init)))
    #expect(names.count > 10)
  }

  @Test("What nobody can choose is as the table says")
  func constants() throws {
    let limits = Limits()
    let expected: [(String, [Int])] = [
      ("changeset ", [Changeset.maximumSize]),
      ("request ", [SyncRequest.maximumSize, SyncRequest.maximumChangesets]),
      ("answer a client reads ", [HTTPRemote.maximumAnswer]),
      ("bundle ", [ChangeLog.Bundle.maximumSize]),
      ("snapshot ", [Snapshot.maximumSize, SnapshotPart.length]),
      ("headers of a request ", [Limits.maximumHeaders.size, Limits.maximumHeaders.count]),
      ("request to join ", [JoinRequest.maximumSize]),
      (
        "connections ",
        [limits.connections, Limits.spareConnections, limits.connectionsPerAddress]
      ),
    ]
    let rows = try Self.rows()
    for (what, numbers) in expected {
      let row = try #require(rows.first { $0.what == what }, "\(what)")
      #expect(row.numbers.filter(numbers.contains) == numbers, "\(what)")
    }
  }
}
