import ChangeLog
import CrashDisk
import ReplicaStore
import SQLite
import Testing

/// A server that shows two people different logs under one name, and servers that do not.
@Suite struct SplitViewTests {
  private let note = EntityID(high: 1, low: 1)
  private let server = ReplicaServer()

  /// - Returns: Ann and Bob, level with the server; Ann has just been shown something of which Bob is told nothing.
  private func splitTeam() async throws -> (ann: TestReplica, bob: TestReplica, fork: ReplicaServer)
  {
    let (ann, bob) = (try TestReplica(1), try TestReplica(2))
    try ann.put(1, .text("both know this"), on: note)
    for one in [ann, bob] { try await one.sync(server) }
    let fork = try await server.fork()
    try ann.put(2, .text("ann's, kept from bob"), on: note)
    try await ann.sync(fork)
    try bob.put(3, .text("bob's, kept from ann"), on: note)
    try await bob.sync(server)
    return (ann, bob, fork)
  }

  @Test func aChangesetIsPassedOnToWhoeverWasShownAnotherLog() async throws {
    let (ann, bob, fork) = try await splitTeam()
    try ann.put(4, .text("ann's next"), on: note)
    try await ann.sync(fork)
    let (first, next) = (try ann.log()[1], try ann.log()[2])
    await server.passOn([first])
    #expect(try await bob.sync(server).splitViews == 0)
    await server.passOn([next])
    #expect(try await bob.sync(server).splitViews == 1)
    let found = try #require(try bob.replica.splitViews().first)
    #expect(found.changeset == next && !found.isSettled)
    let said = try #require(try next.decodedBody(TestReplica.keys).checkpoint)
    #expect(said.position == 2 && found.here.position == 2 && found.here.log == said.log)
    #expect(found.here.hash != said.hash)
    // The words count all the same, and it is told once.
    #expect(try bob.values(4, of: note) == [.text("ann's next")])
    #expect(try await bob.sync(server).splitViews == 0)
    try bob.replica.settleSplitViews()
    #expect(try bob.replica.splitViews().map(\.isSettled) == [true])
  }

  @Test func aBundleTellsWithoutTheServer() async throws {
    let (ann, bob, _) = try await splitTeam()
    try ann.put(4, .text("ann's next"), on: note)
    #expect(try give(ann, to: bob).splitViews == 1)
    #expect(try bob.replica.splitViews().first?.changeset == ann.log().last)
    #expect(try give(ann, to: bob).splitViews == 0)
  }

  @Test func whoeverMeetsBothLogsIsTold() async throws {
    let (ann, bob, fork) = try await splitTeam()
    let report = try await bob.sync(fork)
    #expect(report.hasChangedItsPast && report.givenBack == 1)
    let found = try bob.replica.splitViews()
    #expect(found.count == 1 && found[0].changeset == nil && found[0].here.position == 2)
    try await ann.sync(fork)
    #expect(try ann.picture() == bob.picture())
  }

  /// A bundle of somebody who has read more of the log than its reader.
  @Test func whatIsAheadOfUsWaitsForTheServerToShowIt() async throws {
    let (ann, bob) = (try TestReplica(1), try TestReplica(2))
    for number in 1...3 as ClosedRange<Int64> {
      try ann.put(1, .int(number), on: note)
      try await ann.sync(server)
    }
    try ann.put(1, .int(4), on: note)
    #expect(try give(ann, to: bob).splitViews == 0)
    #expect(try waiting(bob) > 0)
    let report = try await bob.sync(server)
    #expect(report.splitViews == 0 && report.sent == 4)
    #expect(try waiting(bob) == 0)
    try await expectLevel([bob], server)
    try await ann.sync(server)
    #expect(try ann.replica.splitViews().isEmpty)
  }

  /// It stands in the log before what its author says to have read of it.
  @Test func nobodyHasReadWhatCameLater() async throws {
    let (ann, bob) = (try TestReplica(1), try TestReplica(2))
    try ann.put(1, .text("x"), on: note)
    for one in [ann, bob] { try await one.sync(server) }
    try ann.replica.connection.run("UPDATE replica SET position = 1000")
    try ann.put(2, .text("y"), on: note)
    #expect(try give(ann, to: bob).splitViews == 0)
    #expect(try await bob.sync(server).splitViews == 1)
    #expect(try bob.replica.splitViews().first?.here == bob.identity.cursor)
  }

  @Test func aServerThatWasSetBackUnderANewNameIsNoneOfThat() async throws {
    let (ann, bob) = (try TestReplica(1), try TestReplica(2))
    for number in 1...3 as ClosedRange<Int64> {
      try ann.put(1, .int(number), on: note)
      for one in [ann, bob] { try await one.sync(server) }
    }
    try ann.put(1, .int(4), on: note)
    await server.replace(by: 2)
    var isRenamed: [Bool] = []
    for _ in 0..<2 {
      for one in [bob, ann] {
        let report = try await one.sync(server)
        #expect(report.splitViews == 0 && !report.hasChangedItsPast)
        isRenamed.append(report.isRenamed)
      }
    }
    #expect(isRenamed == [true, true, false, false])
    #expect(try await server.changesets.count == 4)
    for one in [ann, bob] {
      #expect(try one.replica.splitViews().isEmpty)
      #expect(try waiting(one) == 0)
    }
  }

  @Test func aServerThatWasSetBackInItsPlaceIs() async throws {
    let (ann, bob) = (try TestReplica(1), try TestReplica(2))
    for number in 1...3 as ClosedRange<Int64> {
      try ann.put(1, .int(number), on: note)
      try await ann.sync(server)
    }
    try ann.put(1, .int(4), on: note)
    try await server.rollBack(to: 1)
    try bob.put(2, .text("said after it"), on: note)
    try await bob.sync(server)
    #expect(try await ann.sync(server).hasChangedItsPast)
    #expect(try await bob.sync(server).splitViews > 0)
    try await expectLevel([ann, bob], server)
  }

  @Test func oneCheckpointIsSaidOnce() async throws {
    let (ann, bob) = (try TestReplica(1), try TestReplica(2))
    func checkpoints() throws -> [Int?] {
      try ann.log().map { try $0.decodedBody(TestReplica.keys).checkpoint?.position }
    }
    try ann.put(1, .int(1), on: note)
    try ann.put(1, .int(2), on: note)
    try await ann.sync(server)
    try ann.put(1, .int(3), on: note)
    try ann.put(1, .int(4), on: note)
    try await ann.sync(server)
    try await ann.sync(server)
    try ann.put(1, .int(5), on: note)
    #expect(try checkpoints() == [nil, nil, 2, nil, 4])
    // Another server with the same log in it is another log.
    await server.replace(by: 2)
    try await bob.sync(server)
    try await ann.sync(server)
    try ann.put(1, .int(6), on: note)
    #expect(try checkpoints() == [nil, nil, 2, nil, 4, 5])
  }

  /// What is written again under a new name says once more what log its author was shown.
  @Test func whatIsWrittenAgainHasItsCheckpoint() async throws {
    let ann = try TestReplica(1)
    try ann.put(1, .int(1), on: note)
    try await ann.sync(server)
    try ann.put(1, .int(2), on: note)
    try ann.replica.startNewWriter()
    try ann.put(1, .int(3), on: note)
    let last = try #require(try ann.log().last)
    #expect(try last.decodedBody(TestReplica.keys).checkpoint?.position == 1)
  }

  /// It cannot go on under another name as if nothing were.
  @Test func aPageOfALogOfAnotherNameIsNotTaken() async throws {
    let (ann, bob) = (try TestReplica(1), try TestReplica(2))
    try ann.put(1, .int(1), on: note)
    for one in [ann, bob] { try await one.sync(server) }
    try ann.put(1, .int(2), on: note)
    try await ann.sync(server)
    let request = try bob.replica.nextRequest()
    var response = try await server.answer(request, from: "bob")
    guard case .entries(let entries, var end) = response.page else {
      Issue.record("\(response.page)")
      return
    }
    let other = LogID(high: 9, low: 9)
    response.head.log = other
    end.log = other
    response.page = .entries(entries, end: end)
    #expect(
      throws: ReplicaError.brokenAnswer("its log has another name than the one it goes on with")
    ) { try bob.replica.take(response, to: request) }
    #expect(try bob.identity.cursor == request.cursor)
  }

  /// A store of an older version knows its place in the log, and not how it came there.
  @Test func anOlderStoreReckonsWhatItDidNotKeep() async throws {
    let folder = try TestFolder()
    let path = folder.path + "/a.db"
    let bob = try TestReplica(2)
    var ann = try TestReplica(1, path: path)
    for number in 1...4 as ClosedRange<Int64> {
      try ann.put(1, .int(number), on: note)
      try await ann.sync(server)
    }
    let kept = try hashes(ann)
    #expect(kept.count == 4)
    try ann.replica.connection.execute("DELETE FROM log_hash")
    ann = try TestReplica(1, life: 2, path: path)
    #expect(try hashes(ann) == kept)
    // Something that was not believed stands in between: what lies behind it cannot be reckoned, but for the end.
    try ann.replica.connection.execute(
      "DELETE FROM log_hash; DELETE FROM changeset WHERE position = 2")
    ann = try TestReplica(1, life: 3, path: path)
    #expect(try hashes(ann) == [kept[0], kept[3]])
    try await bob.sync(server)
    #expect(try hashes(bob) == kept)
  }

  @Test func aSnapshotBringsItsHashes() async throws {
    let (ann, bob, cem) = (try TestReplica(1), try TestReplica(2), try TestReplica(3))
    for number in 1...4 as ClosedRange<Int64> {
      try ann.put(1, .int(number), on: note)
      try await ann.sync(server)
    }
    _ = try await SyncSession(
      ann.replica, with: ReplicaLine(server: server, device: "ann"), snapshotDistance: 1
    ).run()
    await server.compact()
    try await bob.sync(server)
    #expect(try hashes(bob) == hashes(ann))
    // What it says of a place that the snapshot stands for can be compared.
    try ann.put(1, .int(5), on: note)
    try await ann.sync(server)
    try await cem.sync(server)
    #expect(try await bob.sync(server).splitViews == 0)
    #expect(try waiting(bob) == 0)
    #expect(try hashes(bob) == hashes(cem))
  }

  private func give(_ one: TestReplica, to other: TestReplica) throws -> Replica.Received {
    var received = Replica.Received()
    for bytes in try one.replica.bundles(beyond: VersionVector(), maker: "one") {
      received.add(try other.replica.take(Bundle(decoding: bytes)))
    }
    return received
  }

  private func waiting(_ one: TestReplica) throws -> Int {
    try one.replica.connection.first("SELECT count(*) FROM checkpoint") { $0.int(0) } ?? 0
  }

  private func hashes(_ one: TestReplica) throws -> [[UInt8]] {
    try one.replica.connection.all("SELECT hash FROM log_hash ORDER BY position") { $0.blob(0) }
  }
}
