import Foundation
import Testing

@Suite struct ReadmeTests {
  @Test func theQuickStartIsTheBeginningOfATestedTranscript() throws {
    let readme = try String(contentsOf: Project.root.appending(path: "README.md"), encoding: .utf8)
    let transcript = try String(
      contentsOf: Project.root.appending(path: "fixtures/transcripts/quick-start.txt"),
      encoding: .utf8)
    let blocks = readme.components(separatedBy: "```")
    let quoted = try #require(blocks.first { $0.hasPrefix("\n$ dossier note") })
    let commands = transcript.lines.dropFirst()
    #expect(Array(commands.prefix(quoted.lines.count - 1)) == Array(quoted.lines.dropFirst()))
  }

  @Test func everyPathTheReadmeNamesIsThere() throws {
    let readme = try String(contentsOf: Project.root.appending(path: "README.md"), encoding: .utf8)
    let paths = readme.matches(
      of: #/`((?:Sources|Tests|schema|fixtures|scripts)\/[A-Za-z0-9_.\/-]+)`/#
    ).map { String($0.1) }
    #expect(paths.count > 15)
    for path in paths where !path.contains("*") {
      #expect(
        FileManager.default.fileExists(atPath: Project.root.appending(path: path).path), "\(path)")
    }
  }

  /// The description of the HTTP interface names the routes of the server, each with its method, and no other.
  @Test func theDescriptionOfTheInterfaceHasEveryRoute() throws {
    func text(_ path: String) throws -> String {
      try String(contentsOf: Project.root.appending(path: path), encoding: .utf8)
    }
    let routes = try text("Sources/SyncServer/Routes.swift")
      .matches(of: #/router\.(get|post)\("([^"]+)"/#)
      .map { "\($0.1) \($0.2.replacing(":workspace", with: "{workspace}"))" }
    var path = ""
    var described: [String] = []
    for line in try text("schema/openapi.yaml").split(separator: "\n") {
      if let match = line.wholeMatch(of: #/  (\/\S*):/#) { path = String(match.1) }
      if let match = line.wholeMatch(of: #/    (get|post):/#) {
        described.append("\(match.1) \(path)")
      }
    }
    #expect(routes.count == 5 && routes.sorted() == described.sorted())
  }
}
