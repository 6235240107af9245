import ChangeLog
import CrashDisk
import ReplicaStore
import SQLite
import Testing

import class Foundation.ProcessInfo

/// Power that goes at every operation of the disk, each time with many ways of what survives.
@Suite struct PowerLossTests {
  /// How many damages a point of time is tried with.
  private static let damages =
    ProcessInfo.processInfo.environment["DAMAGES"].flatMap(UInt64.init) ?? 30
  private let note = EntityID(high: 1, low: 1)

  private func open(_ disk: CrashDisk, life: UInt64 = 0) throws -> TestReplica {
    try TestReplica(1, life: life, path: "a.db", vfs: disk.vfs)
  }

  /// What must be the same before and after, or wholly the one or the other.
  private struct Whole: Equatable {
    let log: [Changeset]
    let picture: ReplicaPicture
    let cursor: Cursor
    let unsent: Int

    init(_ one: TestReplica) throws {
      log = try one.log()
      picture = try one.picture()
      cursor = try one.identity.cursor
      unsent = try one.replica.unsentCount()
    }
  }

  /// What was found at the states a disk can be in after power loss.
  private struct Findings {
    var states = 0
    var faults: [String] = []
  }

  /// Runs `work` again and again, with power that goes one operation later each time.
  private func crash(
    _ base: CrashDisk, damages: UInt64 = damages, work: (TestReplica) throws -> Void
  ) throws -> Findings {
    let before = try Whole(open(base.copy()))
    let finished = base.copy()
    try work(open(finished))
    let after = try Whole(open(finished))
    #expect(before != after, "it changes nothing")
    var findings = Findings()
    for point in 1...500 {
      let disk = base.copy()
      let one = try open(disk)
      disk.fault = (.powerLoss, disk.operations + point)
      var isAcknowledged = false
      do {
        try work(one)
        isAcknowledged = true
      } catch { #expect(disk.isOff, "point \(point): \(error)") }
      for damage in 0...damages {
        var dice = ReplicaDice(damage << 32 | UInt64(point))
        let restarted = disk.restarted(damage: damage == 0 ? nil : { dice.next() })
        findings.states += 1
        do {
          let fault = try fault(
            of: restarted, isAcknowledged ? [after] : [before, after], goesOn: damage % 5 == 0)
          if let fault { findings.faults.append("point \(point), damage \(damage): \(fault)") }
        } catch { findings.faults.append("point \(point), damage \(damage): \(error)") }
      }
      if !disk.isOff { return findings }
    }
    Issue.record("it does not end")
    return findings
  }

  /// What is wrong with a store that was opened again; nil when nothing is.
  private func fault(of disk: CrashDisk, _ allowed: [Whole], goesOn: Bool) throws -> String? {
    let one = try open(disk, life: 1)
    let found = try Whole(one)
    guard allowed.contains(found) else { return "neither before nor after" }
    guard
      try one.replica.connection.first("PRAGMA integrity_check", row: { $0.text(0) }) == "ok"
    else { return "not sound" }
    try one.replica.checkLog()
    guard goesOn else { return nil }
    guard try one.replica.deviations().isEmpty else { return "log and state differ" }
    try one.put(8, .int(1), on: note)
    return try one.log().count == found.log.count + 1 ? nil : "does not go on"
  }

  private func expectWholeOrNothing(
    _ base: CrashDisk, work: (TestReplica) throws -> Void
  ) throws -> Int {
    let findings = try crash(base, work: work)
    #expect(findings.faults == [])
    return findings.states
  }

  @Test func aCommandIsWhollyThereOrWhollyAbsent() throws {
    let base = CrashDisk()
    let one = try open(base)
    for number in 0..<5 as Range<Int64> { try one.put(1, .int(number), on: note) }
    var states = try expectWholeOrNothing(base) { one in
      try one.put(2, .text("what was promised"), on: note)
    }
    states += try expectWholeOrNothing(base) { one in
      try one.put(2, .text(String(repeating: "long ", count: 5000)), on: note)
    }
    states += try expectWholeOrNothing(base) { one in
      try one.replica.connection.transaction {
        try one.put(2, .text("one"), on: note)
        try one.delete(note)
      }
    }
    print("crash states of commands: \(states)")
    #expect(states > 10 * Self.damages)
  }

  /// Pages that reach the file before the commit, as with a command larger than the memory.
  @Test func aCommandLargerThanTheMemoryIsWhollyThereOrWhollyAbsent() throws {
    let base = CrashDisk()
    _ = try open(base)
    let states = try expectWholeOrNothing(base) { one in
      try one.replica.connection.execute("PRAGMA cache_size = 2; PRAGMA cache_spill = 2")
      try one.replica.connection.transaction {
        for number in 0..<4 as Range<UInt64> {
          try one.put(
            1, .text(String(repeating: "x", count: 3000)), on: EntityID(high: 5, low: number))
        }
      }
    }
    print("crash states of a large command: \(states)")
    #expect(states > 10 * Self.damages)
  }

  @Test func anExchangeIsWhollyThereOrWhollyAbsent() async throws {
    let server = ReplicaServer()
    let other = try TestReplica(2)
    for number in 0..<5 as Range<Int64> { try other.put(1, .int(number), on: note) }
    try await other.sync(server)
    let base = CrashDisk()
    let one = try open(base)
    try one.put(2, .text("mine"), on: note)
    let request = try one.replica.nextRequest()
    let response = try await server.answer(request, from: "ann")
    let states = try expectWholeOrNothing(base) { one in
      _ = try one.replica.take(response, to: request)
    }
    print("crash states of an exchange: \(states)")
    #expect(states > 10 * Self.damages)
  }

  @Test func joiningAWorkspaceIsWhollyThereOrWhollyAbsent() throws {
    let base = CrashDisk()
    let one = try open(base)
    for number in 0..<3 as Range<Int64> { try one.put(1, .int(number), on: note) }
    let states = try expectWholeOrNothing(base) { one in
      try one.replica.join(WorkspaceID(high: 9, low: 9))
    }
    print("crash states of joining: \(states)")
    #expect(states > 10 * Self.damages)
  }

  @Test func makingAStoreIsWhollyDoneOrCanBeDoneAgain() throws {
    var states = 0
    var ended = false
    for point in 1...100 where !ended {
      let disk = CrashDisk()
      disk.fault = (.powerLoss, point)
      let isMade = (try? open(disk)) != nil
      ended = !disk.isOff
      for damage in 0...Self.damages {
        var dice = ReplicaDice(damage << 32 | UInt64(point))
        let restarted = disk.restarted(damage: damage == 0 ? nil : { dice.next() })
        if isMade {
          let connection = try Connection(path: "a.db", mode: .readWrite, vfs: restarted.vfs)
          try #require(try Replica.exists(in: connection))
        }
        let again = try open(restarted)
        try again.put(1, .int(1), on: note)
        try #require(try again.log().count == 1)
        states += 1
      }
    }
    #expect(ended && states > 5 * Self.damages)
  }

  @Test func aMigrationIsWhollyDoneOrNotBegun() throws {
    let one = Migrations(
      name: "test", steps: ["CREATE TABLE old (text TEXT) STRICT; INSERT INTO old VALUES ('kept')"])
    let two = Migrations(
      name: "test",
      steps: one.steps + [
        "CREATE TABLE new (text TEXT, size INTEGER) STRICT",
        "INSERT INTO new SELECT text, length(text) FROM old; DROP TABLE old",
      ])
    func open(_ disk: CrashDisk) throws -> Connection {
      let connection = try Connection(path: "a.db", vfs: disk.vfs)
      try Replica.configure(connection)
      return connection
    }
    let base = CrashDisk()
    try one.apply(to: open(base))
    var states = 0
    var ended = false
    for point in 1...100 where !ended {
      let disk = base.copy()
      let connection = try open(disk)
      disk.fault = (.powerLoss, disk.operations + point)
      let isDone = (try? two.apply(to: connection)) != nil
      ended = !disk.isOff
      for damage in 0...Self.damages {
        var dice = ReplicaDice(damage << 32 | UInt64(point))
        let restarted = try open(disk.restarted(damage: damage == 0 ? nil : { dice.next() }))
        let version = try two.version(in: restarted)
        try #require(isDone ? version == 3 : version == 1 || version == 3)
        let table = version == 1 ? "old" : "new"
        let text = try restarted.all("SELECT text FROM \(table)") { $0.text(0) }
        try #require(text == ["kept"])
        try two.apply(to: restarted)
        try #require(try restarted.all("SELECT size FROM new") { $0.int(0) } == [4])
        states += 1
      }
    }
    #expect(ended && states > 5 * Self.damages)
  }

  /// A store that trusts the disk too much: were this not found, the tests above would prove nothing.
  @Test(arguments: ["PRAGMA synchronous = OFF", "PRAGMA journal_mode = MEMORY"])
  func aStoreThatDoesNotWaitForTheDiskIsFound(_ carelessness: String) throws {
    let base = CrashDisk()
    for number in 0..<3 as Range<Int64> { try open(base).put(1, .int(number), on: note) }
    let findings = try crash(base, damages: 5) { one in
      try one.replica.connection.execute(carelessness)
      try one.put(2, .text(String(repeating: "long ", count: 5000)), on: note)
    }
    #expect(findings.faults.count > 5)
  }

  /// A disk that is full, or fails once or for ever: a clear error, and nothing of the command.
  @Test(arguments: [
    CrashDisk.Fault.full(isLasting: false), .full(isLasting: true), .failure(isLasting: false),
    .failure(isLasting: true),
  ])
  func aDiskThatDoesNotDoItLosesNothing(_ fault: CrashDisk.Fault) throws {
    let base = CrashDisk()
    for number in 0..<5 as Range<Int64> { try open(base).put(1, .int(number), on: note) }
    let before = try Whole(open(base.copy()))
    var refused = 0
    for point in 1...200 {
      let disk = base.copy()
      let one = try open(disk)
      disk.fault = (fault, disk.operations + point)
      let text = String(repeating: "words ", count: 1000)
      let logged = try? one.put(2, .text(text), on: note)
      let isReached = disk.operations >= disk.fault!.at
      if logged == nil { refused += 1 }
      disk.fault = nil
      // The program ends with the error; the next one finds all of it or nothing.
      let again = try open(disk, life: 1)
      let found = try Whole(again)
      #expect(logged == nil ? found == before || found.log.count == 6 : found.log.count == 6)
      try again.replica.checkLog()
      #expect(try again.replica.deviations() == [])
      try again.put(2, .text("after it"), on: note)
      #expect(try again.log().count == found.log.count + 1)
      if !isReached { break }
    }
    #expect(refused > 3)
  }
}
