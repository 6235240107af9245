import Foundation
import Testing

/// The paper for a dialogue, as it is printed over the main fixture: golden files in `fixtures/briefs`.
@Suite struct BriefTests {
  /// - Parameter eve: seconds since 1970 of the day before.
  @Test(arguments: [
    ("eu-australia-dd-2", 1_718_100_000), ("wsis-tunis-2005", 1_132_056_000),
    ("dfi-event-summer-2022", 1_653_998_400), ("asem-summit-12", 1_538_308_800),
  ])
  func theBriefIsTheGoldenOne(slug: String, eve: Int) throws {
    let program = try Program.withFixture(clock: eve)
    defer { try? FileManager.default.removeItem(at: program.home) }
    let brief = try program.run(["brief", slug]).expectSuccess().output
    try Golden("fixtures/briefs/\(slug).md").expect(brief)
  }
}
