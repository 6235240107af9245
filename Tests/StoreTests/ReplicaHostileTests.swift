import ChangeLog
import ReplicaStore
import SQLite
import Testing

/// Changesets that are not what they should be: put in quarantine, and nobody else is kept waiting.
@Suite struct ReplicaHostileTests {
  private let note = EntityID(high: 1, low: 1)
  private let ann: TestReplica
  private let ben: TestReplica
  /// A device of a member who writes what he likes.
  private let mallory: Forger

  init() throws {
    ann = try TestReplica(1)
    ben = try TestReplica(2)
    mallory = try Forger(seed: 66)
  }

  private func put(_ text: String, replacing: [ChangeID] = []) -> Operation {
    Operation(entity: note, kind: 1, .put(1, .text(text), replacing: replacing))
  }

  /// `bad` goes to quarantine for `reason`, what Ann wrote arrives all the same, and nothing else changes.
  private func expectQuarantine(_ bad: [Changeset], _ reason: Verdict.Refusal) throws {
    try ann.put(1, .text("good"), on: note)
    let good = try ann.log()
    let received = try ben.replica.receive([bad[0]] + good + bad.dropFirst())
    #expect(received.quarantined.map(\.id) == bad.map(\.id))
    #expect(received.quarantined.allSatisfy { $0.reason == reason })
    #expect(received.applied == good.count)
    #expect(try ben.quarantine() == Dictionary(uniqueKeysWithValues: bad.map { ($0.id, reason) }))
    #expect(try ben.log() == good)
    #expect(try ben.picture() == ann.picture())
  }

  @Test func aForgedSignatureIsQuarantined() throws {
    let real = try mallory.write([put("real")])
    var bytes = real.bytes
    bytes[bytes.count - 1] ^= 1
    try expectQuarantine([try Changeset(bytes: bytes)], .badSignature)
    // The forgery does not keep the real one away.
    #expect(try ben.replica.receive([real]).applied == 1)
  }

  @Test func aChangesetInAnothersNameIsQuarantined() throws {
    try ann.put(1, .text("first"), on: note)
    let head = try ann.identity.head
    let forged = try Changeset(
      header: Header(
        workspace: TestReplica.workspace, writer: head.writer, sequence: 2, previous: head.id,
        clock: Timestamp(milliseconds: 1)),
      body: Body(intent: "forged", operations: [put("forged")]), key: mallory.key)
    try ben.replica.receive(ann.log())
    let received = try ben.replica.receive([forged])
    #expect(received.quarantined.map(\.reason) == [.badSignature])
    #expect(try ben.values(1, of: note) == [.text("first")])
    try ann.put(1, .text("second"), on: note)
    try ben.replica.receive(ann.log())
    #expect(try ben.values(1, of: note) == [.text("second")])
  }

  @Test func aForgeryThatWaitsIsQuarantinedWhenItsTurnComes() throws {
    for number in 1...3 { try ann.put(1, .int(Int64(number)), on: note) }
    let log = try ann.log()
    let forged = try Changeset(
      header: Header(
        workspace: TestReplica.workspace, writer: try ann.identity.head.writer, sequence: 3,
        previous: log[1].id, clock: Timestamp(milliseconds: 1)),
      body: Body(intent: "forged", operations: [put("forged")]), key: mallory.key)
    #expect(try ben.replica.receive([forged, log[2]]).applied == 0)
    let received = try ben.replica.receive([log[1], log[0]])
    #expect(received.applied == 3)
    #expect(received.quarantined.map(\.id) == [forged.id])
    #expect(try ben.picture() == ann.picture())
    #expect(try ben.replica.waitingCount() == 0)
  }

  @Test func aChangesetOfAnotherWorkspaceIsQuarantined() throws {
    let stranger = try Forger(seed: 67, workspace: WorkspaceID(high: 9, low: 9))
    let foreign = [try stranger.write([put("one")]), try stranger.write([put("two")])]
    try expectQuarantine(foreign, .otherWorkspace)
  }

  @Test func theSecondOfTwoChangesetsWithOneNumberIsQuarantined() throws {
    let first = try mallory.write([put("first")])
    let other = try Forger(seed: 66)
    let second = try other.write([put("second")])
    #expect(first.header.writer == second.header.writer)
    try ben.replica.receive([first])
    #expect(try ben.replica.receive([second]).quarantined.map(\.reason) == [.forked])
    #expect(try ben.values(1, of: note) == [.text("first")])
    let third = try mallory.write([put("third", replacing: [mallory.change(1, 0)])])
    let wrongBranch = try other.write([put("wrong")])
    let received = try ben.replica.receive([wrongBranch, third])
    #expect(received.quarantined.map(\.id) == [wrongBranch.id])
    #expect(received.quarantined.map(\.reason) == [.forked])
    #expect(try ben.values(1, of: note) == [.text("third")])
  }

  @Test func aBodyNobodyCanReadIsQuarantined() throws {
    let bad = try mallory.write([
      Operation(entity: note, kind: 1, .put(1, .text("nul \u{0}"), replacing: []))
    ])
    try expectQuarantine([bad], .malformed)
  }

  @Test func anUnreadableBodyForANewerReaderStopsNobodyAfterTheUpgrade() throws {
    // As an older version stored it: unread, and marked as one that an upgrade would read.
    let bad = try mallory.write([
      Operation(entity: note, kind: 1, .put(1, .text("nul \u{0}"), replacing: []))
    ])
    try ben.replica.connection.transaction {
      try ben.replica.connection.run(
        "INSERT INTO writer (id, key, sequence, head, applied, declared) VALUES (?, ?, 1, ?, 0, 0)",
        .blob(bad.header.writer.bytes), .blob(mallory.key.publicKey.bytes), .blob(bad.id.bytes))
      try ben.replica.connection.run(
        """
        INSERT INTO changeset (id, writer, sequence, clock, bytes)
        VALUES (?, (SELECT number FROM writer WHERE id = ?), 1, 1, ?)
        """, .blob(bad.id.bytes), .blob(bad.header.writer.bytes), .blob(bad.bytes))
    }
    try ann.put(1, .text("good"), on: note)
    try ben.replica.rebuild()
    #expect(try ben.replica.receive(ann.log()).applied == 1)
    #expect(try ben.picture() == ann.picture())
    #expect(try ben.replica.waitingCount() == 1)
  }

  @Test func aChangeThatNamesWhatNobodyHasWaitsAndStopsNobody() throws {
    // A deletion is stored with the names of what it saw: a writer nobody knows has none here.
    let nobody = ChangeID(writer: WriterID(high: 4, low: 4), sequence: 1, index: 0)
    let strange = try mallory.write([Operation(entity: note, kind: 1, .delete(seen: [nobody]))])
    try ann.put(1, .text("good"), on: note)
    #expect(try ben.replica.receive([strange] + ann.log()).applied == 1)
    #expect(try ben.replica.waitingCount() == 1)
    #expect(try ben.picture() == ann.picture())
  }

  /// No changeset has the number 0: such a name stood for nothing, and nobody could store it.
  @Test func aChangeThatNamesWhatCannotBeStopsNobody() throws {
    let never = ChangeID(writer: WriterID(high: 4, low: 4), sequence: 0, index: 0)
    let strange = try mallory.write([Operation(entity: note, kind: 1, .delete(seen: [never]))])
    try ann.put(1, .text("good"), on: note)
    #expect(try ben.replica.receive([strange] + ann.log()).applied == 1)
    #expect(try ben.quarantine() == [strange.id: .malformed])
    #expect(try ben.picture() == ann.picture())
  }

  @Test func aChangeThatHidesItsCausesEndsTheSameInEveryOrder() throws {
    try ann.put(1, .text("good"), on: note)
    try ann.add(3, .text("topic"), on: note)
    let writer = try ann.identity.head.writer
    let hidden = try mallory.write([
      put("replaced unseen", replacing: [ChangeID(writer: writer, sequence: 1, index: 0)]),
      Operation(
        entity: note, kind: 1, .remove(3, [ChangeID(writer: writer, sequence: 2, index: 0)])),
    ])
    #expect(hidden.header.seen.isEmpty)
    var pictures: [ReplicaPicture] = []
    for (index, order) in [try ann.log() + [hidden], [hidden] + (try ann.log())].enumerated() {
      let one = try TestReplica(UInt64(20 + index))
      for changeset in order { try one.replica.receive([changeset]) }
      pictures.append(try one.picture())
      #expect(try one.values(1, of: note) == [.text("replaced unseen")])
      #expect(try one.values(3, of: note) == [])
      #expect(try one.replica.deviations() == [])
    }
    #expect(pictures[0] == pictures[1])
  }

  @Test func authorsWhoDisagreeAboutAKindOrAShapeEndTheSameInEveryOrder() throws {
    try ann.put(5, .text("one value"), on: note)
    let strange = try mallory.write([
      Operation(entity: note, kind: 0, .add(5, .text("an element"))),
      Operation(entity: EntityID(high: 2, low: 2), kind: 2, .put(1, .null, replacing: [])),
    ])
    let again = try mallory.write([
      Operation(
        entity: note, kind: 9,
        .remove(5, [ChangeID(writer: mallory.writer, sequence: 1, index: 0)]))
    ])
    let changesets = try ann.log() + [strange, again]
    var pictures: [ReplicaPicture] = []
    for (index, order) in [[0, 1, 2], [1, 0, 2], [1, 2, 0]].enumerated() {
      let one = try TestReplica(UInt64(20 + index))
      for place in order { try one.replica.receive([changesets[place]]) }
      pictures.append(try one.picture())
      #expect(try one.replica.deviations() == [])
    }
    #expect(pictures[0] == pictures[1] && pictures[1] == pictures[2])
    #expect(pictures[0].entities[note]?.fields.map(\.shape) == [.register])
    #expect(pictures[0].entities[note]?.kind == 0)
  }

  @Test func aClockAtTheEndOfTimeDragsNobodyAlong() throws {
    let late = try mallory.write([put("late")], clock: Timestamp(rawValue: .max))
    try ben.replica.receive([late])
    #expect(try ben.values(1, of: note) == [.text("late")])
    let mine = try ben.put(1, .text("mine"), on: note)
    #expect(mine.changeset.header.clock.milliseconds == ben.wall)
    #expect(try ben.values(1, of: note) == [.text("mine")])
    try ann.replica.receive([late] + ben.log())
    #expect(try ann.values(1, of: note) == [.text("mine")])
  }

  @Test func oneByteOfTheStoredLogThatIsWrongIsFound() throws {
    for number in 1...4 { try ann.put(1, .int(Int64(number)), on: note) }
    let log = try ann.log()
    var dice = ReplicaDice(1)
    try ann.replica.checkLog()
    for (number, changeset) in log.enumerated() {
      for _ in 0..<12 {
        var bytes = changeset.bytes
        bytes[dice.below(bytes.count)] ^= 1 << UInt8(dice.below(8))
        try store(bytes, number + 1)
        #expect(throws: ReplicaError.self) { try ann.replica.checkLog() }
      }
      try store(changeset.bytes, number + 1)
    }
    try ann.replica.checkLog()
    try ann.replica.connection.run("DELETE FROM changeset WHERE number = 4")
    #expect(throws: ReplicaError.damaged("changeset \(log[3].id)")) { try ann.replica.checkLog() }
  }

  private func store(_ bytes: [UInt8], _ number: Int) throws {
    try ann.replica.connection.run(
      "UPDATE changeset SET bytes = ? WHERE number = ?", .blob(bytes), .int(number))
  }
}

/// Signs whatever it is told to.
private final class Forger {
  let key: DeviceKey
  private let workspace: WorkspaceID
  private let introduction: Introduction
  private var head: ChangesetID = .zero
  private var sequence: UInt64 = 0

  init(seed: UInt8, workspace: WorkspaceID = TestReplica.workspace) throws {
    key = try DeviceKey(seed: Array(repeating: seed, count: 32))
    self.workspace = workspace
    introduction = Introduction(key: key.publicKey, salt: .zero)
  }

  var writer: WriterID { introduction.writer }

  func change(_ sequence: UInt64, _ index: Int) -> ChangeID {
    ChangeID(writer: writer, sequence: sequence, index: index)
  }

  func write(
    _ operations: [Operation], clock: Timestamp = Timestamp(milliseconds: 1_700_000_000_000)
  ) throws -> Changeset {
    sequence += 1
    let header = Header(
      workspace: workspace, writer: writer, sequence: sequence, previous: head, clock: clock,
      introduction: sequence == 1 ? introduction : nil)
    let changeset = try Changeset(
      header: header, body: Body(intent: "forged", operations: operations), key: key)
    head = changeset.id
    return changeset
  }
}
