import ChangeLog
import DossierModel
import DossierPages
import Foundation
import Testing

@Suite struct PagesTests {
  static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent()

  static func pages(_ lines: [UInt8]) throws -> [Page] {
    let file = try ImportFile(lines)
    #expect(file.problems == [])
    return Pages(RecordGraph(file)).all()
  }

  /// With `RECORD=1` the golden files are written anew and the test fails.
  @Test func theFixtureGivesTheGoldenPages() throws {
    let lines = Array(
      try Data(contentsOf: Self.root.appending(path: "fixtures/digital-diplomacy.jsonl")))
    let folder = Self.root.appending(path: "fixtures/pages")
    var golden: [String: String] = [:]
    for name in (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? [] {
      golden[name] = try String(contentsOf: folder.appending(path: name), encoding: .utf8)
    }
    let pages = try Self.pages(lines)
    let made = Dictionary(uniqueKeysWithValues: pages.map { ($0.path, $0.text) })
    if ProcessInfo.processInfo.environment["RECORD"] == "1", made != golden {
      try? FileManager.default.removeItem(at: folder)
      try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
      for page in pages {
        try page.text.write(
          to: folder.appending(path: page.path), atomically: true, encoding: .utf8)
      }
      Issue.record("re-recorded fixtures/pages; read the difference before you commit it")
      return
    }
    #expect(Set(made.keys) == Set(golden.keys))
    for (path, text) in made where golden[path] != nil && golden[path] != text {
      let pair = zip(text.split(separator: "\n"), golden[path]!.split(separator: "\n")).first {
        $0 != $1
      }
      Issue.record("\(path): \(pair?.0 ?? "(length)") — expected: \(pair?.1 ?? "")")
    }
  }

  @Test func pagesEndWithOneNewlineAndHaveNoTrailingSpaces() throws {
    let lines = Array(
      try Data(contentsOf: Self.root.appending(path: "fixtures/digital-diplomacy.jsonl")))
    for page in try Self.pages(lines) {
      #expect(page.text.hasSuffix("\n") && !page.text.hasSuffix("\n\n"))
      #expect(!page.text.contains(" \n") && !page.text.contains("\r"))
    }
  }

  @Test func everyLinkBetweenPagesHasATarget() throws {
    let lines = Array(
      try Data(contentsOf: Self.root.appending(path: "fixtures/digital-diplomacy.jsonl")))
    let pages = try Self.pages(lines)
    let paths = Set(pages.map(\.path))
    var links = 0
    for page in pages {
      for match in page.text.matches(of: #/\]\(([a-z0-9-]+\.md)\)/#) {
        links += 1
        #expect(paths.contains(String(match.1)), "\(page.path) links to \(match.1)")
      }
    }
    #expect(links > 100)
  }

  static let hostile = [
    "\u{1b}[31mred\u{1b}[0m", "\u{1b}]0;title\u{7}", "a\u{202e}b", "zero\u{200b}width", "\u{9b}31m",
    "<script>alert(1)</script>",
    "[x](javascript:alert(1))", "![x](http://tracker/x.png)", "| a | b |", "`code`",
    "**bold** _it_ ~~no~~", "# heading",
    "- item", "1. one", "> quote", "---", "title: x", "\"; drop", "{{template}}", "&lt;b&gt;",
    "../../etc/passwd", "CON",
    String(repeating: "long ", count: 60), "-rf", "back\\slash", "line\u{2028}separator", "=cmd()",
    "e\u{301}", "🇪🇺",
  ]

  @Test(arguments: hostile) func noTextBreaksOutOfItsPlace(_ text: String) throws {
    let quoted = JSON.string(text).line
    let lines = """
      {"type":"party","slug":"y","name":\(quoted),"kind":\(quoted)}
      {"type":"partnership","slug":"p","name":\(quoted),"status":\(quoted),"aliases":[\(quoted)],"partners":["y"]}
      {"type":"partnership","id":"no-slug","name":\(quoted),"parent":"p"}
      {"type":"dialogue","slug":"d","name":\(quoted),"partnerships":["p"],"city":\(quoted),"outcome":\(quoted)}
      {"type":"note","id":"n","kind":"statement","speaker":"y","dialogue":"d","text":\(quoted)}
      {"type":"action","id":"a","text":\(quoted),"partnership":"p","owners":["y"]}
      {"type":"document","slug":"f","name":\(quoted),"about":["p"],"url":\(quoted),"file":\(quoted)}
      """
    let pages = try Self.pages(Array(lines.utf8))
    for page in pages {
      #expect(page.path.wholeMatch(of: #/[a-z0-9-]{1,100}\.md/#) != nil, "\(page.path)")
      let steering = page.text.unicodeScalars.filter { $0 != "\n" && $0.mustBeEscaped }
      #expect(steering.isEmpty)
      // In the front matter every value is a quoted scalar.
      let parts = page.text.split(separator: "\n---\n", maxSplits: 1)
      // In a code span nothing is read as Markdown or HTML.
      let body = String(parts.last ?? "").replacing(#/`[^`\n]*`/#, with: "")
      let unescaped = body.replacing("\\]", with: "").replacing("\\(", with: "")
      #expect(!body.contains("<script"))
      #expect(!unescaped.contains("](javascript:"))
      #expect(!body.replacing("\\![", with: "").replacing("\\[", with: "").contains("!["))
    }
    let dossier = try #require(pages.first { $0.path == "p.md" }).text
    let headings = dossier.split(separator: "\n").filter { $0.hasPrefix("#") }
    #expect(headings.filter { $0.hasPrefix("# ") }.count == 1)
    let matter = dossier.split(separator: "\n", omittingEmptySubsequences: false)
    #expect(
      matter.first == "---" && matter.dropFirst().firstIndex(of: "---").map { $0 < 9 } == true)
  }

  @Test func aNoteCannotOpenAFenceThatSwallowsThePage() throws {
    let lines = """
      {"type":"partnership","slug":"p","name":"P"}
      {"type":"note","id":"n","kind":"note","partnership":"p","text":"before\\n```\\ncode <b>"}
      {"type":"action","id":"a","text":"still here","partnership":"p"}
      """
    let page = try #require(try Self.pages(Array(lines.utf8)).first { $0.path == "p.md" }).text
    #expect(page.components(separatedBy: "```").count == 3)
    #expect(page.contains("- [ ] still here"))
  }

  @Test func underTheChathamHouseRuleNobodyIsNamed() throws {
    let lines = """
      {"type":"party","slug":"y","name":"Secret Speaker"}
      {"type":"partnership","slug":"p","name":"P"}
      {"type":"note","id":"n","kind":"statement","partnership":"p","speaker":"y","rule":"chatham","text":"frank words"}
      {"type":"note","id":"m","kind":"statement","partnership":"p","speaker":"y","rule":"off","text":"franker words"}
      """
    for page in try Self.pages(Array(lines.utf8)) { #expect(!page.text.contains("Secret Speaker")) }
  }

  @Test func twoPartnershipsWithOneSlugHaveAPageEach() throws {
    let lines = """
      {"type":"partnership","id":"one","slug":"index","name":"One"}
      {"type":"partnership","id":"two","slug":"index","name":"Two"}
      """
    let pages = try Self.pages(Array(lines.utf8))
    #expect(Set(pages.map(\.path)).count == 4)
    #expect(
      pages.contains { $0.text.contains("# One") } && pages.contains { $0.text.contains("# Two") })
  }

  @Test func standingIsTheLastAct() throws {
    let lines = """
      {"type":"party","slug":"a","name":"Aland"}
      {"type":"party","slug":"b","name":"Borduria"}
      {"type":"partnership","slug":"p","name":"P"}
      {"type":"act","id":"1","party":"a","what":"signed","in":"p","date":"2020-01-01"}
      {"type":"act","id":"2","party":"a","what":"withdrew","in":"p","date":"2021"}
      {"type":"act","id":"3","party":"b","what":"signed","in":"p","date":"2020-02"}
      """
    let page = try #require(try Self.pages(Array(lines.utf8)).first { $0.path == "p.md" }).text
    #expect(page.contains("- **Withdrew:** Aland (2021)"))
    #expect(page.contains("- **Signed:** Borduria (2020-02)"))
  }
}
