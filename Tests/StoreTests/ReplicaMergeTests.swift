import ChangeLog
import ReplicaStore
import SQLite
import Testing

/// What becomes of edits whose authors did not know of each other.
@Suite struct ReplicaMergeTests {
  private let note = EntityID(high: 1, low: 1)
  private let ann: TestReplica
  private let ben: TestReplica
  private let cem: TestReplica

  init() throws {
    ann = try TestReplica(1)
    ben = try TestReplica(2)
    cem = try TestReplica(3)
  }

  /// Everybody gets everything.
  private func exchangeAll(_ all: [TestReplica]? = nil) throws {
    let all = all ?? [ann, ben, cem]
    let everything = try all.flatMap { try $0.log() }
    for one in all { try one.replica.receive(everything) }
  }

  private func expectSame(_ all: [TestReplica]? = nil) throws {
    let pictures = try (all ?? [ann, ben, cem]).map { try $0.picture() }
    #expect(Set(pictures.map(\.entities)).count == 1)
    #expect(Set(pictures.map(\.review)).count == 1)
    for one in all ?? [ann, ben, cem] { #expect(try one.replica.deviations() == []) }
  }

  @Test func twoEditsOfflineBothStayUntilALaterWriteSettlesThemEverywhere() throws {
    try ann.put(1, .text("first"), on: note)
    try exchangeAll()
    ann.wall += 5000
    try ann.put(1, .text("Ann's"), on: note)
    try ben.put(1, .text("Ben's"), on: note)
    try exchangeAll()
    for one in [ann, ben, cem] {
      #expect(try one.values(1, of: note) == [.text("Ben's"), .text("Ann's")])
      #expect(try one.replica.state(of: note)?[1]?.shown == .text("Ann's"))
      #expect(try one.picture().review == ["\(note) 1"])
    }
    try cem.put(1, .text("settled"), on: note)
    try exchangeAll()
    for one in [ann, ben, cem] {
      #expect(try one.values(1, of: note) == [.text("settled")])
      #expect(try one.picture().review == [])
    }
    try expectSame()
  }

  @Test func aSettlementThatSawOneOfTwoSiblingsLeavesTheOther() throws {
    try ann.put(1, .text("Ann's"), on: note)
    try ben.put(1, .text("Ben's"), on: note)
    try cem.replica.receive(ann.log())
    try cem.put(1, .text("after Ann's"), on: note)
    try exchangeAll()
    #expect(Set(try ann.values(1, of: note)) == [.text("Ben's"), .text("after Ann's")])
    try expectSame()
  }

  @Test func equalValuesWrittenApartAreNoConflict() throws {
    try ann.put(1, .text("same"), on: note)
    try ben.put(1, .text("same"), on: note)
    try exchangeAll()
    #expect(try cem.values(1, of: note) == [.text("same")])
    #expect(try cem.replica.review().isEmpty)
    try cem.put(1, .text("next"), on: note)
    try exchangeAll()
    #expect(try ann.values(1, of: note) == [.text("next")])
    try expectSame()
  }

  @Test func anAdditionWinsOverARemovalThatHadNotSeenIt() throws {
    try ann.add(3, .text("topic"), on: note)
    try exchangeAll()
    try ann.remove(3, .text("topic"), from: note)
    try ben.add(3, .text("topic"), on: note)
    try exchangeAll()
    #expect(try cem.values(3, of: note) == [.text("topic")])
    try cem.remove(3, .text("topic"), from: note)
    try exchangeAll()
    #expect(try ann.values(3, of: note) == [])
    try expectSame()
  }

  @Test func aDeletionLosesAgainstAnEditItHadNotSeenAndWaitsForReview() throws {
    try ann.put(1, .text("words"), on: note)
    try exchangeAll()
    try ann.delete(note)
    try ben.put(1, .text("newer words"), on: note)
    try exchangeAll()
    for one in [ann, ben, cem] {
      #expect(try one.replica.state(of: note)?.isResurrected == true)
      #expect(try one.values(1, of: note) == [.text("newer words")])
      #expect(try one.picture().review == ["\(note) deleted"])
    }
    try cem.delete(note)
    try exchangeAll()
    for one in [ann, ben, cem] {
      #expect(try one.replica.state(of: note)?.isDeleted == true)
      #expect(try one.picture().review == [])
    }
    try expectSame()
  }

  @Test func twoDeletionsNeedBothToBeTakenBack() throws {
    try ann.put(1, .text("words"), on: note)
    try exchangeAll()
    let deletion = try ann.delete(note)
    try ben.delete(note)
    try exchangeAll()
    try ann.undo(deletion)
    try exchangeAll()
    #expect(try cem.replica.state(of: note)?.isDeleted == true)
    try cem.commit(
      Operation(
        entity: note, kind: 1,
        .restore(try cem.replica.state(of: note)?.tombstones.map(\.id) ?? [])))
    try exchangeAll()
    #expect(try ann.replica.state(of: note)?.isDeleted == false)
    try expectSame()
  }

  // MARK: Clocks

  @Test(arguments: [10 * 365 * 86_400_000, -10 * 365 * 86_400_000])
  func aClockTenYearsOffNeitherBlocksNorDragsOthersAlong(offset: Int) throws {
    let now = ann.wall
    ann.wall = UInt64(Int(now) + offset)
    try ann.put(1, .text("from another decade"), on: note)
    try exchangeAll()
    let next = try ben.put(1, .text("today's"), on: note)
    #expect(next.changeset.header.clock.milliseconds == now)
    try exchangeAll()
    for one in [ann, ben, cem] { #expect(try one.values(1, of: note) == [.text("today's")]) }
    try ann.put(1, .text("again from another decade"), on: note)
    try exchangeAll()
    #expect(try cem.values(1, of: note) == [.text("again from another decade")])
    try expectSame()
  }

  @Test func aClockThatGoesBackNeverGivesAnEarlierTimestamp() throws {
    var last = Timestamp(rawValue: 0)
    for wall in [1_700_000_000_000, 0, 5, UInt64.max, 1 << 48, 0, 1_700_000_000_000] {
      ann.wall = wall
      let clock = try ann.put(1, .int(Int64(truncatingIfNeeded: wall)), on: note).changeset.header
        .clock
      #expect(clock > last)
      last = clock
    }
  }

  @Test func atTheEndOfTimeWritingGoesOn() throws {
    var clock = HybridClock(last: Timestamp(rawValue: .max - 1))
    #expect(clock.tick(wall: .max).rawValue == .max)
    #expect(clock.tick(wall: .max).rawValue == .max)
    clock.witness(Timestamp(rawValue: .max), wall: .max)
    #expect(clock.last.rawValue == .max)
  }

  // MARK: Causes

  @Test func aChangesetWhoseCausesAreMissingWaitsForThem() throws {
    try ann.put(1, .text("first"), on: note)
    try ben.replica.receive(ann.log())
    try ben.put(1, .text("second"), on: note)
    let second = try ben.log().filter { $0.header.writer != (try ann.identity.head.writer) }
    let early = try cem.replica.receive(second)
    #expect(early.applied == 0 && early.quarantined.isEmpty)
    #expect(try cem.replica.state(of: note) == nil)
    #expect(try cem.replica.waitingCount() == 1)
    let late = try cem.replica.receive(ann.log())
    #expect(late.applied == 2)
    #expect(late.writers == [try ann.identity.head.writer, try ben.identity.head.writer])
    #expect(try cem.values(1, of: note) == [.text("second")])
    #expect(try cem.replica.waitingCount() == 0)
    try expectSame([ben, cem])
  }

  @Test func aChangesetWaitsForWhatItsAuthorHadReadEvenIfItNamesNoneOfIt() throws {
    let topic = EntityID(high: 2, low: 2)
    try ann.put(1, .text("topic"), on: topic)
    try ben.replica.receive(ann.log())
    // It speaks of Ann's record; whoever reads it must be able to follow.
    let about = try ben.put(1, .entity(topic), on: note).changeset
    #expect(try cem.replica.receive([about]).applied == 0)
    #expect(try cem.replica.state(of: note) == nil)
    #expect(try cem.replica.receive(ann.log()).applied == 2)
    try expectSame([ben, cem])
  }

  @Test func aChangesetSaysHowFarItsAuthorHadReadTheOthersSinceItsLast() throws {
    func seen() throws -> [Header.Seen] { try ben.put(2, .null, on: note).changeset.header.seen }
    let writer = try ann.identity.head.writer
    try ann.put(1, .int(1), on: note)
    try ann.put(1, .int(2), on: note)
    #expect(try seen() == [])
    try ben.replica.receive(ann.log())
    #expect(try seen() == [Header.Seen(writer: writer, sequence: 2, id: ann.log()[1].id)])
    #expect(try seen() == [])
    try ann.put(1, .int(3), on: note)
    try ben.replica.receive(ann.log())
    #expect(try seen() == [Header.Seen(writer: writer, sequence: 3, id: ann.log()[2].id)])
  }

  @Test func aWritersChangesetsWaitForTheOneBeforeThem() throws {
    for number in 1...4 { try ann.put(1, .int(Int64(number)), on: note) }
    let log = try ann.log()
    for index in [3, 1, 2] {
      #expect(try ben.replica.receive([log[index]]).applied == 0)
    }
    #expect(try ben.replica.waitingCount() == 3)
    #expect(try ben.replica.receive([log[0]]).applied == 4)
    try expectSame([ann, ben])
  }

  @Test func thePartsOfOneCommandApplyTogetherOrNotAtAll() throws {
    let long = String(repeating: "x", count: 500_000)
    try ann.commit(
      Operation(entity: note, kind: 1, .put(1, .text(long), replacing: [])),
      Operation(entity: note, kind: 1, .put(2, .text(long), replacing: [])),
      Operation(entity: note, kind: 1, .put(3, .text("short"), replacing: [])))
    let parts = try ann.log()
    #expect(parts.map(\.header.isContinued) == [true, false])
    for order in [[0, 1], [1, 0]] {
      let one = try TestReplica(UInt64(10 + order[0]))
      #expect(try one.replica.receive([parts[order[0]]]).applied == 0)
      #expect(try one.replica.state(of: note) == nil)
      #expect(try one.replica.waitingCount() == 1)
      #expect(try one.replica.receive([parts[order[1]]]).applied == 2)
      #expect(try one.picture() == ann.picture())
    }
  }

  @Test func aCommandIsFoundFromAnyOfItsParts() throws {
    let long = Value.text(String(repeating: "x", count: 700_000))
    try ann.put(9, .null, on: note)
    try ann.commit(
      Operation(entity: note, kind: 1, .add(1, long)),
      Operation(entity: note, kind: 1, .add(1, long)),
      Operation(entity: note, kind: 1, .add(1, long)))
    try ann.put(9, .bool(true), on: note)
    let logged = try ann.replica.latest(10).reversed().map { $0 }
    #expect(logged.count == 5)
    for part in logged[1...3] {
      #expect(try ann.replica.command(of: part).map(\.number) == logged[1...3].map(\.number))
    }
    for single in [logged[0], logged[4]] {
      #expect(try ann.replica.command(of: single).map(\.number) == [single.number])
    }
  }

  // MARK: Newer versions

  @Test func unknownOperationsAndFieldsAreStoredAndPassedOn() throws {
    let unknown = Operation(entity: .zero, kind: 0, .unknown(code: 77, [1, 2, 3]))
    try ann.commit(
      unknown,
      Operation(entity: note, kind: 4_000_000_000, .put(.max, .text("kept"), replacing: [])))
    try ben.replica.receive(ann.log())
    try cem.replica.receive(ben.log())
    #expect(try cem.values(.max, of: note) == [.text("kept")])
    #expect(try cem.replica.state(of: note)?.kind == 4_000_000_000)
    let logged = try #require(try cem.replica.latest(1).first)
    #expect(logged.body.operations[0].action == unknown.action)
    #expect(try cem.log() == ann.log())
    try expectSame()
  }

  @Test func aChangesetForANewerReaderWaitsWithAllThatFollowsIt() throws {
    let key = ann.key
    let salt = ID<Writer>(high: 0, low: 5)
    let introduction = Introduction(key: key.publicKey, salt: salt)
    let operations = [Operation(entity: note, kind: 1, .put(1, .text("new"), replacing: []))]
    let first = try Changeset(
      header: Header(
        workspace: TestReplica.workspace, writer: introduction.writer, sequence: 1, previous: .zero,
        clock: Timestamp(milliseconds: 1), minimumReader: Header.reader + 1,
        introduction: introduction),
      body: Body(intent: "later", operations: operations), key: key)
    let second = try Changeset(
      header: Header(
        workspace: TestReplica.workspace, writer: introduction.writer, sequence: 2,
        previous: first.id, clock: Timestamp(milliseconds: 2)),
      body: Body(intent: "later", operations: operations), key: key)
    let received = try ben.replica.receive([first, second])
    #expect(received.applied == 0 && received.quarantined.isEmpty)
    #expect(try ben.replica.state(of: note) == nil)
    #expect(try ben.replica.waitingCount() == 2)
    #expect(try ben.log() == [first, second])
    try cem.put(1, .text("other"), on: note)
    #expect(try ben.replica.receive(cem.log()).applied == 1)
    #expect(try ben.values(1, of: note) == [.text("other")])
  }

  /// As a program that knew neither the operations of the first nor the rules of the second left them.
  @Test func whatAnOlderProgramKeptIsAppliedAfterItsUpgrade() throws {
    try ann.put(1, .text("known by now"), on: note)
    let introduction = Introduction(key: ann.key.publicKey, salt: ID<Writer>(high: 0, low: 5))
    let waiting = try Changeset(
      header: Header(
        workspace: TestReplica.workspace, writer: introduction.writer, sequence: 1, previous: .zero,
        clock: Timestamp(milliseconds: 1), minimumReader: Header.reader,
        introduction: introduction),
      body: Body(
        intent: "later",
        operations: [Operation(entity: note, kind: 1, .put(2, .text("waited"), replacing: []))]),
      key: ann.key)
    guard !TestReplica.isSealed else { return }
    try ben.replica.receive(ann.log() + [waiting])
    let (all, picture) = (try ben.log(), try ben.picture())
    #expect(try ben.values(2, of: note) == [.text("waited")])
    try ben.replica.connection.transaction {
      try ben.replica.connection.run(
        "UPDATE changeset SET applied = NULL WHERE id = ?", .blob(waiting.id.bytes))
      try ben.replica.connection.run(
        "UPDATE writer SET applied = 0 WHERE id = ?", .blob(introduction.writer.bytes))
      try ben.replica.connection.execute(
        "DELETE FROM entity; DELETE FROM history; UPDATE replica SET reader = 1")
    }
    #expect(try ben.replica.state(of: note) == nil)
    let upgraded = try Replica(
      connection: ben.replica.connection, key: ben.key,
      surroundings: Surroundings(now: { 1 }, random: { 1 }), projection: NoProjection())
    #expect(try ReplicaPicture(upgraded) == picture)
    #expect(try upgraded.waitingCount() == 0 && ben.log() == all)
    try cem.replica.receive(ben.log())
    #expect(try cem.picture() == picture)
  }
}
