import ChangeLog
import ReplicaStore

/// Bundles and shared folders, and machines whose clocks jump.
extension Simulation {
  func bundle(from device: SimulatedDevice, _ dice: inout ReplicaDice) throws {
    let other = devices[dice.below(devices.count)]
    let known =
      dice.chance(50)
      ? VersionVector() : try device.replica.replica.receipt(of: other.name) ?? VersionVector()
    for bytes in try device.replica.replica.bundles(beyond: known, maker: device.name) {
      try unlessOtherwiseBegun { try other.replica.replica.take(Bundle(decoding: bytes)) }
    }
    try other.acknowledge()
  }

  func shareFolder(_ device: SimulatedDevice, _ dice: inout ReplicaDice) throws {
    let replica = device.replica.replica
    for (name, bytes) in folder.shuffled(using: &dice) where dice.chance(80) {
      if try replica.hasRead(name, inFolder: "f") { continue }
      try unlessOtherwiseBegun {
        _ = try replica.take(Bundle(decoding: bytes), named: name, inFolder: "f")
      }
    }
    for bytes in try replica.bundles(beyond: replica.held(inFolder: "f"), maker: device.name)
    where try !Bundle(decoding: bytes).changesets.isEmpty {
      let name = "\(device.name)-\(folder.count)"
      folder.append((name, bytes))
      if dice.chance(80) {
        _ = try replica.take(Bundle(decoding: bytes), named: name, inFolder: "f")
      }
    }
    try device.acknowledge()
  }

  /// A bundle of a log that begins with another snapshot is not taken; the others are.
  private func unlessOtherwiseBegun(_ take: () throws -> Void) throws {
    do { try take() } catch ReplicaError.otherBeginning {}
  }

  func moveClock(of device: SimulatedDevice, _ dice: inout ReplicaDice) {
    let year: UInt64 = 365 * 86400 * 1000
    switch dice.below(6) {
    case 0: device.moveClock(to: device.clock &+ 10 * year)
    case 1: device.moveClock(to: device.clock > 20 * year ? device.clock - 20 * year : 0)
    case 2: device.moveClock(to: [0, .max, 1 << 48, SimulatedDevice.start][dice.below(4)])
    default: device.moveClock(to: device.clock &+ UInt64(dice.below(100_000)))
    }
  }
}
