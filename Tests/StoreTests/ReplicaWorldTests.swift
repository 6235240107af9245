import ChangeLog
import ReplicaStore
import SQLite
import Testing

import class Foundation.FileManager
import class Foundation.ProcessInfo

/// A whole team with a server, in a world where everything goes wrong: lines break, servers are rolled back
/// or replaced, devices are restored from backups and cloned. What anybody still has somewhere stays.
@Suite struct ReplicaWorldTests {
  private static let count =
    ProcessInfo.processInfo.environment["WORLDS"].flatMap(UInt64.init) ?? 60

  @Test(arguments: 0..<UInt64(4))
  func nothingThatAnybodyStillHasIsLost(share: UInt64) async throws {
    for seed in stride(from: share, to: Self.count, by: 4) {
      let world = try World(seed: seed)
      for _ in 0..<25 { try await world.step() }
      try await world.heal()
    }
  }
}

private final class World {
  private var dice: ReplicaDice
  private let seed: UInt64
  private let folder: TestFolder
  private let server = ReplicaServer()
  private var devices: [Device] = []
  private var backups: [(path: String, key: UInt64)] = []
  private var files = 0
  private var servers: UInt64 = 1
  private var written: Int64 = 0
  /// Every value that was acknowledged and is still somewhere.
  private var census: Set<Value> = []
  private let entities = (1...2).map { EntityID(high: 0, low: $0) }

  private struct Device {
    let key: UInt64
    let path: String
    let replica: TestReplica
  }

  init(seed: UInt64) throws {
    self.seed = seed
    dice = ReplicaDice(seed &+ 77)
    folder = try TestFolder()
    for key in 1...3 as ClosedRange<UInt64> { try open(key, newPath()) }
  }

  private func newPath() -> String {
    files += 1
    return folder.path + "/\(files)"
  }

  private func open(_ key: UInt64, _ path: String) throws {
    files += 1
    let replica = try TestReplica(key, life: seed << 16 | UInt64(files), path: path)
    // A rollback journal on the disk's time is not what is tested here.
    try replica.replica.connection.execute("PRAGMA synchronous = OFF")
    devices.append(Device(key: key, path: path, replica: replica))
  }

  func step() async throws {
    let place = dice.below(devices.count)
    let device = devices[place]
    switch dice.below(20) {
    case 0..<9: try write(on: device)
    case 9..<14: await sync(device)
    case 14:
      files += 1
      let path = folder.path + "/\(files)"
      try device.replica.replica.connection.backup(to: path)
      backups.append((path, device.key))
    case 15: try await restore()
    case 16 where devices.count < 5:
      let path = newPath()
      try device.replica.replica.connection.backup(to: path)
      try open(device.key, path)
    case 17:
      try await server.rollBack(to: dice.below(await server.head.position + 1))
      try await count()
    case 18 where dice.chance(30):
      servers += 1
      await server.replace(by: servers)
      try await count()
    default: try passOn(from: place)
    }
  }

  private func write(on device: Device, isPut: Bool = false) throws {
    device.replica.wall = device.replica.wall &+ UInt64(dice.below(2000))
    written += 1
    let entity = entities[dice.below(entities.count)]
    let field = FieldNumber(1 + dice.below(2))
    if !isPut, dice.chance(20),
      let logged = try device.replica.replica.latest(5).randomElement(using: &dice)
    {
      try device.replica.undo(logged)
    } else if !isPut, dice.chance(10) {
      try device.replica.delete(entity)
    } else {
      try device.replica.put(field, .int(written), on: entity)
      census.insert(.int(written))
    }
  }

  private func sync(_ device: Device) async {
    if dice.chance(30) { await server.lose(answer: 1 + dice.below(3)) }
    if dice.chance(30) { await server.lose(request: 1 + dice.below(3)) }
    // A line that is cut is tried again later.
    _ = try? await device.replica.sync(server, as: "\(device.key)", pageSize: 1 << dice.below(12))
  }

  /// A disk dies; the device goes on from a backup.
  private func restore() async throws {
    guard let backup = backups.randomElement(using: &dice) else { return }
    guard let place = devices.firstIndex(where: { $0.key == backup.key }) else { return }
    let path = newPath()
    try FileManager.default.copyItem(atPath: backup.path, toPath: path)
    devices.remove(at: place)
    try open(backup.key, path)
    try await count()
  }

  /// By hand, without the server: only what the server has too, or a fork would travel.
  private func passOn(from place: Int) throws {
    let bundle = try devices[place].replica.positions().keys
    let log = try devices[place].replica.log().filter { bundle.contains($0.id) }
    try devices[dice.below(devices.count)].replica.replica.receive(log)
  }

  /// What nobody has any more cannot be asked for.
  private func count() async throws {
    var there = try values(in: try await server.changesets)
    for device in devices {
      there.formUnion(try values(in: device.replica.log() + device.replica.quarantined()))
    }
    census.formIntersection(there)
  }

  private func values(in log: [Changeset]) throws -> Set<Value> {
    Set(
      try log.flatMap { try $0.decodedBody(TestReplica.keys).operations.compactMap(\.action.value) }
    )
  }

  func heal() async throws {
    await server.mendLines()
    for device in devices { try write(on: device, isPut: true) }
    for _ in 0..<3 {
      for device in devices { try await device.replica.sync(server, as: "\(device.key)") }
    }
    let changesets = try await server.changesets
    let expected = try ReplicaPicture(of: changesets)
    // Of two branches of a copied store the server has one; the other is kept where it was.
    let kept = try devices.flatMap { try $0.replica.quarantined() }
    let there = try values(in: changesets + kept)
    try #require(there.isSuperset(of: census), "seed \(seed): lost \(census.subtracting(there))")
    let head = await server.head
    for (place, device) in devices.enumerated() {
      let one = device.replica
      let isSame = try one.picture() == expected
      try #require(isSame, "seed \(seed), device \(place) differs")
      try #require(try Set(one.log()) == Set(changesets), "seed \(seed), device \(place)")
      try #require(try one.identity.cursor == head, "seed \(seed), device \(place)")
      try #require(try one.replica.unsentCount() == 0, "seed \(seed), device \(place)")
      try #require(try one.replica.deviations().isEmpty, "seed \(seed), device \(place)")
      try one.replica.checkLog()
    }
    let writers = Set(try devices.map { try $0.replica.identity.head.writer })
    try #require(writers.count == devices.count, "seed \(seed): two devices under one name")
  }
}
