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
}
