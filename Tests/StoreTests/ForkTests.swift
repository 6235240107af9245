import ChangeLog
import CrashDisk
import ReplicaStore
import Testing

/// Work that was built on what gives way: it is written again, and nobody's words wait for ever.
@Suite struct ForkTests {
  private let note = EntityID(high: 1, low: 1)
  private let server = ReplicaServer()

  /// A colleague lost the right to write before what she had given me reached the server.
  @Test func myWorkDoesNotWaitBehindWhatAColleagueMayNotBringIn() async throws {
    let (ann, cem, bob) = (try TestReplica(1), try TestReplica(2), try TestReplica(3))
    try cem.put(1, .text("cem's"), on: note)
    try ann.replica.take(
      Bundle(decoding: cem.replica.bundles(beyond: VersionVector(), maker: "cem")[0]))
    try ann.put(1, .text("ann's, knowing of cem's"), on: note)
    try ann.put(2, .text("more of ann's"), on: note)
    await server.set(stranger: cem.key.publicKey, true)
    let report = try await ann.sync(server)
    #expect(report.setAside == 1 && report.reissued == 2)
    #expect(try ann.quarantined() == cem.log())
    try await bob.sync(server)
    #expect(try bob.values(1, of: note) == [.text("ann's, knowing of cem's")])
    #expect(try bob.values(2, of: note) == [.text("more of ann's")])
    #expect(try ann.picture() == bob.picture())
    // She may again: what she wrote comes as anything does.
    await server.set(stranger: cem.key.publicKey, false)
    for _ in 0..<2 { for one in [cem, ann, bob] { try await one.sync(server) } }
    for one in [ann, bob, cem] {
      #expect(
        Set(try one.values(1, of: note)) == [.text("cem's"), .text("ann's, knowing of cem's")])
      #expect(try one.picture() == ann.picture())
    }
  }

  /// What waits behind nothing of ours may stay where it is.
  @Test func whatIsRefusedStaysWhereNothingOfOursWaitsBehindIt() async throws {
    let (ann, cem) = (try TestReplica(1), try TestReplica(2))
    try cem.put(1, .text("cem's"), on: note)
    try ann.replica.take(
      Bundle(decoding: cem.replica.bundles(beyond: VersionVector(), maker: "cem")[0]))
    await server.set(stranger: cem.key.publicKey, true)
    let report = try await ann.sync(server)
    #expect(report.setAside == 0)
    #expect(try ann.values(1, of: note) == [.text("cem's")])
  }

  /// Edits that are written again under a new name know what their author knew.
  @Test func editsWrittenAgainStillKnowWhatTheyKnew() async throws {
    let disk = CrashDisk()
    var one = try TestReplica(1, path: "a.db", vfs: disk.vfs)
    try edit(one, to: "one two three")
    try edit(one, to: "one two four three")
    try await one.sync(server)
    let backup = disk.copy().restarted(damage: nil)
    try edit(one, to: "one two four five three")
    try await one.sync(server)
    one = try TestReplica(1, life: 2, path: "a.db", vfs: backup.vfs)
    try edit(one, to: "one two four nine three")
    try edit(one, to: "one two nine three")
    #expect(try await one.sync(server).reissued == 2)
    let state = try #require(try one.replica.state(of: note, withTexts: true))
    let document = try #require(state.documents.first)
    let own = try one.identity.head
    let last = ChangeID(writer: own.writer, sequence: own.sequence, index: 0)
    guard case .edit(_, let edit) = try one.replica.action(of: last, on: note) else {
      Issue.record("it is no edit")
      return
    }
    // It removed "four", which its author had written under the former name.
    #expect(document.text(after: last, seen: edit.seen) == "one two nine three")
    #expect(edit.seen.contains { $0.writer != own.writer })
  }

  private func edit(_ one: TestReplica, to text: String) throws {
    let state = try one.replica.state(of: note, withTexts: true)
    guard let state, let value = state[4]?.alive.first,
      let edit = state.document(of: value, in: 4)?.edit(to: text)
    else {
      try one.commit(Operation(entity: note, kind: 1, .write(4, Text(text), replacing: [])))
      return
    }
    try one.commit(Operation(entity: note, kind: 1, .edit(4, edit)))
  }

  /// A store was set back in its place, and nobody noticed; colleagues have what came after, and there is no
  /// server to tell.
  @Test func aStoreThatWasSetBackLearnsItFromABundle() throws {
    let disk = CrashDisk()
    var ann = try TestReplica(1, path: "a.db", vfs: disk.vfs)
    let bob = try TestReplica(2)
    try ann.put(1, .text("before"), on: note)
    let backup = disk.copy().restarted(damage: nil)
    try ann.put(2, .text("after"), on: note)
    try exchange(ann, bob)
    ann = try TestReplica(1, life: 2, path: "a.db", vfs: backup.vfs)
    try ann.put(3, .text("after the restore"), on: note)
    for _ in 0..<2 {
      try exchange(bob, ann)
      try exchange(ann, bob)
    }
    for one in [ann, bob] {
      #expect(try one.values(2, of: note) == [.text("after")])
      #expect(try one.values(3, of: note) == [.text("after the restore")])
      #expect(try one.replica.deviations().isEmpty)
      try one.replica.checkLog()
    }
    #expect(try ann.picture() == bob.picture())
  }

  private func exchange(_ from: TestReplica, _ to: TestReplica) throws {
    for bytes in try from.replica.bundles(beyond: VersionVector(), maker: "one") {
      try to.replica.take(Bundle(decoding: bytes))
    }
  }

  /// Of two lives of one device each has what the other lacks.
  @Test func aReceiptOfAnEarlierLifeIsNotTakenForALaterOne() throws {
    let disk = CrashDisk()
    let bob = try TestReplica(2)
    var ann = try TestReplica(1, path: "a.db", vfs: disk.vfs)
    try ann.put(1, .text("before"), on: note)
    let backup = disk.copy().restarted(damage: nil)
    try bob.put(2, .text("bob's"), on: note)
    try exchange(bob, ann)
    let full = try Bundle(decoding: ann.replica.bundles(beyond: VersionVector(), maker: "ann")[0])
    try bob.replica.take(full)
    #expect(try bob.replica.receipt(of: "ann")?[bob.identity.head.writer] == 1)
    ann = try TestReplica(1, life: 2, path: "a.db", vfs: backup.vfs)
    try ann.replica.startNewWriter()
    try ann.put(3, .text("anew"), on: note)
    let bundle = try Bundle(decoding: ann.replica.bundles(beyond: VersionVector(), maker: "ann")[0])
    try bob.replica.take(bundle)
    // She has not got bob's any more.
    #expect(try bob.replica.receipt(of: "ann")?[bob.identity.head.writer] == 0)
    try exchange(bob, ann)
    try exchange(ann, bob)
    #expect(try bob.replica.receipt(of: "one")?[bob.identity.head.writer] == 1)
  }

  /// A stick that lay in a drawer comes late: what its maker has shown to hold since is not forgotten.
  @Test func aReceiptDoesNotGoBackWithAnOlderBundle() throws {
    let (ann, bob) = (try TestReplica(1), try TestReplica(2))
    try ann.put(1, .text("first"), on: note)
    let older = try ann.replica.bundles(beyond: VersionVector(), maker: "ann")
    try bob.put(1, .text("of bob"), on: note)
    try exchange(bob, ann)
    let newer = try ann.replica.bundles(beyond: VersionVector(), maker: "ann")
    for bytes in newer + older { try bob.replica.take(Bundle(decoding: bytes)) }
    #expect(try bob.replica.receipt(of: "ann")?[bob.identity.head.writer] == 1)
  }

  /// A folder is not believed to hold what a bundle in it only says it holds.
  @Test func whatABundleOnlyNamesIsStillAdded() throws {
    let (ann, bob) = (try TestReplica(1), try TestReplica(2))
    try ann.put(1, .text("mine"), on: note)
    let writer = try ann.identity.head.writer
    let forged = try Changeset(
      header: Header(
        workspace: TestReplica.workspace, writer: writer, sequence: 1 << 52, previous: .zero2,
        clock: Timestamp(rawValue: 1)),
      body: Body(intent: "", operations: []), key: bob.key)
    let bundle = Bundle(
      workspace: TestReplica.workspace, key: bob.key.publicKey,
      writer: try bob.identity.head.writer,
      maker: "bob", held: VersionVector(), changesets: [forged.bytes])
    _ = try ann.replica.take(bundle, named: "x", inFolder: "f")
    let mine = try ann.replica.bundles(beyond: ann.replica.held(inFolder: "f"), maker: "ann")
    #expect(try Bundle(decoding: mine[0]).changesets == ann.log().map(\.bytes))
  }

  /// A server that says each time that our name is taken, and one whose log is always another.
  @Test func aRemoteThatTellsAnotherStoryEachTimeIsLeft() async throws {
    struct Liar: Remote {
      let diverges: Bool
      func exchange(_ request: SyncRequest) async throws -> SyncResponse {
        let log = LogID(high: UInt64.random(in: 1..<(.max)), low: 1)
        let cursor = Cursor(log: log, position: 0, hash: .zero)
        return SyncResponse(
          head: cursor,
          own: WriterHead(writer: request.own.writer, sequence: 99, id: .zero2),
          verdicts: request.changesets.map { _ in .accepted(position: 1) },
          page: diverges ? .diverged([cursor]) : .entries([], end: cursor))
      }
    }
    for diverges in [false, true] {
      let ann = try TestReplica(1)
      try ann.put(1, .text("mine"), on: note)
      await #expect(throws: ReplicaError.stalled) {
        _ = try await SyncSession(ann.replica, with: Liar(diverges: diverges)).run()
      }
      #expect(try ann.values(1, of: note) == [.text("mine")])
    }
  }
}

extension Digest {
  /// Not zero, and nothing's hash.
  fileprivate static let zero2 = Digest(bytes: [UInt8](repeating: 2, count: 32))
}
