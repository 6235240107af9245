import ChangeLog
import CrashDisk
import ReplicaStore
import SQLite

@testable import DossierStore

/// One device: a replica on a disk of its own, and what it must not lose.
final class SimulatedDevice {
  /// In milliseconds since 1970.
  static let start: UInt64 = 1_700_000_000_000

  let key: UInt64
  let name: String
  private(set) var disk: CrashDisk
  private(set) var replica: TestReplica!
  private var wall: UInt64
  private let seed: UInt64
  /// Of each random number: with few, devices draw the same names.
  private let bits: UInt64
  private var lives: UInt64 = 0
  /// All that was in its log when something was last acknowledged.
  private var kept: Set<ChangesetID> = []

  init(
    key: UInt64, name: String, seed: UInt64, bits: UInt64, disk: CrashDisk = CrashDisk()
  ) throws {
    self.key = key
    self.name = name
    self.disk = disk
    self.seed = seed
    self.bits = bits
    wall = Self.start
    try open()
    try acknowledge()
  }

  private func open() throws {
    lives += 1
    replica = try TestReplica(
      key, life: seed &* 1000 &+ lives &* 50 &+ UInt64(name.utf8.reduce(0) { $0 &+ Int($1) }),
      path: "a.db", vfs: disk.vfs, withTables: true, bits: bits)
    replica.wall = wall
  }

  func moveClock(to wall: UInt64) {
    self.wall = wall
    replica.wall = wall
  }

  var clock: UInt64 { wall }

  /// What it shows the server; in its store, so that a copy has the same and a backup a former one.
  var token: Token? {
    get throws {
      try replica.replica.connection.first("SELECT value FROM setting WHERE name = 'remote.token'")
      {
        Token(text: $0.text(0))
      } ?? nil
    }
  }

  func keep(_ token: Token) throws {
    try replica.replica.connection.run(
      "INSERT OR REPLACE INTO setting VALUES ('remote.token', ?)", .text(token.text))
  }

  /// What is in the log now is on the disk, whatever happens.
  func acknowledge() throws { kept = try replica.names() }

  /// Branches given up for the remote's are in quarantine.
  private func held() throws -> Set<ChangesetID> {
    try replica.names().union(replica.quarantined().map(\.id))
  }

  /// Does something while the power goes, or the disk fails; then the machine starts again.
  ///
  /// - Returns: what is wrong then; nil when nothing is.
  func suffer(
    _ fault: CrashDisk.Fault, at operation: Int, damage: @escaping () -> UInt64,
    whileDoing work: () async throws -> Void
  ) async throws -> String? {
    disk.fault = (fault, disk.operations + operation)
    var isAcknowledged = false
    do {
      try await work()
      isAcknowledged = true
    } catch is SQLiteError {
    } catch is SimulatedLine.IsCut {
    } catch is SimulatedServer.IsDown {
    } catch is SimulatedServer.Refused {
    } catch is FormatError {
    } catch let error as ReplicaError {
      if case .damaged(let what) = error { return "damaged: \(what)" }
    }
    let hadPower = !disk.isOff
    disk.fault = nil
    if isAcknowledged, hadPower { try acknowledge() }
    let before = kept
    replica = nil
    disk = disk.restarted(damage: hadPower ? nil : damage)
    try open()
    return try losses(since: before)
  }

  func reopen() throws -> String? {
    let before = kept
    replica = nil
    disk = disk.restarted(damage: nil)
    try open()
    return try losses(since: before)
  }

  private func losses(since before: Set<ChangesetID>) throws -> String? {
    let lost = before.subtracting(try held())
    guard try lost.isEmpty || hasReissued() else { return "\(lost.count) changesets are lost" }
    let integrity = try replica.replica.connection.first("PRAGMA integrity_check") { $0.text(0) }
    guard integrity == "ok" else { return "the file is not sound" }
    return try wrong()
  }

  /// Unsent work of a copied store is written again under another name: the old changesets go.
  private func hasReissued() throws -> Bool {
    try replica.replica.connection.first(
      "SELECT count(*) FROM writer WHERE key = ?", .blob(replica.key.publicKey.bytes)
    ) { $0.int(0) } ?? 0 > 1
  }

  /// What must hold at any moment.
  func wrong() throws -> String? {
    try replica.replica.checkLog()
    guard try replica.replica.deviations().isEmpty else { return "tables and log differ" }
    guard try RecordProjection.followsFromLog(replica.replica) else {
      return "lists, search and log differ"
    }
    // All parts of a command are applied, or none.
    let halves = try replica.replica.connection.all(
      "SELECT bytes, applied FROM changeset ORDER BY writer, sequence"
    ) { (try Changeset(bytes: $0.blob(0)).header, $0.isNull(1)) }
    for (one, next) in zip(halves, halves.dropFirst())
    where one.0.isContinued && one.0.writer == next.0.writer
      && one.0.sequence + 1 == next.0.sequence && one.1 != next.1
    {
      return "half a command is applied"
    }
    if let last = halves.last, last.0.isContinued, !last.1 { return "half a command is applied" }
    let cursor = try replica.identity.cursor
    let positions = try replica.positions().values.sorted()
    guard
      cursor.position == 0 || positions.prefix(cursor.position) == Array(1...cursor.position)[...]
    else { return "the cursor is beyond what was read" }
    let hashes = try replica.replica.connection.all(
      "SELECT position, hash FROM log_hash ORDER BY position"
    ) { ($0.int(0), Digest(bytes: $0.blob(1))) }
    guard hashes.map(\.0) == Array(1..<cursor.position + 1), hashes.last?.1 ?? .zero == cursor.hash
    else { return "the running hashes are not those of what was read" }
    return nil
  }

  /// The disk as it is, for a backup or a copy of the machine.
  func picture() -> CrashDisk { disk.copy().restarted(damage: nil) }

  /// The machine is set back to an older disk.
  func setBack(to backup: CrashDisk) throws {
    replica = nil
    disk = backup.copy()
    try open()
    try acknowledge()
  }
}

extension TestReplica {
  /// Where it shows something else, for the one who looks for the reason.
  func difference(to expected: ReplicaPicture) throws -> String {
    let picture = try picture()
    var lines: [String] = []
    for id in Set(picture.entities.keys).union(expected.entities.keys).sorted() {
      let (here, there) = (picture.entities[id], expected.entities[id])
      guard here != there else { continue }
      for field in Set((here?.fields ?? []) + (there?.fields ?? [])).sorted(by: {
        $0.number < $1.number
      })
      where here?.fields.contains(field) != there?.fields.contains(field) {
        let side = here?.fields.contains(field) == true ? "here" : "expected"
        let values = field.alive.map {
          "\($0.id.writer.description.prefix(4)):\($0.id.sequence):\($0.id.index) \($0.value)"
        }
        lines.append("\(side) \(field.number): \(values)")
      }
      if here?.tombstones != there?.tombstones { lines.append("tombstones of \(id)") }
    }
    if picture.review != expected.review { lines.append("review") }
    return lines.joined(separator: "; ")
  }
}
