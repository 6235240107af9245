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
    let (annHere, bobThere) = (try DeviceReplica(ann), try DeviceReplica(bob))
    let (here, there) = (annHere.replica, bobThere.replica)
    var written = 0
    var cuts = 0
    var failures = 0
    var point = 1
    while true {
      // Something to send and something to fetch.
      try annHere.write(UInt64(1000 + written), "note \(1000 + written)")
      try bobThere.write(UInt64(500_000 + written), "note \(500_000 + written)")
      written += 2
      try await bobThere.sync()
      let before = try here.held()
      proxy.set(
        CuttingProxy.Cut(
          up: goesUp ? point : .max, down: goesUp ? .max : point, isReset: isReset))
      var isDone = false
      do {
        try await annHere.sync(through: proxy.port)
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
      try await annHere.sync(through: proxy.port)
      #expect(try here.unsentCount() == 0)
      cuts += 1
      if isDone, (goesUp ? passed.up : passed.down) < point { break }
      point += Self.stride
    }
    try await bobThere.sync()
    #expect(try here.held() == there.held())
    #expect(try here.identity().cursor == there.identity().cursor)
    #expect(try here.identity().cursor.position == written)
    #expect(try here.deviations().isEmpty && there.deviations().isEmpty)
    #expect(failures > 20, "of \(cuts) cuts only \(failures) were felt")
    try server.admin("check")
    print("cuts \(goesUp ? "up" : "down"): \(cuts), felt: \(failures)")
  }
}
