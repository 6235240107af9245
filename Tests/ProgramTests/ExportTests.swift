import Foundation
import Glibc
import Testing

/// What an export may touch: its own pages in its own folder, and nothing a link leads to.
@Suite struct ExportTests {
  private let program: Program
  private var out: URL { program.home.appending(path: "out") }
  private var victim: URL { program.home.appending(path: "victim.txt") }

  init() throws {
    program = try Program()
    try program.dossier("new", "partnership", "Data flows", "--slug", "flows")
    try Data("precious".utf8).write(to: victim)
  }

  private func export(_ more: String...) throws -> Program.Result {
    try program.run(["export", "-o", "out"] + more)
  }

  private func expectVictimUntouched() throws {
    #expect(try String(contentsOf: victim, encoding: .utf8) == "precious")
  }

  @Test func aFolderThatIsALinkIsRefused() throws {
    defer { try? FileManager.default.removeItem(at: program.home) }
    let elsewhere = program.home.appending(path: "elsewhere")
    try FileManager.default.createDirectory(at: elsewhere, withIntermediateDirectories: false)
    try FileManager.default.createSymbolicLink(at: out, withDestinationURL: elsewhere)
    let result = try export("--force")
    #expect(result.status == 73)
    #expect(result.errors.hasPrefix("dossier: out is a link\n"))
    #expect(try FileManager.default.contentsOfDirectory(atPath: elsewhere.path) == [])
  }

  @Test func aPageThatIsALinkIsReplacedByForceOnlyAndNeverFollowed() throws {
    defer { try? FileManager.default.removeItem(at: program.home) }
    #expect(try export().status == 0)
    let page = out.appending(path: "flows.md")
    let text = try String(contentsOf: page, encoding: .utf8)
    try FileManager.default.removeItem(at: page)
    try FileManager.default.createSymbolicLink(at: page, withDestinationURL: victim)

    let refused = try export()
    #expect(refused.status == 73)
    #expect(refused.errors.contains("out/flows.md was changed by hand"))
    #expect(refused.errors.contains("it is a link now"))
    try expectVictimUntouched()

    #expect(try export("--force").status == 0)
    try expectVictimUntouched()
    #expect(try String(contentsOf: page, encoding: .utf8) == text)
    let attributes = try FileManager.default.attributesOfItem(atPath: page.path)
    #expect(attributes[.type] as? FileAttributeType == .typeRegular)
  }

  @Test func aListOfPagesThatNamesOtherFilesRemovesNone() throws {
    defer { try? FileManager.default.removeItem(at: program.home) }
    #expect(try export().status == 0)
    let hash = try program.run(["-c", "sha256sum victim.txt | cut -d' ' -f1"], program: "/bin/sh")
      .output.trimmingCharacters(in: .newlines)
    let list = out.appending(path: ".dossier-export")
    let lines = try String(contentsOf: list, encoding: .utf8)
    try FileManager.default.copyItem(at: victim, to: out.appending(path: "notes.txt"))
    try Data((lines + "\(hash) ../victim.txt\n\(hash) notes.txt\n").utf8).write(to: list)
    #expect(try export().status == 0)
    try expectVictimUntouched()
    #expect(FileManager.default.fileExists(atPath: out.appending(path: "notes.txt").path))
  }

  /// Somebody swaps the page, and the folder, for links and back as fast as they can.
  @Test func aRaceOfLinksLeadsNoPageElsewhere() throws {
    defer { try? FileManager.default.removeItem(at: program.home) }
    #expect(try export().status == 0)
    let elsewhere = program.home.appending(path: "elsewhere")
    try FileManager.default.createDirectory(at: elsewhere, withIntermediateDirectories: false)
    let swapper = try Child(
      "/bin/sh",
      [
        "-c",
        """
        while :; do
          ln -s ../victim.txt out/link 2>/dev/null; mv -f out/link out/flows.md 2>/dev/null
          mv out kept 2>/dev/null && ln -s elsewhere out 2>/dev/null
          rm -f out 2>/dev/null; mv kept out 2>/dev/null
        done
        """,
      ], environment: program.environment, folder: program.home.path, output: "/dev/null",
      errors: "/dev/null", leadsGroup: true)
    var answers: Set<Int32> = []
    for round in 0..<60 {
      try program.run(["set", "flows", "status=round \(round)"])
      answers.insert(try export("--force").status)
    }
    swapper.kill(group: true)
    _ = swapper.wait()
    try expectVictimUntouched()
    #expect(try FileManager.default.contentsOfDirectory(atPath: elsewhere.path) == [])
    // Written, refused as a link, or the folder was away: never a fault of ours.
    #expect(answers.isSubset(of: [0, 73, 74]), "\(answers)")
  }
}
