import ChangeLog
import Foundation
import ReplicaStore
import Testing

@testable import LogStore

/// A log may begin with a snapshot: then nothing is missed that the changesets would have told.
@Suite struct SnapshotTests {
  private let note = EntityID(high: 1, low: 1)

  /// Compacted, then read, is read: whatever was written, wherever the snapshot is made.
  @Test func aCompactedLogReadsAsTheWholeOne() async throws {
    for seed in 0..<30 as Range<UInt64> {
      let team = try await Team(seed: seed)
      let one = team.devices[0]
      let before = try one.picture()
      let texts = try one.texts()
      let position = await team.server.head.position
      #expect(try one.replica.compact() == position)
      #expect(try one.log().isEmpty)
      try team.demandSame(one, before, texts)
      try one.replica.rebuild()
      try team.demandSame(one, before, texts)
      // And everything goes on: on top of it, and for others through it.
      for _ in 0..<4 { try await team.round() }
      try await team.level()
      try team.demandAllSame()
      #expect(try one.picture() == ReplicaPicture(of: team.all()))
    }
  }

  /// A device that comes late begins with the snapshot, goes on with the tail, and holds what all hold.
  @Test func aNewDeviceBeginsWithTheSnapshot() async throws {
    for (seed, isCompacted) in [(1, false), (2, true), (3, true)] as [(UInt64, Bool)] {
      let team = try await Team(seed: seed)
      try await team.keepSnapshot()
      if isCompacted { await team.server.compact() }
      let position = await team.server.head.position
      for _ in 0..<3 { try await team.round() }
      try await team.level()
      let late = try TestReplica(90 + seed)
      let report = try await late.sync(team.server)
      #expect(try late.picture() == team.devices[0].picture())
      #expect(try late.texts() == team.devices[0].texts())
      let end = await team.server.head.position
      #expect(try late.log().count == end - position)
      #expect(report.received == end)
      #expect(try late.replica.deviations().isEmpty)
      try late.replica.checkLog()
      try late.put(1, .text("I am new"), on: note)
      team.devices.append(late)
      try await team.level()
      try team.demandAllSame()
    }
  }

  /// Years later a device comes back to a log whose beginning is gone, with work that it never sent.
  @Test func aDeviceThatWasAwayForYearsBringsItsUnsentWork() async throws {
    for seed in 0..<10 as Range<UInt64> {
      let team = try await Team(seed: seed)
      let away = team.devices.removeLast()
      let words = ["what I noted on the plane", "and in the hotel"]
      try away.put(1, .text(words[0]), on: note)
      try away.add(3, .text(words[1]), on: note)
      for _ in 0..<8 { try await team.round() }
      try await team.level()
      try await team.keepSnapshot()
      await team.server.compact()
      for _ in 0..<2 { try await team.round() }
      away.wall += 2 * 365 * 86_400_000
      let report = try await away.sync(team.server)
      #expect(report.sent == 2)
      let values = try away.replica.state(of: note)!.fields.flatMap(\.alive).map(\.value)
      for word in words { #expect(values.contains(.text(word)), "\(word), seed \(seed)") }
      // What it had before is still its history.
      #expect(try away.replica.history(of: note).count > 2)
      team.devices.append(away)
      try await team.level()
      try team.demandAllSame()
    }
  }

  /// Nobody has the first changesets any more but in a snapshot, and the server is lost.
  @Test func anEmptyServerIsGivenTheSnapshotThatEverybodyBeginsWith() async throws {
    let team = try await Team(seed: 5)
    for one in team.devices { #expect(try one.replica.compact() != nil) }
    for _ in 0..<3 { try await team.round() }
    try await team.level()
    let expected = try team.devices[0].picture()
    await team.server.replace(by: 2)
    try await team.level()
    try team.demandAllSame()
    #expect(try team.devices[0].picture() == expected)
    let late = try TestReplica(99)
    try await late.sync(team.server)
    #expect(try late.picture() == expected)
  }

  @Test func aSnapshotTravelsInABundleToWhoeverLacksIt() async throws {
    let team = try await Team(seed: 6)
    let (one, other) = (team.devices[0], team.devices[1])
    _ = try one.replica.compact()
    try one.put(1, .text("after"), on: note)
    let late = try TestReplica(98)
    for bytes in try one.replica.bundles(beyond: VersionVector(), maker: "one") {
      try late.replica.take(Bundle(decoding: bytes))
    }
    #expect(try late.picture() == one.picture())
    #expect(try late.replica.waitingCount() == 0)
    // Who has it all is not sent it again.
    let small = try Bundle(
      decoding: one.replica.bundles(beyond: other.replica.held(), maker: "one")[0])
    #expect(small.snapshot == nil && small.changesets.count == 1)
    // And the two ways meet.
    try await late.sync(team.server)
    team.devices.append(late)
    try await team.level()
    try team.demandAllSame()
  }

  @Test func whatIsTakenBackAfterASnapshotComesBackFromIt() async throws {
    let server = ReplicaServer()
    let ann = try TestReplica(1)
    try ann.put(1, .text("before"), on: note)
    try ann.add(3, .text("topic"), on: note)
    try ann.commit(Operation(entity: note, kind: 1, .write(4, Text("long words"), replacing: [])))
    try await ann.sync(server)
    let former = try ann.picture()
    #expect(try ann.replica.compact() == 3)
    let changes = try [
      ann.put(1, .text("after"), on: note), ann.remove(3, .text("topic"), from: note),
      ann.commit(
        Operation(
          entity: note, kind: 1,
          .write(
            4, Text("other words"), replacing: ann.replica.state(of: note)![4]!.alive[0].changes))),
      ann.delete(note),
    ]
    for change in changes.reversed() { #expect(try ann.undo(change).skipped.isEmpty) }
    func values(_ picture: ReplicaPicture) -> [[Value]] {
      picture.entities[note]!.fields.map(\.distinctValues)
    }
    #expect(try values(ann.picture()) == values(former))
    #expect(try ann.replica.state(of: note)?.isDeleted == false)
  }

  /// Whoever has unsent or waiting work, or does not understand all, makes none.
  @Test func aSnapshotIsMadeOnlyOfWhatEverybodyHas() async throws {
    let server = ReplicaServer()
    let ann = try TestReplica(1)
    #expect(try ann.replica.makeSnapshot() == nil)
    try ann.put(1, .int(1), on: note)
    #expect(try ann.replica.makeSnapshot() == nil)
    try await ann.sync(server)
    #expect(try ann.replica.makeSnapshot()?.position == 1)
    try ann.commit(Operation(entity: note, kind: 1, .unknown(code: 77, [1])))
    try await ann.sync(server)
    #expect(try ann.replica.makeSnapshot() == nil)
    #expect(try ann.replica.compact() == nil)
  }

  @Test func aSnapshotThatWasChangedInAnyByteIsRefused() async throws {
    let team = try await Team(seed: 7)
    let snapshot = try #require(try team.devices[0].replica.makeSnapshot())
    let bytes = try SignedSnapshot.encode(snapshot, signedBy: team.devices[0].key)
    #expect(try SignedSnapshot(decoding: bytes).snapshot == snapshot)
    for place in bytes.indices {
      var changed = bytes
      changed[place] ^= 1 << UInt8(place % 8)
      #expect(throws: FormatError.self) { try SignedSnapshot(decoding: changed) }
      #expect(throws: FormatError.self) { try SignedSnapshot(decoding: Array(bytes[..<place])) }
    }
  }

  @Test func aSealedSnapshotIsReadWithItsKeyOnlyAndToTheLastByte() async throws {
    let team = try await Team(seed: 7)
    let snapshot = try #require(try team.devices[0].replica.makeSnapshot())
    let key = EpochKey(bytes: Array(0..<32))
    func encoded() throws -> [UInt8] {
      try SignedSnapshot.encode(snapshot, signedBy: team.devices[0].key, seal: (3, key))
    }
    let bytes = try encoded()
    #expect(try encoded() == bytes)
    var keys = Keyring()
    #expect(throws: FormatError.sealed(epoch: 3)) { try SignedSnapshot(decoding: bytes) }
    keys.add(EpochKey(bytes: Array(1..<33)), of: 3, seals: true)
    #expect(throws: FormatError.self) { try SignedSnapshot(decoding: bytes, keys) }
    // What a log must know is there without.
    let names = try SignedSnapshot(decoding: bytes, withEntities: false).snapshot
    #expect(names.entries == snapshot.entries && names.writers == snapshot.writers)
    #expect(names.entities.isEmpty)
    keys.add(key, of: 3, seals: false)
    #expect(try SignedSnapshot(decoding: bytes, keys).snapshot == snapshot)
    for place in bytes.indices {
      var changed = bytes
      changed[place] ^= 1 << UInt8(place % 8)
      #expect(throws: FormatError.self) { try SignedSnapshot(decoding: changed, keys) }
    }
  }

  /// Two replicas that hold the same make the same snapshot: it depends on the log alone.
  @Test func everybodyMakesTheSameSnapshot() async throws {
    for seed in 10..<16 as Range<UInt64> {
      let team = try await Team(seed: seed)
      let all = try team.devices.map { try $0.replica.makeSnapshot() }
      #expect(all[0] != nil && Set(all).count == 1)
    }
  }
}

/// A few devices that write at random and sync.
private final class Team {
  var devices: [TestReplica]
  let server = ReplicaServer()
  private var dice: ReplicaDice
  private var count = 0

  init(seed: UInt64) async throws {
    dice = ReplicaDice(seed)
    devices = try (1...3 as ClosedRange<UInt64>).map { try TestReplica($0, life: seed) }
    for _ in 0..<6 { try await round() }
    try await level()
  }

  func round() async throws {
    for one in devices {
      for _ in 0..<1 + dice.below(3) { try write(on: one) }
      if dice.chance(60) { try await one.sync(server) }
    }
  }

  func level() async throws {
    for _ in 0..<3 {
      for one in devices { try await one.sync(server) }
    }
  }

  func keepSnapshot() async throws {
    let line = ReplicaLine(server: server, device: devices[0].key.publicKey.bytes.description)
    _ = try await SyncSession(devices[0].replica, with: line, snapshotDistance: 1).run()
    let (kept, head) = (await server.snapshot, await server.head)
    #expect(kept?.position == head.position)
  }

  private func write(on one: TestReplica) throws {
    count += 1
    one.wall = one.wall &+ UInt64(dice.below(5000))
    let entity = EntityID(high: 1, low: UInt64(1 + dice.below(2)))
    switch dice.below(8) {
    case 0: try one.add(3, .text("t\(count)"), on: entity)
    case 1: try one.delete(entity)
    case 2...4:
      let state = try one.replica.state(of: entity, withTexts: true)
      guard let state, let value = state[4]?.alive.randomElement(using: &dice),
        let document = state.document(of: value, in: 4),
        let edit = document.edit(to: "w\(count) " + document.text)
      else {
        let replaced = state?[4]?.alive.flatMap(\.changes) ?? []
        try one.commit(
          Operation(
            entity: entity, kind: 1, .write(4, Text("text \(count)"), replacing: replaced)))
        return
      }
      try one.commit(Operation(entity: entity, kind: 1, .edit(4, edit)))
    default: try one.put(FieldNumber(1 + dice.below(2)), .int(Int64(count)), on: entity)
    }
  }

  func all() throws -> [Changeset] {
    var all: [ChangesetID: Changeset] = [:]
    for one in devices { for changeset in try one.log() { all[changeset.id] = changeset } }
    return Array(all.values)
  }

  func demandSame(
    _ one: TestReplica, _ picture: ReplicaPicture, _ texts: [EntityID: [TextDocument]]
  ) throws {
    #expect(try one.picture() == picture)
    #expect(try one.texts() == texts)
    #expect(try one.replica.deviations().isEmpty)
    try one.replica.checkLog()
  }

  func demandAllSame() throws {
    for one in devices {
      try demandSame(one, devices[0].picture(), devices[0].texts())
      #expect(try one.names() == devices[0].names())
      #expect(try one.replica.unsentCount() == 0)
    }
  }
}
