import ChangeLog
import SQLite
import Testing

@testable import ReplicaStore

/// Sync with a server that forgets, over lines that break, of devices that are copied.
@Suite struct ReplicaSyncTests {
  private let note = EntityID(high: 1, low: 1)
  private let server = ReplicaServer()

  private func devices(_ count: UInt64) throws -> [TestReplica] {
    try (1...count).map { try TestReplica($0) }
  }

  /// All hold what the server holds, at the same places, and say so.
  private func expectLevel(_ all: [TestReplica], _ server: ReplicaServer) async throws {
    let changesets = try await server.changesets
    let head = await server.head
    let positions = Dictionary(
      uniqueKeysWithValues: changesets.enumerated().map { ($1.id, $0 + 1) })
    let picture = try ReplicaPicture(of: changesets)
    for one in all {
      #expect(try one.identity.cursor == head)
      #expect(try one.positions() == positions)
      #expect(try Set(one.log()) == Set(changesets))
      #expect(try one.picture() == picture)
      #expect(try one.replica.unsentCount() == 0)
      #expect(try one.replica.waitingCount() == 0)
      #expect(try one.replica.refused().isEmpty)
      #expect(try one.quarantine().isEmpty)
      #expect(try one.replica.deviations() == [])
      try one.replica.checkLog()
    }
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

  // MARK: Devices that are copied

  @Test(arguments: [true, false])
  func aDeviceRestoredFromABackupBecomesANewWriterAndLosesNothing(isEdited: Bool) async throws {
    let folder = try TestFolder()
    let other = try TestReplica(2)
    let device = try TestReplica(1, path: folder.path + "/a")
    try device.put(1, .text("sent before the backup"), on: note)
    try await device.sync(server)
    try device.put(2, .text("sent after the backup"), on: note)
    try device.replica.connection.backup(to: folder.path + "/b")
    try device.put(3, .text("written after the backup"), on: note)
    try device.put(2, .text("newer"), on: note)
    try await device.sync(server)
    try await other.sync(server)

    let restored = try TestReplica(1, life: 1, path: folder.path + "/b")
    let name = try restored.identity.head.writer
    #expect(try name == device.identity.head.writer)
    if isEdited { try restored.put(4, .text("edited after the restoration"), on: note) }
    let report = try await restored.sync(server)
    #expect(report.reissued == (isEdited ? 1 : 0))
    #expect(try restored.identity.head.writer != name)
    try restored.put(5, .text("under the new name"), on: note)
    try await restored.sync(server)
    try await other.sync(server)
    try await expectLevel([restored, other], server)
    for one in [restored, other] {
      #expect(try one.values(1, of: note) == [.text("sent before the backup")])
      #expect(try one.values(2, of: note) == [.text("newer")])
      #expect(try one.values(3, of: note) == [.text("written after the backup")])
      #expect(
        try one.values(4, of: note) == (isEdited ? [.text("edited after the restoration")] : []))
      #expect(try one.values(5, of: note) == [.text("under the new name")])
      #expect(try one.replica.review().isEmpty)
    }
  }

  @Test func aRestoredDeviceAndARolledBackServerGetEverythingThatAnybodyHas() async throws {
    let folder = try TestFolder()
    let other = try TestReplica(2)
    let device = try TestReplica(1, path: folder.path + "/a")
    try device.put(1, .text("first"), on: note)
    try await device.sync(server)
    try device.replica.connection.backup(to: folder.path + "/b")
    for number in 0..<4 { try device.put(2, .int(Int64(number)), on: note) }
    try await device.sync(server)
    try await other.sync(server)
    try await server.rollBack(to: 3)
    let restored = try TestReplica(1, life: 1, path: folder.path + "/b")
    try restored.put(3, .text("edited"), on: note)
    for one in [restored, other, restored] { try await one.sync(server) }
    try await expectLevel([restored, other], server)
    #expect(try other.values(2, of: note) == [.int(3)])
    #expect(try other.values(3, of: note) == [.text("edited")])
  }

  @Test func aColleagueOfARestoredDeviceFollowsTheServerAndKeepsTheLostBranch() async throws {
    let folder = try TestFolder()
    let other = try TestReplica(2)
    let device = try TestReplica(1, path: folder.path + "/a")
    try device.put(1, .text("first"), on: note)
    try await device.sync(server)
    try device.replica.connection.backup(to: folder.path + "/b")
    try device.put(1, .text("lost"), on: note)
    try await device.sync(server)
    try await other.sync(server)
    try other.put(1, .text("after what was lost"), on: note)
    // Server and device both go back to the night before, and the device writes on.
    try await server.rollBack(to: 1)
    let restored = try TestReplica(1, life: 1, path: folder.path + "/b")
    try restored.put(2, .text("written on"), on: note)
    try restored.put(2, .text("and on"), on: note)
    try await restored.sync(server)
    let lost = try #require(try device.replica.latest(1).first).changeset
    for one in [other, restored, other] { try await one.sync(server) }
    #expect(try other.log().count == 4)
    #expect(try other.picture() == restored.picture())
    #expect(try Set(other.log()) == Set(restored.log()))
    #expect(try other.quarantine() == [lost.id: .forked])
    #expect(try other.values(2, of: note) == [.text("and on")])
    #expect(try other.replica.unsentCount() == 0)
    #expect(try other.replica.deviations() == [])
    try other.replica.checkLog()
    // The device as it was before, once it is back, writes its branch again.
    #expect(try await device.sync(server).reissued == 1)
    try await other.sync(server)
    #expect(try other.picture() == device.picture())
    #expect(try other.values(1, of: note).contains(.text("lost")))
  }

  @Test func aDeviceAndItsCloneBothWriteAndNeitherLosesAnything() async throws {
    let folder = try TestFolder()
    let device = try TestReplica(1, path: folder.path + "/a")
    try device.put(1, .text("shared"), on: note)
    try await device.sync(server)
    try device.put(2, .text("shared, unsent"), on: note)
    try device.replica.connection.backup(to: folder.path + "/b")
    let clone = try TestReplica(1, life: 1, path: folder.path + "/b")
    for number in 0..<3 {
      try device.put(3, .int(Int64(number)), on: note)
      try clone.put(4, .int(Int64(number)), on: note)
    }
    let edit = try #require(try clone.replica.latest(1).first)
    #expect(try await device.sync(server).reissued == nil)
    #expect(try await clone.sync(server).reissued == 3)
    #expect(try await device.sync(server).reissued == nil)
    try await expectLevel([device, clone], server)
    #expect(try device.identity.head.writer != clone.identity.head.writer)
    #expect(try device.values(2, of: note) == [.text("shared, unsent")])
    #expect(try device.values(3, of: note) == [.int(2)])
    #expect(try device.values(4, of: note) == [.int(2)])
    #expect(try device.replica.review().isEmpty)
    // Written again with the words and the time of day they had.
    let again = try #require(try clone.replica.latest(1, onlyOwn: true).first)
    #expect(again.body.intent == edit.body.intent)
    #expect(again.changeset.header.clock == edit.changeset.header.clock)
  }

  // MARK: Entering a workspace

  @Test func whatWasWrittenAloneIsWrittenAgainInTheWorkspaceAndCanStillBeUndone() async throws {
    let own = WorkspaceID(high: 3, low: 3)
    let device = try TestReplica(1, workspace: own)
    let other = try TestReplica(2)
    try other.put(9, .text("theirs"), on: note)
    try await other.sync(server)

    let record = EntityID(high: 5, low: 5)
    try device.put(1, .text("title"), on: record)
    let edit = try device.put(1, .text("new title"), on: record)
    let undo = try #require(try device.undo(edit).undo)
    try device.add(3, .text("topic"), on: record)
    try device.remove(3, .text("topic"), from: record)
    let gone = EntityID(high: 6, low: 6)
    try device.put(1, .text("gone"), on: gone)
    let deletion = try device.delete(gone)
    let clocks = try device.log().map(\.header.clock)
    let before = try device.replica.latest(20).map(\.body.intent)
    #expect(undo.body.undoes == edit.changeset.id)
    #expect(try device.replica.state(of: gone)?.isDeleted == true)
    device.wall += 86_400_000

    try device.replica.join(TestReplica.workspace)
    #expect(try device.replica.latest(20).map(\.body.intent) == before)
    #expect(try device.log().map(\.header.clock) == clocks)
    #expect(try device.log().allSatisfy { $0.header.workspace == TestReplica.workspace })
    #expect(try device.values(1, of: record) == [.text("title")])
    #expect(try device.values(3, of: record) == [])
    #expect(try device.replica.state(of: gone)?.isDeleted == true)
    #expect(try device.replica.deviations() == [])

    let logged = try device.replica.latest(20).reversed().map { $0 }
    #expect(logged[2].body.undoes == logged[1].changeset.id)
    try device.undo(logged[2])
    #expect(try device.values(1, of: record) == [.text("new title")])
    #expect(logged.last?.body.intent == deletion.body.intent)
    try device.undo(try #require(logged.last))
    #expect(try device.replica.state(of: gone)?.isDeleted == false)

    try await device.sync(server)
    try await other.sync(server)
    try await expectLevel([device, other], server)
    #expect(throws: ReplicaError.alreadyJoined) { try device.replica.join(own) }
  }

  @Test func enteringGivesARecordTheNameItHasThere() throws {
    let device = try TestReplica(1, workspace: WorkspaceID(high: 3, low: 3))
    let me = EntityID(high: 5, low: 5)
    let there = EntityID(high: 6, low: 6)
    try device.put(1, .text("Ann"), on: me)
    try device.put(2, .list([.entity(me), .text("wrote")]), on: note)
    try device.replica.join(TestReplica.workspace, renaming: [me: there])
    #expect(try device.replica.state(of: me) == nil)
    #expect(try device.values(1, of: there) == [.text("Ann")])
    #expect(try device.values(2, of: note) == [.list([.entity(there), .text("wrote")])])
  }
}
