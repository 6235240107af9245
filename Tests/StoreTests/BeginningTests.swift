import ChangeLog
import CrashDisk
import ReplicaStore
import Testing

/// A server was lost; before everybody had met at the new one, the changesets themselves were dropped on both
/// sides. The two histories have no common order any more, and yet nothing that is alive on either side may go.
@Suite struct BeginningTests {
  private let note = EntityID(high: 1, low: 1)
  private let other = EntityID(high: 1, low: 2)
  private let gone = EntityID(high: 1, low: 3)
  private let former = ReplicaServer()
  private let present = ReplicaServer(LogID(high: 0, low: 2))

  /// Both know `note` and `gone`; then each writes on its own, syncs with a server of its own and compacts.
  ///
  /// - Parameter keepsSnapshot: the new server has dropped the changesets too.
  private func split(
    keepsSnapshot: Bool = true, _ onOne: (TestReplica) throws -> Void,
    _ onTwo: (TestReplica) throws -> Void
  ) async throws -> (one: TestReplica, two: TestReplica) {
    let (one, two) = (try TestReplica(1), try TestReplica(2))
    try one.commit(Operation(entity: note, kind: 1, .write(4, Text("one two"), replacing: [])))
    try one.put(1, .text("first"), on: note)
    try one.add(3, .text("kept"), on: note)
    try one.add(3, .text("removed later"), on: note)
    try one.put(1, .text("to be deleted"), on: gone)
    try await one.sync(former)
    try await two.sync(former)
    try onOne(one)
    try await one.sync(former)
    try onTwo(two)
    try await two.sync(present)
    #expect(try one.replica.compact() != nil)
    #expect(try two.replica.compact() != nil)
    if keepsSnapshot {
      let line = ReplicaLine(server: present, device: "two")
      _ = try await SyncSession(two.replica, with: line, snapshotDistance: 1).run()
      await present.compact()
      #expect(await present.snapshot != nil)
    }
    return (one, two)
  }

  private func level(_ devices: TestReplica...) async throws {
    for _ in 0..<3 { for one in devices { try await one.sync(present) } }
    for one in devices {
      #expect(try one.picture() == devices[0].picture())
      #expect(try one.names() == devices[0].names())
      #expect(try one.replica.unsentCount() == 0)
      #expect(try one.replica.deviations().isEmpty)
      try one.replica.checkLog()
    }
  }

  private func shown(_ field: FieldNumber, of one: TestReplica) throws -> Set<Value> {
    Set(try one.values(field, of: note))
  }

  @Test(arguments: [false, true])
  func whatEitherSideWroteIsThere(keepsSnapshot: Bool) async throws {
    let (one, two) = try await split(
      keepsSnapshot: keepsSnapshot,
      { one in
        try one.put(1, .text("by one"), on: note)
        try one.add(3, .text("added by one"), on: note)
        try one.put(1, .text("new of one"), on: other)
      },
      { two in
        try two.put(2, .text("by two"), on: note)
        try two.add(3, .text("added by two"), on: note)
      })
    try one.put(5, .text("unsent of one"), on: note)
    try await level(one, two)
    #expect(try shown(1, of: two) == [.text("by one")])
    #expect(try shown(2, of: one) == [.text("by two")])
    #expect(try shown(5, of: two) == [.text("unsent of one")])
    #expect(
      try shown(3, of: two)
        == [
          .text("kept"), .text("removed later"), .text("added by one"), .text("added by two"),
        ])
    #expect(try two.values(1, of: other) == [.text("new of one")])
    #expect(try two.replica.review().isEmpty)
  }

  @Test func whatBothWroteWaitsInReview() async throws {
    let (one, two) = try await split(
      { try $0.put(1, .text("by one"), on: note) }, { try $0.put(1, .text("by two"), on: note) })
    try await level(one, two)
    #expect(try shown(1, of: one) == [.text("by one"), .text("by two")])
    #expect(try one.replica.review().map(\.field) == [1])
  }

  @Test func whatOneSideTookAwayDoesNotComeBack() async throws {
    let (one, two) = try await split(
      { one in
        try one.remove(3, .text("removed later"), from: note)
        try one.delete(gone)
      },
      { try $0.put(2, .text("by two"), on: note) })
    try await level(one, two)
    #expect(try shown(3, of: two) == [.text("kept")])
    #expect(try two.replica.state(of: gone)?.isDeleted == true)
    #expect(try two.replica.review().isEmpty)
  }

  /// Deleted here, edited there: it stays, and waits for a decision.
  @Test func aDeletionDoesNotTakeWhatItHadNotSeen() async throws {
    let (one, two) = try await split(
      { try $0.delete(gone) }, { try $0.put(2, .text("an edit"), on: gone) })
    try await level(one, two)
    #expect(try two.replica.state(of: gone)?.isResurrected == true)
    #expect(try two.values(2, of: gone) == [.text("an edit")])
  }

  @Test func aTextThatOneSideEditedIsEditedEverywhere() async throws {
    let (one, two) = try await split(
      { try edit($0, to: "one and two") }, { try $0.put(2, .text("by two"), on: note) })
    try await level(one, two)
    #expect(try shown(4, of: two) == [.text("one and two")])
    #expect(try two.replica.review().isEmpty)
  }

  /// Nothing says any more which words of a text came when: two texts, and a decision.
  @Test func aTextThatBothSidesEditedWaitsInReview() async throws {
    let (one, two) = try await split(
      { try edit($0, to: "zero one two") }, { try edit($0, to: "one two three") })
    try await level(one, two)
    #expect(try shown(4, of: one) == [.text("zero one two"), .text("one two three")])
    #expect(try one.replica.review().map(\.field) == [4])
  }

  /// Two copies of one store, of which nobody knows, wrote under one name; one dropped its changesets against a server
  /// that was lost, and the new server took the other branch.
  @Test func whatACopyCompactedReachesTheTeam() async throws {
    let disk = CrashDisk()
    var one = try TestReplica(1, path: "a.db", vfs: disk.vfs)
    try one.put(1, .text("before the copy"), on: note)
    let other = disk.copy().restarted(damage: nil)
    one = try TestReplica(1, life: 1, path: "a.db", vfs: disk.vfs)
    let two = try TestReplica(1, life: 2, path: "a.db", vfs: other.vfs)
    try one.put(2, .text("by one"), on: note)
    try await one.sync(present)
    try two.put(3, .text("by two"), on: note)
    try two.put(1, .text("later"), on: note)
    try two.put(1, .text("to be deleted"), on: gone)
    try two.delete(gone)
    try await two.sync(former)
    #expect(try two.replica.compact() != nil)
    try two.put(5, .text("unsent"), on: note)
    try await level(one, two)
    for (field, text) in [(2, "by one"), (3, "by two"), (5, "unsent")] as [(FieldNumber, String)] {
      #expect(try shown(field, of: one) == [.text(text)])
    }
    #expect(try shown(1, of: one).contains(.text("later")))
    #expect(try one.replica.state(of: gone)?.isDeleted == true)
  }

  private func edit(_ one: TestReplica, to text: String) throws {
    let state = try #require(try one.replica.state(of: note, withTexts: true))
    let document = try #require(state.document(of: state[4]!.alive[0], in: 4))
    try one.commit(Operation(entity: note, kind: 1, .edit(4, document.edit(to: text)!)))
  }
}
