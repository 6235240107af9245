import ChangeLog
import ReplicaStore
import SQLite
import Testing

/// The words of somebody who may not bring them in, taken over by somebody who may.
@Suite struct QuarantineTests {
  private let note = EntityID(high: 1, low: 1)
  private let other = EntityID(high: 1, low: 2)
  private let ann: TestReplica
  private let cem: TestReplica

  /// Both know the same; what Cem writes from here on nobody takes from him.
  init() throws {
    ann = try TestReplica(1)
    cem = try TestReplica(2)
    try ann.put(1, .text("first"), on: note)
    try ann.add(2, .text("kept"), on: note)
    try ann.add(2, .text("taken away"), on: note)
    try ann.commit(
      Operation(entity: note, kind: 1, .write(4, Text("one two three"), replacing: [])))
    try ann.put(1, .text("to be deleted"), on: other)
    try give(ann, to: cem)
  }

  private func give(_ one: TestReplica, to another: TestReplica) throws {
    for bytes in try one.replica.bundles(beyond: VersionVector(), maker: "one") {
      try another.replica.take(Bundle(decoding: bytes))
    }
  }

  /// Puts what Cem wrote into Ann's quarantine.
  private func refuse(_ reason: Verdict.Refusal = .notEnrolled) throws {
    let writer = try cem.identity.head.writer
    for changeset in try cem.log() where changeset.header.writer == writer {
      try ann.replica.connection.run(
        "INSERT INTO quarantine (id, reason, bytes) VALUES (?, ?, ?)", .blob(changeset.id.bytes),
        .int(Int64(reason.rawValue)), .blob(changeset.bytes))
    }
  }

  private func edit(_ one: TestReplica, to text: String) throws {
    let state = try #require(try one.replica.state(of: note, withTexts: true))
    let value = try #require(state[4]?.alive.first)
    let edit = try #require(state.document(of: value, in: 4)?.edit(to: text))
    try one.commit(Operation(entity: note, kind: 1, .edit(4, edit)))
  }

  private func adoptAll() throws -> Int {
    try ann.replica.adopt(Set(ann.replica.quarantined().map(\.changeset.id))).count
  }

  @Test func allThatWasWrittenIsThereAsIfItHadCome() throws {
    try cem.put(1, .text("cem's"), on: note)
    try cem.put(1, .text("cem's, better"), on: note)
    try cem.add(2, .text("added"), on: note)
    try cem.remove(2, .text("taken away"), from: note)
    try edit(cem, to: "one TWO three")
    try cem.delete(other)
    let new = EntityID(high: 1, low: 3)
    try cem.put(1, .text("a new one"), on: new)
    try refuse()
    #expect(try ann.replica.quarantined().allSatisfy(\.isAdoptable))
    #expect(
      try ann.replica.quarantined().map(\.author) == Array(repeating: cem.key.publicKey, count: 7))
    #expect(try adoptAll() == 7)
    for (entity, field) in [(note, 1), (note, 2), (new, 1)] as [(EntityID, FieldNumber)] {
      let here = try Set(ann.values(field, of: entity))
      #expect(try here == Set(cem.values(field, of: entity)), "\(entity) \(field)")
    }
    #expect(try ann.values(4, of: note) == [.text("one TWO three")])
    #expect(try ann.replica.state(of: other)?.isDeleted == true)
    #expect(try ann.replica.review().isEmpty)
    // In Ann's name, once.
    #expect(try ann.replica.latest(1)[0].changeset.header.writer == ann.identity.head.writer)
    #expect(try ann.replica.quarantined().allSatisfy { $0.adopted != nil && !$0.isAdoptable })
    #expect(try adoptAll() == 0)
    #expect(try ann.replica.deviations().isEmpty)
  }

  @Test func whatWasSaidMeanwhileStaysBesideIt() throws {
    try cem.put(1, .text("cem's"), on: note)
    try edit(cem, to: "one two three, and four")
    try cem.delete(other)
    try ann.put(1, .text("ann's"), on: note)
    try edit(ann, to: "zero, one two three")
    try ann.put(1, .text("not to be deleted"), on: other)
    try refuse()
    #expect(try adoptAll() == 3)
    #expect(try Set(ann.values(1, of: note)) == [.text("ann's"), .text("cem's")])
    #expect(try ann.values(4, of: note) == [.text("zero, one two three, and four")])
    #expect(try ann.replica.state(of: other)?.isDeleted == false)
    // One command takes it back.
    let command = try #require(try ann.replica.latest(1).first)
    try ann.undo(command)
    #expect(try ann.values(1, of: note) == [.text("ann's")])
  }

  @Test func wordsOfNobodyAndOfAnotherBranchAreNotTakenOver() throws {
    try cem.put(1, .text("cem's"), on: note)
    let changeset = try #require(try cem.log().last)
    var bytes = changeset.bytes
    bytes[bytes.count - 1] ^= 1
    try refuse(.forked)
    try ann.replica.connection.run(
      "INSERT INTO quarantine (id, reason, bytes) VALUES (?, ?, ?)", .blob(Digest(of: bytes).bytes),
      .int(Int64(Verdict.Refusal.notEnrolled.rawValue)), .blob(bytes))
    #expect(try ann.replica.quarantined().map { $0.author == nil }.filter { $0 }.count == 1)
    #expect(try !ann.replica.quarantined().contains(where: \.isAdoptable))
    #expect(try adoptAll() == 0)
    #expect(try ann.values(1, of: note) == [.text("first")])
  }

  /// What he wrote first was taken over before the rest came.
  @Test func whatBuildsOnWhatWasTakenOverIsNotLost() throws {
    let new = EntityID(high: 1, low: 3)
    try cem.commit(Operation(entity: new, kind: 1, .write(4, Text("a draft"), replacing: [])))
    try cem.put(1, .text("first title"), on: new)
    try refuse()
    #expect(try adoptAll() == 2)
    let draft = try #require(try cem.replica.state(of: new, withTexts: true))
    let text = try #require(draft[4]?.alive.first)
    let edit = try #require(draft.document(of: text, in: 4)?.edit(to: "a draft, and its end"))
    try cem.commit(Operation(entity: new, kind: 1, .edit(4, edit)))
    try cem.put(1, .text("second title"), on: new)
    try quarantine(cem.log().suffix(2))
    #expect(try adoptAll() == 2)
    // Whose is whose cannot be told any more: both stand side by side.
    #expect(
      try Set(ann.values(4, of: new)) == [.text("a draft"), .text("a draft, and its end")])
    #expect(
      try Set(ann.values(1, of: new)) == [.text("first title"), .text("second title")])
    #expect(try ann.replica.deviations().isEmpty)
  }

  /// Another colleague has the words too, and hears that they were taken over.
  @Test func whatSomebodyElseTookOverIsNotTakenOverAgain() throws {
    let dan = try TestReplica(4)
    try edit(cem, to: "one two three four")
    try refuse()
    try give(ann, to: dan)
    try quarantine([cem.log()[5]], of: dan)
    #expect(try adoptAll() == 1)
    #expect(try dan.replica.quarantined().map(\.isAdoptable) == [true])
    try give(ann, to: dan)
    #expect(try dan.replica.quarantined().map(\.isAdoptable) == [false])
    let by = try #require(try dan.replica.quarantined()[0].adopted)
    #expect(try by == ann.log().last?.id)
    #expect(try dan.replica.adopt([cem.log()[5].id]).isEmpty)
    #expect(try dan.values(4, of: note) == [.text("one two three four")])
    // It is in the log: a rebuild finds it again, and an undo takes it back for all.
    try dan.replica.rebuild()
    #expect(try dan.replica.quarantined()[0].adopted == by)
    try ann.undo(try #require(try ann.replica.latest(1).first))
    try give(ann, to: dan)
    for one in [ann, dan] { #expect(try one.replica.quarantined().map(\.isAdoptable) == [true]) }
  }

  /// Of a record alone: what else he wrote meanwhile stays where it is.
  @Test func whatHasNothingToDoWithItStays() throws {
    try cem.delete(other)
    let last = try cem.put(1, .text("cem's"), on: note)
    try refuse()
    #expect(try ann.replica.adopt([last.changeset.id]).count == 1)
    #expect(try ann.values(1, of: note) == [.text("cem's")])
    #expect(try ann.replica.state(of: other)?.isDeleted == false)
  }

  @Test func whatItIsBuiltOnComesAlong() throws {
    let new = EntityID(high: 1, low: 3)
    try cem.commit(Operation(entity: new, kind: 1, .write(4, Text("a draft"), replacing: [])))
    let draft = try #require(try cem.replica.state(of: new, withTexts: true))
    let text = try #require(draft[4]?.alive.first)
    let edit = try #require(draft.document(of: text, in: 4)?.edit(to: "a draft, and its end"))
    let last = try cem.commit(Operation(entity: new, kind: 1, .edit(4, edit)))
    // The draft itself did not come: there is nothing to be said.
    try quarantine([last.changeset])
    #expect(try adoptAll() == 0)
    #expect(try ann.replica.quarantined().map(\.adopted) == [nil])
    try quarantine([cem.log()[5]])
    #expect(try ann.replica.adopt([last.changeset.id]).count == 2)
    #expect(try ann.values(4, of: new) == [.text("a draft, and its end")])
    #expect(try ann.replica.review().isEmpty)
  }

  /// One whose clock is years ahead moves nobody else's: what builds on his words looks older than they are.
  @Test func whatItIsBuiltOnComesFirstWhateverTheClocksSay() throws {
    let dan = try TestReplica(4)
    try give(cem, to: dan)
    let wall = cem.wall
    cem.wall += 10 * 365 * 86_400_000
    try edit(cem, to: "one two three four")
    let new = EntityID(high: 1, low: 3)
    try cem.commit(Operation(entity: new, kind: 1, .write(4, Text("a draft"), replacing: [])))
    try give(cem, to: dan)
    dan.wall = wall
    try edit(dan, to: "one two three four five")
    let draft = try #require(try dan.replica.state(of: new, withTexts: true))
    let text = try #require(draft[4]?.alive.first)
    let edit = try #require(draft.document(of: text, in: 4)?.edit(to: "a draft, and its end"))
    let last = try dan.commit(Operation(entity: new, kind: 1, .edit(4, edit)))
    #expect(try last.changeset.header.clock < cem.log()[6].header.clock)
    try quarantine(dan.log().dropFirst(5))
    // The last one alone brings all that it is built on.
    #expect(try ann.replica.adopt([last.changeset.id]).count == 2)
    #expect(try ann.values(4, of: new) == [.text("a draft, and its end")])
    #expect(try adoptAll() == 2)
    #expect(try ann.values(4, of: note) == [.text("one two three four five")])
    #expect(try ann.replica.review().isEmpty)
  }

  /// A snapshot stands for something that was in quarantine: its author may write again.
  @Test func whatComesInASnapshotIsInQuarantineNoMore() async throws {
    let server = ReplicaServer()
    for one in [ann, cem] { try await one.sync(server) }
    try cem.put(1, .text("cem's"), on: note)
    let dan = try TestReplica(4)
    try quarantine([cem.log()[5]], of: dan)
    try await cem.sync(server)
    _ = try await SyncSession(
      cem.replica, with: ReplicaLine(server: server, device: "cem"), snapshotDistance: 1
    ).run()
    await server.compact()
    try await ann.sync(server)
    try ann.put(2, .text("knowing of cem's"), on: note)
    try await dan.sync(server)
    #expect(try dan.replica.quarantined().isEmpty)
    try await ann.sync(server)
    try await dan.sync(server)
    #expect(try dan.picture() == ann.picture())
    #expect(try dan.replica.waitingCount() == 0 && dan.names() == ann.names())
  }

  private func quarantine(_ changesets: some Sequence<Changeset>) throws {
    try quarantine(changesets, of: ann)
  }

  private func quarantine(_ changesets: some Sequence<Changeset>, of one: TestReplica) throws {
    for changeset in changesets {
      try one.replica.connection.run(
        "INSERT INTO quarantine (id, reason, bytes) VALUES (?, 6, ?)", .blob(changeset.id.bytes),
        .blob(changeset.bytes))
    }
  }
}
