import Foundation
import Testing

/// The names of `--json --fields` are a contract, and every command that lists or shows takes both.
@Suite struct FieldsTests {
  private static let lists = [
    "partnerships", "dialogues", "notes", "actions", "commitments", "decisions", "positions",
    "statements", "lines", "parties", "documents", "acts", "discrepancies", "topics", "roles",
    "principles", "instruments", "devices", "members", "overdue",
  ]
  /// Commands that print objects of their own.
  private static let others = [
    ["now"], ["find", "digital"], ["timeline"], ["changes"], ["ops"], ["log", "igf"], ["whoami"],
    ["sync", "--status"], ["sync", "--explain", "igf"],
  ]

  private let program: Program

  init() throws { program = try Program.withFixture() }

  /// The names a command takes, as it says them when asked for another.
  private func names(_ words: [String]) throws -> [String] {
    let result = try program.run(words + ["--json", "--fields", "?"])
    #expect(result.status == 64, "\(words)")
    let line = try #require(
      result.errors.firstMatch(of: #/fields: ([a-z_, ]+)/#), "\(words): \(result.errors)")
    return line.1.split(separator: ", ").map(String.init)
  }

  @Test func noNameOfAFieldChangesUnread() throws {
    defer { try? FileManager.default.removeItem(at: program.home) }
    var lines = [
      "; The names --json --fields takes, command by command. Programs rely on them: one may be added, none renamed."
    ]
    for words in Self.lists.map({ [$0] }) + Self.others {
      lines.append(
        words.joined(separator: " ") + ": " + (try names(words)).joined(separator: " "))
    }
    try Golden("fixtures/fields.txt").expect(lines.joined(separator: "\n") + "\n")
  }

  private typealias Object = [String: Any]

  private func objects(_ words: [String]) throws -> [Object] {
    let output = try program.run(words).expectSuccess().output
    let value = try JSONSerialization.jsonObject(with: Data(output.utf8))
    return try #require(value as? [Object] ?? (value as? Object).map { [$0] })
  }

  /// The objects with fields are those without, less what was not asked for.
  private func expectFields(_ words: [String], alwaysThere: Set<String>) throws -> Int {
    let names = try names(words)
    let all = try objects(words + ["--json"])
    for half in [0, 1] {
      let wanted = names.enumerated().filter { $0.offset % 2 == half }.map(\.element)
      let some = try objects(words + ["--json", "--fields", wanted.joined(separator: ",")])
      #expect(some.count == all.count)
      let kept = alwaysThere.union(wanted)
      for (a, b) in zip(all, some) {
        #expect(Set(a.keys).isSubset(of: alwaysThere.union(names)), "\(words): \(a.keys)")
        var expected = a.filter { kept.contains($0.key) }
        var told = b
        // What a record is called is told only when it is asked for; of a role the title is a field.
        if a["title"] == nil, a["type"] as? String != "role", wanted.contains("title") {
          #expect((told.removeValue(forKey: "title") as? String)?.isEmpty == false)
          expected["title"] = nil
        }
        #expect(NSDictionary(dictionary: told) == NSDictionary(dictionary: expected), "\(words)")
      }
    }
    return all.count
  }

  @Test func everyListTakesJSONAndFields() throws {
    defer { try? FileManager.default.removeItem(at: program.home) }
    var count = 0
    for list in Self.lists {
      let words = list == "overdue" ? [list] : [list, "--all"]
      let found = try expectFields(words, alwaysThere: ["type", "id"])
      count += found
      let table = try program.run(words + ["--fields", "id,title"]).expectSuccess().output.lines
      #expect(table.count == found, "\(list)")
      for row in table { #expect(row.split(separator: "\t").count == 2, "\(list): \(row)") }
      #expect(try program.run(words + ["--fields", "?"]).status == 64)
    }
    #expect(count > 500)
  }

  @Test func everyOtherCommandThatListsTakesThemToo() throws {
    defer { try? FileManager.default.removeItem(at: program.home) }
    for words in Self.others { _ = try expectFields(words, alwaysThere: []) }
  }

  @Test func showTakesThemForARecordOfEveryKind() throws {
    defer { try? FileManager.default.removeItem(at: program.home) }
    var kinds: Set<String> = []
    for list in Self.lists where list != "overdue" {
      guard let first = try objects([list, "--all", "--limit", "1", "--json"]).first,
        let id = first["id"] as? String
      else { continue }
      kinds.insert(try #require(first["type"] as? String))
      _ = try expectFields(["show", id], alwaysThere: ["type", "id"])
      let text = try program.dossier("show", id, "--fields", "sources").expectSuccess().output
      #expect(
        text.lines.dropFirst().allSatisfy { $0.hasPrefix("  sources") || $0.hasPrefix("   ") })
      #expect(try program.dossier("show", id, "--fields", "?").status == 64)
    }
    #expect(kinds.count == 13)
  }
}
