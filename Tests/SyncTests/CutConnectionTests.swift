import ChangeLog
import Foundation
import ReplicaStore
import SQLite
import SyncClient
import Testing

/// The connection is cut at any byte of a push and a pull, in either direction: each ends in nothing or in the
/// whole, the next sync makes it good, and nothing is there twice.
@Suite("A connection that is cut")
struct CutConnectionTests {
  /// Every so many bytes; `CUTS=1` tries each.
  private static let stride =
    ProcessInfo.processInfo.environment["CUTS"].flatMap { Int($0) } ?? 7

  private static func replica(_ key: DeviceKey, _ workspace: WorkspaceID) throws -> Replica {
    let connection = try Connection(path: ":memory:")
    let surroundings = Surroundings(
      now: { 1_700_000_000_000 }, random: { UInt64.random(in: 0 ... .max) })
    try Replica.create(
      in: connection, workspace: workspace, key: key, surroundings: surroundings)
    return try Replica(
      connection: connection, key: key, surroundings: surroundings, projection: NoProjection())
  }

  private static func write(_ replica: Replica, _ number: Int) throws {
    let note = EntityID(high: 1, low: UInt64(number))
    try replica.commit(
      "note", [Operation(entity: note, kind: 1, .put(1, .text("note \(number)"), replacing: []))])
  }

  private static func sync(
    _ replica: Replica, through port: UInt16, _ device: TestDevice
  ) async throws {
    let address = try ServerAddress("http://127.0.0.1:\(port)")
    try await HTTPRemote.session(
      with: address, trusting: .authorities(file: nil), showing: device.joined.token
    ) { _ = try await SyncSession(replica, with: $0).run() }
  }

  @Test(
    "Nothing is lost and nothing doubled, wherever it is cut", arguments: [true, false],
    [false, true])
  func cut(goesUp: Bool, isReset: Bool) async throws {
    let server = try ServerUnderTest()
    try server.admin("user", "add", "bob")
    let ann = try server.join(server.firstInvite, as: Author(1))
    let bob = try server.join(server.invite("bob"), as: Author(2))
    let proxy = try CuttingProxy(to: server.port)
    defer { proxy.close() }
    let here = try Self.replica(ann.author.key, ann.workspace)
    let there = try Self.replica(bob.author.key, ann.workspace)
    var written = 0
    var cuts = 0
    var failures = 0
    var point = 1
    while true {
      // Something to send and something to fetch.
      try Self.write(here, 1000 + written)
      try Self.write(there, 500_000 + written)
      written += 2
      try await Self.sync(there, through: server.port, bob)
      let before = try here.held()
      proxy.set(
        CuttingProxy.Cut(
          up: goesUp ? point : .max, down: goesUp ? .max : point, isReset: isReset))
      var isDone = false
      do {
        try await Self.sync(here, through: proxy.port, ann)
        isDone = true
      } catch is SyncError { failures += 1 }
      // A page is there with its cursor, or neither is.
      let cursor = try here.identity().cursor
      let placed = try here.connection.first(
        "SELECT count(*) FROM changeset WHERE position IS NOT NULL"
      ) { $0.int(0) }
      #expect(placed == cursor.position)
      #expect(try here.held().all.count >= before.all.count)
      #expect(try here.waitingCount() == 0)
      let passed = proxy.bytes
      proxy.set(CuttingProxy.Cut())
      try await Self.sync(here, through: proxy.port, ann)
      #expect(try here.unsentCount() == 0)
      cuts += 1
      if isDone, (goesUp ? passed.up : passed.down) < point { break }
      point += Self.stride
    }
    try await Self.sync(there, through: server.port, bob)
    #expect(try here.held() == there.held())
    #expect(try here.identity().cursor == there.identity().cursor)
    #expect(try here.identity().cursor.position == written)
    #expect(try here.deviations().isEmpty && there.deviations().isEmpty)
    #expect(failures > 20, "of \(cuts) cuts only \(failures) were felt")
    try server.admin("check")
    print("cuts \(goesUp ? "up" : "down"): \(cuts), felt: \(failures)")
  }
}
