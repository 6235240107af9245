import Foundation
import Testing

/// Transcripts are tests and documentation at once.
@Suite struct TranscriptTests {
  static let files: [String] = {
    let folder = Project.root.appending(path: "fixtures/transcripts").path
    let all = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    return all.filter { $0.hasSuffix(".txt") }.sorted()
  }()

  @Test func thereAreTranscripts() { #expect(Self.files.count >= 3) }

  @Test(arguments: files) func transcriptHolds(_ name: String) throws {
    let golden = Golden("fixtures/transcripts/\(name)")
    let home = try Project.temporaryFolder()
    defer { try? FileManager.default.removeItem(at: home) }
    try golden.expect(Transcript(text: golden.text).replayed(in: home))
  }
}
