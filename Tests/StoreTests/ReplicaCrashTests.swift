import ChangeLog
import ReplicaStore
import SQLite
import Testing

/// A machine that stops at any moment, and two programs on one file.
@Suite struct ReplicaCrashTests {
  private let note = EntityID(high: 1, low: 1)
  private let folder: TestFolder

  init() throws { folder = try TestFolder() }

  /// The files as a machine that stopped now would leave them.
  private func copy(_ path: String, to name: String) throws -> String {
    let target = folder.path + "/" + name
    for suffix in ["", "-journal"] where Files.exists(path + suffix) {
      try Files.writePrivately(try Files.read(path + suffix)!, to: target + suffix)
    }
    return target
  }

  private func integrity(_ connection: Connection) throws -> String? {
    try connection.first("PRAGMA integrity_check") { $0.text(0) }
  }

  @Test func aCrashInTheMiddleOfACommandLeavesWhatWasAcknowledgedAndNothingElse() throws {
    let path = folder.path + "/a"
    let one = try TestReplica(1, path: path)
    // A small cache: pages reach the file before the commit, as with a command larger than the memory.
    try one.replica.connection.execute("PRAGMA cache_size = 2; PRAGMA cache_spill = 2")
    var dice = ReplicaDice(1)
    var crashes = 0
    var hot = 0
    for round in 0..<50 {
      let acknowledged = try one.log()
      let picture = try one.picture()
      struct Stop: Error {}
      let isCommitted = dice.chance(30)
      try? one.replica.connection.transaction {
        for _ in 0...dice.below(4) {
          let text = String(repeating: "x", count: 1 + dice.below(9000))
          try one.put(
            FieldNumber(dice.below(3)), .text(text), on: EntityID(high: 0, low: dice.next()))
        }
        let crashed = try TestReplica(
          1, life: UInt64(round), path: try copy(path, to: "crashed-\(round)"))
        crashes += 1
        if Files.exists(path + "-journal") { hot += 1 }
        #expect(try integrity(crashed.replica.connection) == "ok")
        #expect(try crashed.log() == acknowledged)
        #expect(try crashed.picture() == picture)
        try crashed.replica.checkLog()
        // It goes on where it stood.
        try crashed.put(9, .int(Int64(round)), on: note)
        #expect(try crashed.log().count == acknowledged.count + 1)
        if !isCommitted { throw Stop() }
      }
      #expect(try one.log().count > acknowledged.count || !isCommitted)
    }
    #expect(crashes == 50 && hot > 25)
    try one.replica.checkLog()
    #expect(try one.replica.deviations() == [])
  }

  @Test func aCrashInTheMiddleOfAnExchangeLeavesTheCursorWhereItWas() async throws {
    let server = ReplicaServer()
    let other = try TestReplica(2)
    for number in 0..<5 { try other.put(1, .int(Int64(number)), on: note) }
    try await other.sync(server)
    let path = folder.path + "/a"
    let one = try TestReplica(1, path: path)
    try one.put(2, .text("mine"), on: note)
    try one.replica.connection.execute("PRAGMA cache_size = 2; PRAGMA cache_spill = 2")
    let before = try (one.identity.cursor, one.log(), one.picture())
    let request = try one.replica.nextRequest()
    let response = try await server.answer(request, from: "ann")
    var copied = ""
    try one.replica.connection.transaction {
      _ = try one.replica.take(response, to: request)
      copied = try copy(path, to: "crashed")
    }
    let crashed = try TestReplica(1, path: copied)
    #expect(try crashed.identity.cursor == before.0)
    #expect(try crashed.log() == before.1)
    #expect(try crashed.picture() == before.2)
    // The answer was lost with the machine: the next exchange brings it again.
    let report = try await crashed.sync(server, as: "ann")
    #expect(report.sent == 1 && report.received == 5 && report.reissued == nil)
    #expect(try crashed.picture() == one.picture())
    #expect(try crashed.positions() == one.positions())
    #expect(try await server.changesets.count == 6)
  }

  @Test func twoConnectionsThatTakeTurnsContinueOneChain() throws {
    let path = folder.path + "/a"
    let all = try [TestReplica(1, path: path), TestReplica(1, life: 1, path: path)]
    for number in 0..<40 { try all[number % 2].put(1, .int(Int64(number)), on: note) }
    for one in all {
      #expect(try one.log().map(\.header.sequence) == Array(1...40))
      #expect(try one.values(1, of: note) == [.int(39)])
      #expect(try one.replica.deviations() == [])
      try one.replica.checkLog()
    }
  }

  @Test func twoThreadsOnOneFileLoseNoChangesets() async throws {
    let path = folder.path + "/a"
    let first = try TestReplica(1, path: path)
    let acknowledged = try await withThrowingTaskGroup(of: Set<ChangesetID>.self) { group in
      for life in 1...2 as ClosedRange<UInt64> {
        group.addTask {
          let one = try TestReplica(1, life: life, path: path)
          var acknowledged: Set<ChangesetID> = []
          for number in 0..<60 {
            let logged = try one.replica.connection.transaction {
              try one.put(
                1, .int(Int64(life) * 1000 + Int64(number)), on: EntityID(high: 1, low: 1))
            }
            acknowledged.insert(logged.changeset.id)
          }
          return acknowledged
        }
      }
      return try await group.reduce(into: Set<ChangesetID>()) { $0.formUnion($1) }
    }
    #expect(acknowledged.count == 120)
    let log = try first.log()
    #expect(Set(log.map(\.id)) == acknowledged)
    #expect(log.map(\.header.sequence) == Array(1...120))
    // Each saw what the other had written: no siblings.
    #expect(try first.values(1, of: note).count == 1)
    #expect(try first.replica.review().isEmpty)
    #expect(try first.replica.deviations() == [])
    #expect(try integrity(first.replica.connection) == "ok")
    try first.replica.checkLog()
  }
}
