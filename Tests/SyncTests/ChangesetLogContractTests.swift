import ChangeLog
import Testing

@Suite("Every log keeps the contract")
struct ChangesetLogContractTests {
  @Test("An empty log begins at position 0 with a zero hash", arguments: LogBody.allCases)
  func empty(body: LogBody) throws {
    let log = try body.make()
    let start = Cursor(log: LogBody.id, position: 0, hash: .zero)
    #expect(try log.head() == start)
    #expect(try log.cursor(at: 0) == start)
    #expect(try log.cursor(at: 1) == nil)
    #expect(try log.entries(after: 0, limit: 100).isEmpty)
  }

  @Test("Positions have no gaps and the hash runs", arguments: LogBody.allCases)
  func positions(body: LogBody) throws {
    let log = try body.make()
    var ann = try Author(1)
    var bob = try Author(2)
    let all = try ann.write(count: 3) + bob.write(count: 2)
    let response = try log.exchange(all)
    #expect(response.verdicts == (1...5).map { .accepted(position: $0) })
    var expected = Cursor(log: LogBody.id, position: 0, hash: .zero)
    for changeset in all {
      expected = expected.advanced(over: changeset.id)
      #expect(try log.cursor(at: expected.position) == expected)
      #expect(try log.position(of: changeset.id) == expected.position)
    }
    #expect(response.head == expected)
    #expect(try log.head() == expected)
    #expect(try log.writer(ann.head.writer) == LogWriter(key: ann.key.publicKey, head: ann.head))
    #expect(try log.writer(bob.head.writer) == LogWriter(key: bob.key.publicKey, head: bob.head))
    let entries = try log.entries(after: 1, limit: 1 << 20)
    #expect(entries.map(\.bytes) == all.dropFirst().map(\.bytes))
    #expect(entries.map(\.position) == [2, 3, 4, 5])
  }

  @Test("What is pushed again keeps its position", arguments: LogBody.allCases)
  func repeated(body: LogBody) throws {
    let log = try body.make()
    var ann = try Author(1)
    let all = try ann.write(count: 3)
    let first = try log.exchange(all)
    let second = try log.exchange(all)
    #expect(second.verdicts == first.verdicts)
    #expect(second.head == first.head)
    // Twice in one request, too.
    let next = try ann.write()
    let third = try log.exchange([next, next])
    #expect(third.verdicts == [.accepted(position: 4), .accepted(position: 4)])
    #expect(try log.head().position == 4)
  }

  @Test("The answer names what the log holds of the asking writer", arguments: LogBody.allCases)
  func ownHead(body: LogBody) throws {
    let log = try body.make()
    var ann = try Author(1)
    #expect(try log.exchange(own: ann.head).own == ann.head)
    _ = try log.exchange(try ann.write(count: 2), own: ann.head)
    let restored = WriterHead(writer: ann.head.writer, sequence: 0, id: .zero)
    #expect(try log.exchange(own: restored).own == ann.head)
  }

  @Test("Nothing of a failed transaction stays", arguments: LogBody.allCases)
  func rollback(body: LogBody) throws {
    struct Stop: Error {}
    let log = try body.make()
    var ann = try Author(1)
    _ = try log.exchange([try ann.write()])
    let before = try log.head()
    let known = try log.writer(ann.head.writer)
    let lost = try ann.write()
    #expect(throws: Stop.self) {
      try log.transaction {
        try log.append(lost, from: "v-1")
        throw Stop()
      }
    }
    #expect(try log.head() == before)
    #expect(try log.position(of: lost.id) == nil)
    #expect(try log.writer(ann.head.writer) == known)
    // The position is free again.
    #expect(try log.exchange([lost]).verdicts == [.accepted(position: 2)])
  }

  @Test("A failing gate keeps the whole request out", arguments: LogBody.allCases)
  func failingGate(body: LogBody) throws {
    struct Stop: Error {}
    let log = try body.make()
    var ann = try Author(1)
    var bob = try Author(2)
    let all = [try ann.write(), try bob.write()]
    #expect(throws: Stop.self) {
      try log.exchange(all) { key, _ in
        if key == bob.key.publicKey { throw Stop() }
        return nil
      }
    }
    #expect(try log.head().position == 0)
  }

  @Test("All bodies give the same bytes for the same history")
  func sameBytes() throws {
    func history(_ log: any ChangesetLog) throws -> [[UInt8]] {
      var ann = try Author(1)
      var bob = try Author(2)
      var answers: [SyncResponse] = []
      answers.append(try log.exchange(try ann.write(count: 5, size: 300), from: "v-a"))
      answers.append(try log.exchange(try bob.write(count: 2), from: "v-b", pageSize: 500))
      _ = try ann.write()
      answers.append(try log.exchange([try ann.write(), try bob.write()], from: "v-a"))
      let second = try #require(try log.cursor(at: 2))
      answers.append(try log.exchange(from: "v-a", cursor: second))
      let foreign = Cursor(log: LogBody.id, position: 3, hash: Digest(of: [1]))
      answers.append(try log.exchange(cursor: foreign))
      return answers.map(\.encoded)
    }
    let answers = try LogBody.allCases.map { try history(try $0.make()) }
    #expect(Set(answers).count == 1)
  }
}
