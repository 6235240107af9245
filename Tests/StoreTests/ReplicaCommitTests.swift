import ChangeLog
import ReplicaStore
import SQLite
import Testing

/// What nobody could read back is not written, and what fails leaves nothing.
@Suite struct ReplicaCommitTests {
  private let note = EntityID(high: 1, low: 1)
  private let ann: TestReplica
  private let ben: TestReplica

  init() throws {
    ann = try TestReplica(1)
    ben = try TestReplica(2)
  }

  @Test func aTextWithNulIsRefusedBeforeItIsWritten() throws {
    for value in [Value.text("a\u{0}b"), .list([.text("a"), .list([.text("\u{0}")])])] {
      #expect(throws: FormatError.invalid("a text holds the character NUL")) {
        try ann.put(1, value, on: note)
      }
      #expect(throws: FormatError.invalid("a text holds the character NUL")) {
        try ann.add(1, value, on: note)
      }
    }
    #expect(try ann.log() == [])
    #expect(try ann.replica.state(of: note) == nil)
  }

  @Test func listsThatNestTooDeepAreRefusedBeforeTheyAreWritten() throws {
    func nested(_ depth: Int) -> Value { depth == 0 ? .null : .list([nested(depth - 1)]) }
    try ann.put(1, nested(Value.maximumDepth), on: note)
    #expect(throws: FormatError.invalid("lists nest too deep")) {
      try ann.put(1, nested(Value.maximumDepth + 1), on: note)
    }
    #expect(try ann.values(1, of: note) == [nested(Value.maximumDepth)])
    try ann.replica.rebuild()
  }

  @Test func aTextOfTheLargestSizeIsTakenAndOneByteMoreIsNot() throws {
    let largest = String(repeating: "é", count: Changeset.maximumTextSize / 2)
    try ann.put(1, .text(largest), on: note)
    try ben.replica.receive(ann.log())
    #expect(try ben.values(1, of: note) == [.text(largest)])
    let error = ReplicaError.textTooLong(bytes: Changeset.maximumTextSize + 1)
    for value in [Value.text(largest + "x"), .list([.null, .text(largest + "x")])] {
      #expect(throws: error) { try ann.put(1, value, on: note) }
      #expect(throws: error) { try ann.add(2, value, on: note) }
    }
    #expect(try ann.log().count == 1)
  }

  @Test func aCommandThatFailsLeavesNothingBehind() throws {
    try ann.put(1, .int(1), on: note)
    let before = try ann.picture()
    #expect(throws: FormatError.tooLarge(limit: Changeset.maximumSize)) {
      try ann.commit(
        Operation(entity: note, kind: 1, .add(2, .int(1))),
        Operation(entity: note, kind: 1, .add(2, .bytes(Array(repeating: 1, count: 1_600_000)))))
    }
    #expect(try ann.picture() == before)
    #expect(try ann.log().count == 1)
    try ann.replica.checkLog()
    try ann.put(1, .int(2), on: note)
    try ben.replica.receive(ann.log())
    #expect(try ben.picture() == ann.picture())
  }
}
