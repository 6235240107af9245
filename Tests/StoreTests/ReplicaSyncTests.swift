import ChangeLog
import SQLite
import Testing

@testable import ReplicaStore

/// Sync with a server that forgets, over lines that break.
@Suite struct ReplicaSyncTests {
  private let note = EntityID(high: 1, low: 1)
  private let server = ReplicaServer()

  private func devices(_ count: UInt64) throws -> [TestReplica] {
    try (1...count).map { try TestReplica($0) }
  }

  // MARK: Every day

  @Test func devicesAreLevelAfterASync() async throws {
    let all = try devices(3)
    for (index, one) in all.enumerated() {
      try one.put(1, .int(Int64(index)), on: note)
      try one.put(2, .int(Int64(index)), on: note)
    }
    let first = try await all[0].sync(server)
    #expect(first.sent == 2 && first.received == 0 && first.exchanges == 1)
    let second = try await all[1].sync(server)
    #expect(second.sent == 2 && second.received == 2 && second.exchanges == 1)
    #expect(second.writers == [try all[0].identity.head.writer])
    try await all[2].sync(server)
    for one in all { try await one.sync(server) }
    try await expectLevel(all, server)
    #expect(try Set(all[0].values(1, of: note)) == [.int(0), .int(1), .int(2)])
    let idle = try await all[0].sync(server)
    #expect(idle.sent == 0 && idle.received == 0 && idle.exchanges == 1)
  }

  @Test func aLongBacklogComesPageByPageAndGoesUpOnce() async throws {
    let all = try devices(2)
    for number in 0..<150 { try all[0].put(1, .int(Int64(number)), on: note) }
    #expect(try await all[0].sync(server).sent == 150)
    for number in 0..<5 { try all[1].put(2, .int(Int64(number)), on: note) }
    let before = await server.pushed
    let report = try await all[1].sync(server, pageSize: 1)
    #expect(report.sent == 5 && report.received == 150 && report.exchanges == 155)
    #expect(await server.pushed - before == 5)
    let back = try await all[0].sync(server, pageSize: 1)
    #expect(back.sent == 0 && back.received == 5 && back.exchanges == 5)
    try await expectLevel(all, server)
  }

  @Test func pagesOfWhatIsKnownAlreadyAreNoStandstill() async throws {
    let all = try devices(2)
    for number in 0..<150 { try all[0].put(1, .int(Int64(number)), on: note) }
    // By another way than the server.
    try all[1].replica.receive(all[0].log())
    try await all[0].sync(server)
    let report = try await all[1].sync(server, pageSize: 1)
    #expect(report.sent == 150 && report.received == 0)
    try await expectLevel(all, server)
  }

  @Test func moreThanOneRequestCanHoldGoesUpInSeveral() async throws {
    let all = try devices(2)
    let long = Value.bytes(Array(repeating: 1, count: 1_400_000))
    for number in 0..<3 { try all[0].put(FieldNumber(number), long, on: note) }
    let report = try await all[0].sync(server)
    #expect(report.sent == 3 && report.exchanges == 3)
    #expect(await server.pushed == 3)
    try await all[1].sync(server)
    try await expectLevel(all, server)
  }

  // MARK: Lines that break

  @Test(arguments: [1, 2, 3, 4, 5, 6], [true, false])
  func aLineCutAtAnyExchangeCostsARetryAndNothingElse(number: Int, isAnswer: Bool) async throws {
    let all = try devices(2)
    for number in 0..<3 { try all[0].put(1, .int(Int64(number)), on: note) }
    for number in 0..<3 { try all[1].put(2, .int(Int64(number)), on: note) }
    try await all[0].sync(server)
    if isAnswer { await server.lose(answer: number) } else { await server.lose(request: number) }
    var failures = 0
    for one in [all[1], all[0], all[1]] {
      do { try await one.sync(server, pageSize: 1) } catch is ReplicaServer.LineIsCut {
        failures += 1
        try await one.sync(server, pageSize: 1)
      }
    }
    #expect(failures == 1)
    #expect(try await server.changesets.count == 6)
    try await expectLevel(all, server)
  }

  @Test func anAnswerThatComesTwiceOrHoursLaterChangesNothing() async throws {
    let all = try devices(2)
    try all[0].put(1, .int(1), on: note)
    let request = try all[0].replica.nextRequest()
    let response = try await server.answer(request, from: "ann")
    try await all[0].sync(server, as: "ann")
    try all[0].put(1, .int(2), on: note)
    try await all[0].sync(server, as: "ann")
    let before = try (all[0].picture(), all[0].log(), all[0].positions())
    _ = try? all[0].replica.take(response, to: request)
    #expect(try all[0].picture() == before.0)
    #expect(try all[0].log() == before.1)
    try await all[0].sync(server, as: "ann")
    #expect(try all[0].positions() == before.2)
    try await expectLevel([all[0]], server)
  }

  @Test func anAnswerWithAnyByteChangedIsRefusedOrMakesNoDifference() async throws {
    let all = try devices(2)
    try all[1].put(1, .text("Ben's"), on: note)
    try await all[1].sync(server)
    try all[0].put(1, .text("Ann's"), on: note)
    try await all[0].sync(server)
    try all[0].put(2, .text("more"), on: note)
    try all[1].put(2, .text("else"), on: note)
    try await all[1].sync(server)
    let request = try all[0].replica.nextRequest()
    let good = try await server.answer(request, from: "ann").encoded
    let before = try Outcome(all[0])
    let expected = try #require(try outcome(good, request, all[0]))
    #expect(expected.log.count == 4 && expected.unsent == 0)
    var refused = 0
    for index in good.indices {
      for bit in [1, 0x80] as [UInt8] {
        var bytes = good
        bytes[index] ^= bit
        let outcome = try outcome(bytes, request, all[0])
        if outcome == nil { refused += 1 }
        #expect(outcome == nil || outcome == expected, "byte \(index)")
        // An answer that was not taken leaves nothing behind.
        let isUntouched = try Outcome(all[0]) == before
        #expect(isUntouched, "byte \(index)")
      }
    }
    #expect(refused > good.count)
  }

  private struct Outcome: Equatable {
    let picture: ReplicaPicture
    let log: [Changeset]
    let positions: [ChangesetID: Int]
    let unsent: Int

    init(_ one: TestReplica) throws {
      picture = try one.picture()
      log = try one.log()
      positions = try one.positions()
      unsent = try one.replica.unsentCount()
    }
  }

  private struct TakeBack: Error {}

  /// What an answer would lead to; nil when it is refused. The replica stays as it is.
  private func outcome(
    _ bytes: [UInt8], _ request: SyncRequest, _ one: TestReplica
  ) throws -> Outcome? {
    var outcome: Outcome?
    try? one.replica.connection.transaction {
      let response = try SyncResponse(decoding: bytes)
      // Whoever can change an answer can say that this store was copied; it then takes another name.
      _ = try one.replica.becomeNewWriterIfForked(response, to: request)
      _ = try one.replica.take(response, to: request)
      outcome = try Outcome(one)
      throw TakeBack()
    }
    return outcome
  }

  // MARK: Servers that forget

  @Test(arguments: 0...6)
  func aServerRolledBackToAnyPointIsGivenEverythingBack(position: Int) async throws {
    let all = try devices(3)
    for one in all {
      for number in 0..<2 { try one.put(1, .int(Int64(number)), on: note) }
      try await one.sync(server)
    }
    for one in all { try await one.sync(server) }
    let written = Set(try await server.changesets)
    #expect(written.count == 6)
    try await server.rollBack(to: position)
    let report = try await all[2].sync(server)
    #expect(report.givenBack == 6 - position)
    #expect(Set(try await server.changesets) == written)
    for one in all { try await one.sync(server) }
    try await expectLevel(all, server)
  }

  @Test(arguments: 0...6)
  func aServerRolledBackAndWrittenToSinceLosesNeither(position: Int) async throws {
    let all = try devices(3)
    for one in all {
      for number in 0..<2 { try one.put(1, .int(Int64(number)), on: note) }
      try await one.sync(server)
    }
    for one in all { try await one.sync(server) }
    let written = Set(try await server.changesets)
    try await server.rollBack(to: position)
    let late = try TestReplica(9)
    try late.put(2, .text("late"), on: note)
    try await late.sync(server)
    try all[1].put(3, .text("unsent"), on: note)
    for one in all + [late] { try await one.sync(server) }
    for one in all + [late] { try await one.sync(server) }
    #expect(Set(try await server.changesets).isSuperset(of: written))
    #expect(try await server.changesets.count == 8)
    try await expectLevel(all + [late], server)
  }

  @Test func anEmptyServerInPlaceOfTheOldOneIsGivenEverything() async throws {
    let all = try devices(3)
    for one in all {
      for number in 0..<2 { try one.put(1, .int(Int64(number)), on: note) }
      try await one.sync(server)
    }
    for one in all { try await one.sync(server) }
    try all[0].put(4, .text("unsent"), on: note)
    let written = Set(try await server.changesets + all[0].log())
    await server.replace(by: 2)
    // One of them knows what the others wrote.
    #expect(try await all[0].sync(server).givenBack == 6)
    #expect(Set(try await server.changesets) == written)
    for one in all { try await one.sync(server) }
    try await expectLevel(all, server)
  }

  // MARK: Members who may not write

  @Test func aReadersEditsStayWithHimAndStopNothing() async throws {
    let all = try devices(2)
    await server.set(reader: all[1].key.publicKey, true)
    try all[0].put(1, .text("Ann's"), on: note)
    try await all[0].sync(server)
    for number in 0..<3 { try all[1].put(2, .int(Int64(number)), on: note) }
    let report = try await all[1].sync(server)
    #expect(report.received == 1 && report.sent == 0)
    #expect(report.refused.map(\.reason) == [.readOnly, .gap, .gap])
    #expect(try all[1].replica.refused().map(\.id) == all[1].log().prefix(3).map(\.id))
    #expect(try all[1].replica.unsentCount() == 0)
    #expect(try all[1].values(2, of: note) == [.int(2)])
    // Later edits neither.
    try all[1].put(2, .int(3), on: note)
    #expect(try await all[1].sync(server).refused.map(\.reason) == [.readOnly, .gap, .gap, .gap])
    #expect(try all[1].replica.refused().count == 4)
    // Once he may write, all of it goes up.
    await server.set(reader: all[1].key.publicKey, false)
    #expect(try await all[1].sync(server).sent == 4)
    try await all[0].sync(server)
    try await expectLevel(all, server)
  }

  @Test func aDeviceThatIsNotEnrolledYetSendsItsEditsLater() async throws {
    let all = try devices(1)
    await server.set(stranger: all[0].key.publicKey, true)
    for number in 0..<3 { try all[0].put(1, .int(Int64(number)), on: note) }
    #expect(try await all[0].sync(server).refused.map(\.reason) == [.notEnrolled, .gap, .gap])
    await server.set(stranger: all[0].key.publicKey, false)
    #expect(try await all[0].sync(server).sent == 3)
    try await expectLevel(all, server)
  }
}
