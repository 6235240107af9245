import ChangeLog
import CrashDisk
import DossierModel
import LogStore
import ReplicaStore
import SQLite

@testable import DossierStore

/// A team with a server in a world where everything goes wrong. After all of it the world heals, and then the
/// team must be level within a few syncs, with every word that anybody still had anywhere.
final class Simulation {
  struct Broken: Error, CustomStringConvertible {
    let description: String
  }

  private(set) var devices: [SimulatedDevice] = []
  private(set) var server: SimulatedServer
  private var servers: UInt64 = 1
  let outsider: SimulatedOutsider
  private var names = 0
  let seed: UInt64
  let isEncrypted: Bool
  /// All that anybody ever held.
  var keys = Keyring()
  var invites = 0
  private var backups: [(disk: CrashDisk, key: UInt64)] = []
  /// The server as it shows itself to some devices, under the same name: from a moment on another log.
  private(set) var otherFace: SimulatedServer?
  private var deceived: Set<String> = []
  /// Whether anybody may have been shown two logs of one name.
  private var isHonest = true
  private var serverBackup: (disk: CrashDisk, administrator: DeviceKey)?
  /// What lies in the folder that they share.
  var folder: [(name: String, bytes: [UInt8])] = []
  var marks = 0
  /// Every mark that was acknowledged and is still somewhere.
  var census: Set<String> = []
  /// What happened, for the one who looks for the reason.
  var trace: [String] = []
  private(set) var faults = 0
  /// Every changeset that was ever written, for what stands in snapshots by name only.
  var archive: [ChangesetID: Changeset] = [:]
  static let aliases = Field.aliases.number
  static let remark = Field.remark.number
  let entities = (1...2).map { EntityID(high: 0, low: UInt64($0)) }

  init(seed: UInt64, isEncrypted: Bool) async throws {
    self.seed = seed
    self.isEncrypted = isEncrypted
    server = try SimulatedServer(number: 1, isEncrypted: isEncrypted)
    outsider = try SimulatedOutsider()
    for key in 1...3 as ClosedRange<UInt64> { try await addDevice(key: key) }
  }

  private func addDevice(key: UInt64, disk: CrashDisk = CrashDisk()) async throws {
    names += 1
    devices.append(
      try SimulatedDevice(
        key: key, name: "device-\(names)", seed: seed &+ UInt64(names),
        bits: seed % 5 == 0 && !isEncrypted ? 4 : 64, disk: disk))
    if isEncrypted, names == 1 { return try found() }
    try await join(devices.last!)
    // A machine that never came in has no key to write with.
    if isEncrypted, try devices.last!.replica.replica.keyring().current == nil {
      devices.removeLast()
    }
  }

  /// A person brings a device in, when the server does not know it; where it is out for ever, nothing comes of it.
  func join(_ device: SimulatedDevice) async throws {
    do {
      if isEncrypted { return try await joinEncrypted(device) }
      guard let (entry, token) = try server.admit(device.replica.key, showing: device.token) else {
        return try device.replica.replica.trustMembership(with: server.foundation())
      }
      try device.replica.replica.trustMembership(with: entry)
      try keep(token, for: device)
    } catch is SimulatedServer.IsDown {
    } catch is SimulatedServer.Refused {
    } catch ReplicaError.otherBeginning {
    } catch is LogStore.StoreError { server.close() }
  }

  static func run(_ steps: [SimulatedStep], seed: UInt64) async throws -> Simulation {
    let simulation = try await Simulation(
      seed: seed, isEncrypted: steps.first?.kind == .encrypted)
    do {
      for step in steps { try await simulation.take(step) }
      try await simulation.heal()
    } catch {
      throw Broken(description: (["\(error)"] + simulation.trace).joined(separator: "\n  "))
    }
    return simulation
  }

  // MARK: Steps

  private func take(_ step: SimulatedStep) async throws {
    var dice = ReplicaDice(step.seed)
    let device = devices[dice.below(devices.count)]
    let before = try device.replica.identity.cursor
    trace.append("\(step) on \(device.name)")
    switch step.kind {
    case .write:
      try write(on: device, &dice)
      try device.acknowledge()
    case .sync: try await sync(device, &dice)
    case .bundle: try bundle(from: device, &dice)
    case .folder: try shareFolder(device, &dice)
    case .clock: moveClock(of: device, &dice)
    case .crashWriting, .diskFails:
      try await expect(
        device.suffer(
          fault(step.kind, &dice), at: 1 + dice.below(40), damage: generator(&dice),
          whileDoing: { try self.write(on: device, &dice) }), device)
    case .crashSyncing:
      try await expect(
        device.suffer(
          .powerLoss, at: 1 + dice.below(60), damage: generator(&dice),
          whileDoing: {
            _ = try await SyncSession(device.replica.replica, with: self.line(device)).run()
          }), device)
    case .crashServer:
      server.lose(at: 1 + dice.below(30))
      try await sync(device, &dice)
      try server.restart(damage: dice.chance(20) ? nil : generator(&dice))
      let lost = try server.lostAcknowledged()
      guard lost.isEmpty else { throw Broken(description: "the server lost \(lost.count)") }
      faults += 1
    case .reopen: try expect(device.reopen(), device)
    case .rebuild: try device.replica.replica.rebuild()
    case .backUp: backups.append((device.picture(), device.key))
    case .setBack: try setBack(&dice)
    case .copyDevice: try await copy(device, &dice)
    case .backUpServer:
      serverBackup = (server.disk.copy().restarted(damage: nil), server.administrator)
    case .setServerBack:
      guard let backup = serverBackup else { break }
      isHonest = false
      try replaceServer(on: backup.disk.copy(), administrator: backup.administrator)
    case .replaceServer:
      if dice.chance(30) { try replaceServer(on: CrashDisk(), administrator: nil) }
    case .newerProgram:
      // What only a later version understands travels like anything else.
      try device.replica.commit(
        Operation(
          entity: entities[dice.below(entities.count)], kind: 1,
          .unknown(code: 90 + UInt64(dice.below(3)), [1, 2, 3])))
      try device.acknowledge()
    case .snapshot: try await sync(device, &dice, snapshotDistance: 1)
    case .compactServer:
      try gather()
      try checkAuthors()
      try server.compact()
    case .compactDevice:
      try gather()
      _ = try device.replica.replica.compact()
      try device.acknowledge()
    case .newDevice:
      if devices.count < 6 {
        try await addDevice(key: UInt64(10 + devices.count))
        try await sync(devices.last!, &dice)
      }
    case .outsider:
      marks += 1
      try outsider.write(marks, on: entities[dice.below(entities.count)])
      try await outsider.sync(with: server)
      if dice.chance(50), let breach = try outsider.trespass(on: server) {
        throw Broken(description: breach)
      }
    case .splitView:
      isHonest = false
      otherFace =
        try otherFace
        ?? SimulatedServer(
          number: servers, disk: server.disk.copy().restarted(damage: nil),
          administrator: server.administrator, isEncrypted: isEncrypted, time: server.time)
      // Who says who belongs to the team does so on the server that all others know.
      if deceived.remove(device.name) == nil, !isEncrypted || !isOwners(device) {
        deceived.insert(device.name)
      }
      faults += 1
    case .role:
      if isEncrypted {
        try await changeRole(of: device, to: [.reader, .editor, nil][dice.below(3)])
      } else {
        try server.toggleRole(of: device.replica.key.publicKey)
      }
    case .revoke:
      // Somebody must be left to be level with.
      guard try server.keysIn(devices).count > 2, dice.chance(50) else { break }
      if !isEncrypted {
        try server.revoke(device.replica.key.publicKey)
      } else if !isOwners(device) {
        try await revokeEncrypted(device)
      }
    case .encrypted: break
    case .oldRequest:
      // A line brings a request again, hours later.
      if let old = server.past.randomElement(using: &dice) {
        _ = try? server.answer(old.bytes, from: old.device, key: old.key, showing: old.token)
        try server.mend()
      }
    }
    try gatherKeys()
    try checkKeys()
    let after = try device.replica?.identity.cursor ?? before
    let isSame = after.log == before.log || step.kind == .setBack
    if isSame, after.position < before.position, step.kind == .write || step.kind == .bundle {
      throw Broken(description: "the cursor went back")
    }
  }

  private func fault(_ kind: SimulatedStep.Kind, _ dice: inout ReplicaDice) -> CrashDisk.Fault {
    if kind == .crashWriting { return .powerLoss }
    return [
      .full(isLasting: false), .full(isLasting: true), .failure(isLasting: false),
      .failure(isLasting: true),
    ][dice.below(4)]
  }

  private func generator(_ dice: inout ReplicaDice) -> () -> UInt64 {
    var own = ReplicaDice(dice.next())
    return { own.next() }
  }

  private func expect(_ wrong: String?, _ device: SimulatedDevice) throws {
    faults += 1
    if let wrong { throw Broken(description: "\(device.name): \(wrong)") }
    try countAgain()
  }

  /// Copies of a machine show the same: whoever brings one in again sees to the others.
  func keep(_ token: Token, for device: SimulatedDevice) throws {
    for one in devices where one.key == device.key { try one.keep(token) }
  }

  func line(_ device: SimulatedDevice) throws -> SimulatedLine {
    let server = deceived.contains(device.name) ? otherFace ?? server : server
    return try SimulatedLine(server: server, device)
  }

  /// From now on everybody is shown the same.
  func showOneFace() {
    otherFace?.close()
    otherFace = nil
    deceived = []
  }

  /// - Parameter isContradicted: whether the log that the device met is not the one it knew by that name.
  func check(
    _ report: SyncSession.Report, of device: SimulatedDevice, isContradicted: Bool
  ) throws {
    if isContradicted, !report.hasChangedItsPast {
      throw Broken(description: "\(device.name) was shown two logs, and did not notice")
    }
    if isHonest, report.hasChangedItsPast || report.splitViews > 0 {
      throw Broken(description: "\(device.name) suspects a server that showed everybody the same")
    }
  }

  private func sync(
    _ device: SimulatedDevice, _ dice: inout ReplicaDice, snapshotDistance: Int = 10_000
  ) async throws {
    var line = try line(device)
    line.pageSize = dice.chance(50) ? 1 << dice.below(12) : 2 << 20
    line.weather.exchange = 1 + dice.below(3)
    line.weather.trouble =
      SimulatedLine.Trouble.allCases[
        dice.below(SimulatedLine.Trouble.allCases.count * 2) % SimulatedLine.Trouble.allCases.count]
    line.weather.place = dice.below(1 << 16)
    if dice.chance(50) { line.weather.trouble = .none }
    if line.weather.trouble != .none { faults += 1 }
    if line.weather.trouble == .answerChanged { isHonest = false }
    let isContradicted =
      try line.weather.trouble == .none && line.server.contradicts(device.replica.identity.cursor)
    do {
      let report = try await SyncSession(
        device.replica.replica, with: line, snapshotDistance: snapshotDistance
      ).run()
      try check(report, of: device, isContradicted: isContradicted)
    } catch is SimulatedLine.IsCut {
    } catch is SimulatedServer.IsDown {
    } catch is SimulatedServer.Refused {
      try await join(device)
    } catch is FormatError {
    } catch let error as ReplicaError {
      switch error {
      case .brokenAnswer, .stalled, .otherBeginning: break
      // The server was set up anew; somebody sends an invite.
      case .foreignMembers: try await join(device)
      default: throw error
      }
    }
    try device.acknowledge()
    if line.weather.trouble == .answerChanged, let wrong = try device.wrong() {
      throw Broken(description: "\(device.name) believed a changed answer: \(wrong)")
    }
  }

  private func setBack(_ dice: inout ReplicaDice) throws {
    guard let backup = backups.randomElement(using: &dice),
      let device = devices.first(where: { $0.key == backup.key })
    else { return }
    try device.setBack(to: backup.disk)
    if dice.chance(70) { try device.replica.replica.startNewWriter() }
    try countAgain()
  }

  private func copy(_ device: SimulatedDevice, _ dice: inout ReplicaDice) async throws {
    guard devices.count < 6 else { return }
    try await addDevice(key: device.key, disk: device.picture())
    // Mostly the copy notices by itself; a machine that was copied while it ran does not.
    if dice.chance(70) { try devices.last!.replica.replica.startNewWriter() }
  }

  private func replaceServer(on disk: CrashDisk, administrator: DeviceKey?) throws {
    servers += 1
    showOneFace()
    server.close()
    server = try SimulatedServer(
      number: servers, disk: disk, administrator: administrator, isEncrypted: isEncrypted,
      time: server.time)
    try found()
    faults += 1
    try countAgain()
  }
}
