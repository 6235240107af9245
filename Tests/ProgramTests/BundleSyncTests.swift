import Foundation
import Testing

/// A team without a server: bundles by hand, and a folder that all share.
@Suite struct BundleSyncTests {
  private let home: URL

  init() throws { home = try Project.temporaryFolder() }

  private func machine(_ name: String) throws -> Program {
    let folder = home.appending(path: name)
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: false)
    return try Program(home: folder, clock: nil, seed: nil)
  }

  private func path(_ name: String) -> String { home.appending(path: name).path }

  private func notes(_ one: Program) throws -> String {
    try one.run(["notes", "--all", "--fields", "id,text"]).output
  }

  @Test func twoMachinesWorkTogetherByBundlesAlone() throws {
    defer { try? FileManager.default.removeItem(at: home) }
    let (ann, bob) = (try machine("ann"), try machine("bob"))
    try ann.run(["init", "--name", "ann", "--device", "laptop"]).expectSuccess()
    try ann.run(["note", "ann's first"]).expectSuccess()
    try bob.run(["note", "written before bob joined"]).expectSuccess()
    try ann.run(["sync", "--to", path("one.bundle")]).expectSuccess()
    let joined = try bob.run(
      ["join", path("one.bundle"), "--name", "bob", "--device", "desk"]
    ).expectSuccess()
    #expect(joined.errors.contains("joined the workspace of ann on laptop as bob on desk"))

    try bob.run(["sync", "--to", path("two.bundle"), "--for", "ann"]).expectSuccess()
    let stranger = try ann.run(["sync", "--from", path("two.bundle")])
    #expect(stranger.status == 77 && stranger.errors.contains("\"bob on desk\""))
    #expect(try !notes(ann).contains("before bob joined"))
    let tried = try ann.run(
      ["sync", "--from", path("two.bundle"), "--trust", "--dry-run"]
    ).expectSuccess()
    #expect(tried.errors.contains("would take"))
    #expect(try !notes(ann).contains("before bob joined"))
    try ann.run(["sync", "--from", path("two.bundle"), "--trust"]).expectSuccess()
    #expect(try notes(ann) == notes(bob))
    #expect(try notes(ann).contains("before bob joined"))

    // From now on they know each other, and only news travel.
    try ann.run(["note", "news"]).expectSuccess()
    let small = try ann.run(["sync", "--to", path("three.bundle"), "--for", "bob"]).expectSuccess()
    #expect(small.errors.contains("wrote 1 change "), "\(small.errors)")
    let again = try ann.run(["sync", "--to", path("three.bundle")])
    #expect(again.status == 73)
    try bob.run(["sync", "--from", path("three.bundle")]).expectSuccess()
    let twice = try bob.run(["sync", "--from", path("three.bundle")]).expectSuccess()
    #expect(twice.errors.contains("took 0 changes"))
    #expect(try notes(ann) == notes(bob))
    for one in [ann, bob] { #expect(try one.run(["doctor"]).status == 0) }
  }

  @Test func aDamagedBundleSaysSoAndSavesNothing() throws {
    defer { try? FileManager.default.removeItem(at: home) }
    let (ann, bob) = (try machine("ann"), try machine("bob"))
    try ann.run(["note", "words"]).expectSuccess()
    try ann.run(["sync", "--to", path("one.bundle")]).expectSuccess()
    var bytes = try Data(contentsOf: home.appending(path: "one.bundle"))
    bytes[bytes.count / 2] ^= 1
    try bytes.write(to: home.appending(path: "bad.bundle"))
    let result = try bob.run(["join", path("bad.bundle")])
    #expect(result.status == 65 && result.errors.contains("nothing of it was saved"))
    #expect(try ann.run(["sync", "--from", path("bad.bundle")]).status == 65)
  }

  @Test func threeMachinesShareAFolder() throws {
    defer { try? FileManager.default.removeItem(at: home) }
    let all = [try machine("ann"), try machine("bob"), try machine("cem")]
    let shared = path("shared")
    try FileManager.default.createDirectory(atPath: shared, withIntermediateDirectories: false)
    try all[0].run(["note", "the first"]).expectSuccess()
    try all[0].run(["sync", "--to", path("start.bundle")]).expectSuccess()
    for one in all[1...] { try one.run(["join", path("start.bundle")]).expectSuccess() }
    for (number, one) in all.enumerated() {
      try one.run(["note", "note of machine \(number)"]).expectSuccess()
      try one.run(["sync", "--from", shared, "--trust", "--to", shared]).expectSuccess()
    }
    let before = try FileManager.default.contentsOfDirectory(atPath: shared).sorted()
    for one in all {
      try one.run(["sync", "--from", shared, "--trust", "--to", shared]).expectSuccess()
    }
    #expect(try notes(all[0]).contains("note of machine 2"))
    #expect(try notes(all[0]) == notes(all[1]))
    #expect(try notes(all[1]) == notes(all[2]))
    // Nothing new, nothing added.
    #expect(try FileManager.default.contentsOfDirectory(atPath: shared).sorted() == before)

    // Half copied: it is said, the others are read, and it is read when it is whole.
    try all[0].run(["note", "comes late"]).expectSuccess()
    try all[0].run(["sync", "--to", shared]).expectSuccess()
    let late = try #require(
      try FileManager.default.contentsOfDirectory(atPath: shared).first { !before.contains($0) })
    let file = URL(filePath: shared).appending(path: late)
    let whole = try Data(contentsOf: file)
    try whole.prefix(whole.count / 2).write(to: file)
    let half = try all[1].run(["sync", "--from", shared])
    #expect(half.status == 65 && half.errors.contains(late))
    #expect(try !notes(all[1]).contains("comes late"))
    try whole.write(to: file)
    try all[1].run(["sync", "--from", shared]).expectSuccess()
    #expect(try notes(all[1]).contains("comes late"))
  }
}
