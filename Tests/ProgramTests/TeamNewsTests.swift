import Foundation
import Testing

/// What colleagues did: seen once, taken back only when asked for by name.
@Suite struct TeamNewsTests {
  private let home: URL
  private let ann: Program
  private let bob: Program

  init() throws {
    let home = try Project.temporaryFolder()
    func machine(_ name: String) throws -> Program {
      let folder = home.appending(path: name)
      try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: false)
      return try Program(home: folder, clock: nil, seed: nil)
    }
    (self.home, ann, bob) = (home, try machine("ann"), try machine("bob"))
    try ann.run(["init", "--name", "ann", "--device", "laptop"]).expectSuccess()
    try ann.run(["sync", "--to", home.appending(path: "first").path]).expectSuccess()
    try bob.run(
      ["join", home.appending(path: "first").path, "--name", "bob", "--device", "desk"]
    ).expectSuccess()
    try give(bob, ann)
  }

  private func give(_ from: Program, _ to: Program) throws {
    let path = home.appending(path: UUID().uuidString).path
    try from.run(["sync", "--to", path]).expectSuccess()
    try to.run(["sync", "--from", path, "--trust"]).expectSuccess()
  }

  @Test func changesShowsWhatOthersDidOnce() throws {
    defer { try? FileManager.default.removeItem(at: home) }
    #expect(try ann.run(["changes"]).errors.contains("nothing new"))
    try ann.run(["note", "my own"]).expectSuccess()
    try bob.run(["new", "party", "Japan"]).expectSuccess()
    try bob.run(["note", "from bob"]).expectSuccess()
    try give(bob, ann)
    for _ in 0..<2 {
      let peek = try ann.run(["changes", "--peek"]).output
      #expect(peek.lines.count == 2 && peek.contains("bob") && peek.contains("new party"))
      #expect(!peek.contains("my own"))
    }
    #expect(try ann.run(["changes"]).output.lines.count == 2)
    #expect(try ann.run(["changes"]).output.isEmpty)
    try bob.run(["set", "japan", "acronym=JP"]).expectSuccess()
    try give(bob, ann)
    let json = try ann.run(["changes", "--json"]).output
    #expect(json.contains("\"fields\":[\"acronym\"]") && json.contains("\"new\":false"))
    #expect(try ann.run(["changes", "--since", "today"]).output.lines.count == 2)
    #expect(try ann.run(["changes", "--since", "tomorrow"]).output.isEmpty)
  }

  @Test func opsListsCommandsAndUndoTakesOneBack() throws {
    defer { try? FileManager.default.removeItem(at: home) }
    for text in ["one", "two", "three"] { try ann.run(["note", text]).expectSuccess() }
    try bob.run(["note", "from bob"]).expectSuccess()
    try give(bob, ann)
    let ops = try ann.run(["ops"]).output.lines
    #expect(
      ops[0].hasPrefix("1\t") && ops[0].contains("from bob") && ops[0].contains("bob on desk"))
    #expect(ops[2].hasPrefix("3\t") && ops[2].contains("two"))
    try ann.run(["undo", "3"]).expectSuccess()
    func notes() throws -> Set<String> {
      Set(try ann.run(["notes", "--fields", "text"]).output.lines)
    }
    #expect(try notes() == ["one", "three", "from bob"])
    // The undo is a command of its own: what was 3 is 4 now, and undone.
    #expect(try ann.run(["ops"]).output.lines[3].contains("undone"))
    #expect(try ann.run(["undo", "4"]).status == 73)
    let others = try ann.run(["undo", "2"])
    #expect(others.status == 77 && others.errors.contains("bob on desk"))
    try ann.run(["undo", "2", "--others"]).expectSuccess()
    #expect(try notes() == ["one", "three"])
    #expect(try ann.run(["undo", "99"]).status == 66)
    try ann.run(["redo"]).expectSuccess()
    #expect(try notes() == ["one", "three", "from bob"])
    try give(ann, bob)
    #expect(try Set(bob.run(["notes", "--fields", "text"]).output.lines) == notes())
  }
}
