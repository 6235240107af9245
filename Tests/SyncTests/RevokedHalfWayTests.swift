import ChangeLog
import ReplicaStore
import Testing

@testable import SyncServer

/// A device that is revoked between two exchanges of one session.
@Suite("Revoked half way")
struct RevokedHalfWayTests {
  private static let count = 4

  /// Ann wrote four notes, which come to Bob one a page; Bob has one note for her, which goes up with his first request.
  @Test("What was read page by page before stays, no page comes after", arguments: 0...count)
  func pull(exchanges: Int) async throws {
    let team = try MembershipTeam()
    let (ann, bob, cleo) = try (team.machine("ann"), team.machine("bob"), team.machine("cleo"))
    let notes = (1...Self.count).map { "note \($0)" }
    for (number, note) in notes.enumerated() { try ann.write(UInt64(number), note) }
    try await ann.sync()
    try bob.write(100, "bob's")
    let remote = RevokingRemote(bob, after: exchanges, pageSize: 1)
    await #expect(throws: Refusal.self) { try await SyncSession(bob.replica, with: remote).run() }
    #expect(remote.count == exchanges + 1)
    let read = Array(notes.prefix(exchanges))
    #expect(try bob.texts() == read + ["bob's"])
    #expect(try bob.replica.identity().cursor.position == exchanges)
    let isSent = exchanges > 0
    // It has its place in the log, which Bob did not get to read.
    try await cleo.sync()
    #expect(try cleo.texts() == notes + (isSent ? ["bob's"] : []))
    try expectSound([bob, cleo])
  }

  /// Bob has five large notes, two of which fill a request.
  @Test("What was taken request by request before stays, the rest waits", arguments: 0..<3)
  func push(exchanges: Int) async throws {
    let team = try MembershipTeam()
    let (bob, cleo) = try (team.machine("bob"), team.machine("cleo"))
    let size = 1_400_000
    for number in 1...5 {
      try bob.replica.commit(
        "note",
        [
          Operation(
            entity: EntityID(high: 1, low: UInt64(number)), kind: 1,
            .put(1, .bytes([UInt8](repeating: UInt8(number), count: size)), replacing: []))
        ])
    }
    // A page that names all of a request.
    let remote = RevokingRemote(bob, after: exchanges, pageSize: 8 << 20)
    await #expect(throws: Refusal.self) { try await SyncSession(bob.replica, with: remote).run() }
    let taken = 2 * exchanges
    #expect(try bob.replica.unsentCount() == 5 - taken)
    #expect(try bob.replica.identity().cursor.position == taken)
    try await cleo.sync()
    #expect(try cleo.numbers() == (0..<taken).map { UInt64($0 + 1) })
    #expect(try bob.numbers() == [1, 2, 3, 4, 5])
    try expectSound([bob, cleo])
  }

  private func expectSound(_ machines: [MembershipMachine]) throws {
    for one in machines {
      #expect(try one.replica.waitingCount() == 0, "\(one.name)")
      #expect(try one.replica.refused().isEmpty, "\(one.name)")
      #expect(try one.replica.deviations().isEmpty, "\(one.name)")
      try one.replica.checkLog()
    }
  }
}

/// The way to the server of a machine that is revoked after so many exchanges.
private final class RevokingRemote: Remote, @unchecked Sendable {
  // One test uses it, one thing after another.
  private let remote: MembershipRemote
  private let name: String
  private let limit: Int
  private let pageSize: Int
  private(set) var count = 0

  /// - Parameter pageSize: how much it asks for at a time.
  init(_ machine: MembershipMachine, after limit: Int, pageSize: Int) {
    (remote, name) = (machine.remote, machine.name)
    (self.limit, self.pageSize) = (limit, pageSize)
  }

  func exchange(_ request: SyncRequest) async throws -> SyncResponse {
    if count == limit { try remote.team.revoke(name) }
    count += 1
    var request = request
    request.pageSize = pageSize
    return try await remote.exchange(request)
  }
}

extension MembershipMachine {
  /// The numbers of the notes that are shown, in order.
  fileprivate func numbers() throws -> [UInt64] {
    var numbers: [UInt64] = []
    try replica.forEachState { id, _ in numbers.append(UInt64(id.bytes[15])) }
    return numbers.sorted()
  }
}
