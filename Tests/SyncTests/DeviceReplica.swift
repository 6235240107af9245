import ChangeLog
import ReplicaStore
import SQLite
import SyncClient

/// A device that joined with a store of its own, in memory, as a person's machine has one.
struct DeviceReplica {
  let replica: Replica
  var device: TestDevice

  init(_ device: TestDevice) throws {
    self.device = device
    let connection = try Connection(path: ":memory:")
    let surroundings = Surroundings(
      now: { 1_700_000_000_000 }, random: { UInt64.random(in: 0 ... .max) })
    try Replica.create(
      in: connection, workspace: device.workspace, key: device.author.key,
      surroundings: surroundings)
    replica = try Replica(
      connection: connection, key: device.author.key, surroundings: surroundings,
      projection: NoProjection())
  }

  func write(_ number: UInt64, _ text: String) throws {
    let note = EntityID(high: 1, low: number)
    try replica.commit(
      "note", [Operation(entity: note, kind: 1, .put(1, .text(Text(text)), replacing: []))])
  }

  /// All that is shown, by record.
  func texts() throws -> [String] { try replica.texts() }

  /// - Parameters:
  ///   - port: another way to the server, or another server.
  ///   - snapshotDistance: as of ``ReplicaStore/SyncSession``.
  @discardableResult
  func sync(
    through port: UInt16? = nil, snapshotDistance: Int = 10_000
  ) async throws -> SyncSession.Report {
    let address = try ServerAddress("http://127.0.0.1:\(port ?? device.server.port)")
    return try await HTTPRemote.session(
      with: address, trusting: .authorities(file: nil), showing: device.joined.token
    ) { try await SyncSession(replica, with: $0, snapshotDistance: snapshotDistance).run() }
  }
}

extension Replica {
  /// All texts that are shown, by record.
  func texts() throws -> [String] {
    var texts: [String] = []
    try forEachState { _, state in
      for field in state.fields {
        for value in field.alive {
          if case .text(let text) = value.value { texts.append(text.string) }
        }
      }
    }
    return texts
  }
}
