import ChangeLog
import LogStore
import ReplicaStore
import SQLite
import Testing

/// Every way to exchange changesets does the same: all that anybody wrote arrives, once, whatever order things
/// happen in and however often.
@Suite struct ExchangeContractTests {
  enum Way: CaseIterable, Sendable {
    /// A remote's log.
    case log
    /// A bundle of everything, from one to another.
    case wholeBundle
    /// A bundle of what the receiver lacks by its last receipt.
    case smallBundle
    /// A folder that all share.
    case folder
    /// Sometimes this, sometimes that.
    case mixed
  }

  @Test(arguments: Way.allCases)
  func allThatAnybodyWroteArrives(_ way: Way) async throws {
    for seed in 1...12 as ClosedRange<UInt64> {
      let team = try Crew(seed: seed)
      for _ in 0..<30 {
        if team.dice.chance(50) { try team.write() } else { try await team.exchange(way) }
      }
      for _ in 0..<4 { try await team.exchangeAll(way) }
      let expected = try ReplicaPicture(of: team.written)
      for (place, one) in team.all.enumerated() {
        try #require(try one.picture() == expected, "\(way), seed \(seed), device \(place)")
        try #require(try one.log().count == team.written.count)
        try #require(try one.replica.waitingCount() == 0)
        try #require(try one.replica.missing().isEmpty)
        try #require(try one.replica.deviations().isEmpty)
        try one.replica.checkLog()
      }
    }
  }

  @Test func theBundleForSomebodyHoldsOnlyWhatTheyLack() throws {
    let crew = try Crew(seed: 1)
    let (ann, ben) = (crew.all[0], crew.all[1])
    for number in 0..<5 as Range<Int64> { try ann.put(1, .int(number), on: crew.note) }
    func changesets(_ from: TestReplica, to name: String) throws -> Int {
      let known = try from.replica.receipt(of: name) ?? VersionVector()
      return try from.replica.bundles(beyond: known, maker: "x").reduce(0) {
        $0 + (try Bundle(decoding: $1).changesets.count)
      }
    }
    #expect(try changesets(ann, to: "ben") == 5)
    let first = try ann.replica.bundles(beyond: VersionVector(), maker: "Ann on laptop")
    try ben.replica.take(Bundle(decoding: first[0]))
    try ben.put(2, .int(1), on: crew.note)
    // Ann's bundle told ben what she has.
    #expect(try changesets(ben, to: "ann") == 1)
    let back = try ben.replica.bundles(
      beyond: ben.replica.receipt(of: "ann")!, maker: "Ben on desk")
    try ann.replica.take(Bundle(decoding: back[0]))
    #expect(try changesets(ann, to: "ben") == 0)
    try ann.put(1, .int(9), on: crew.note)
    #expect(try changesets(ann, to: "BEN") == 1)
    // An older bundle of his that comes again takes nothing back.
    try ann.replica.take(Bundle(decoding: back[0]))
    #expect(try changesets(ann, to: "desk") == 1)
    #expect(try ann.replica.receipt(of: "cem") == nil)
  }

  @Test func aBundleThatComesBeforeItsCausesWaitsAndSaysForWhat() throws {
    let crew = try Crew(seed: 1)
    let (ann, ben, cem) = (crew.all[0], crew.all[1], crew.all[2])
    try ann.put(1, .int(1), on: crew.note)
    try ann.put(1, .int(2), on: crew.note)
    let early = try ann.replica.held()
    try ben.replica.take(
      Bundle(decoding: ann.replica.bundles(beyond: VersionVector(), maker: "ann")[0]))
    try ben.put(1, .int(3), on: crew.note)
    let late = try ben.replica.bundles(beyond: early, maker: "ben")
    let received = try cem.replica.take(Bundle(decoding: late[0]))
    #expect(received.applied == 0)
    let missing = try cem.replica.missing()
    #expect(missing.map(\.writer) == [try ann.identity.head.writer])
    #expect(missing.map(\.sequences) == [1...2])
    try cem.replica.take(
      Bundle(decoding: ann.replica.bundles(beyond: VersionVector(), maker: "ann")[0]))
    #expect(try cem.replica.missing().isEmpty)
    #expect(try cem.picture() == ben.picture())
  }

  @Test func aBundleOfAnotherWorkspaceChangesNothing() throws {
    let crew = try Crew(seed: 1)
    let other = try TestReplica(9, workspace: WorkspaceID(high: 1, low: 2))
    try other.put(1, .int(1), on: crew.note)
    let bundle = try Bundle(
      decoding: other.replica.bundles(beyond: VersionVector(), maker: "eve")[0])
    #expect(throws: ReplicaError.otherWorkspace) { try crew.all[0].replica.take(bundle) }
    #expect(try crew.all[0].log().isEmpty)
    #expect(try crew.all[0].replica.receipt(of: "eve") == nil)
  }
}

/// Three devices and all the ways between them.
private final class Crew {
  var dice: ReplicaDice
  let all: [TestReplica]
  private(set) var written: [Changeset] = []
  let note = EntityID(high: 1, low: 1)
  private let server = ReplicaServer()
  private var folder: [(name: String, bytes: [UInt8])] = []

  init(seed: UInt64) throws {
    dice = ReplicaDice(seed)
    all = try (1...3 as ClosedRange<UInt64>).map { try TestReplica($0, life: seed) }
  }

  func write() throws {
    let one = all[dice.below(3)]
    one.wall = one.wall &+ UInt64(dice.below(5000))
    let field = FieldNumber(1 + dice.below(2))
    let logged = try one.put(field, .int(Int64(written.count)), on: note)
    written.append(logged.changeset)
  }

  func exchange(_ way: ExchangeContractTests.Way) async throws {
    let from = dice.below(3)
    try await exchange(way, from: from, to: (from + 1 + dice.below(2)) % 3)
  }

  func exchangeAll(_ way: ExchangeContractTests.Way) async throws {
    for from in 0..<3 {
      for to in 0..<3 where to != from { try await exchange(way, from: from, to: to) }
    }
  }

  private func exchange(
    _ way: ExchangeContractTests.Way, from: Int, to: Int
  ) async throws {
    switch way {
    case .log:
      try await all[from].sync(server)
      try await all[to].sync(server)
    case .wholeBundle: try bundle(from, to, beyond: VersionVector())
    case .smallBundle:
      try bundle(from, to, beyond: all[from].replica.receipt(of: "device \(to)") ?? VersionVector())
    case .folder:
      try add(from)
      try readFolder(to)
    case .mixed:
      let ways: [ExchangeContractTests.Way] = [.log, .wholeBundle, .smallBundle, .folder]
      try await exchange(ways[dice.below(4)], from: from, to: to)
    }
  }

  private func bundle(_ from: Int, _ to: Int, beyond known: VersionVector) throws {
    for bytes in try all[from].replica.bundles(beyond: known, maker: "device \(from)") {
      try all[to].replica.take(Bundle(decoding: bytes))
    }
  }

  private func add(_ from: Int) throws {
    let replica = all[from].replica
    for bytes in try replica.bundles(beyond: replica.held(inFolder: "f"), maker: "device \(from)") {
      let name = "\(from)-\(folder.count)"
      folder.append((name, bytes))
      // The power goes before it is noted, now and then: it is added twice.
      if dice.chance(80) {
        _ = try replica.take(Bundle(decoding: bytes), named: name, inFolder: "f")
      }
    }
  }

  /// In any order.
  private func readFolder(_ to: Int) throws {
    for (name, bytes) in folder.shuffled(using: &dice)
    where try !all[to].replica.hasRead(name, inFolder: "f") {
      _ = try all[to].replica.take(Bundle(decoding: bytes), named: name, inFolder: "f")
    }
  }
}
