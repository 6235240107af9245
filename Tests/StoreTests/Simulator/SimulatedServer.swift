import ChangeLog
import CrashDisk
import ReplicaStore
import SQLite

@testable import LogStore

/// The server's real log on a disk that can lose power, behind lines that do what lines do.
final class SimulatedServer {
  private(set) var disk: CrashDisk
  private var database: LogDatabase?
  private var log: SQLiteLog?
  /// Of another workspace, in the same database.
  private var otherLog: SQLiteLog?
  private let id: LogID
  /// What it told a device it had, and where.
  private(set) var acknowledged: [ChangesetID: Int] = [:]
  /// Requests that came, as bytes: a line may bring one again.
  private(set) var past: [Request] = []
  var readers: Set<[UInt8]> = []
  var revoked: Set<[UInt8]> = []

  /// What the log was called first.
  private var life: LogID?

  struct IsDown: Error {}
  struct Refused: Error {}

  struct Request {
    let bytes: [UInt8]
    let device: String
    let key: PublicKey
  }

  init(number: UInt64, disk: CrashDisk = CrashDisk(), acknowledged: [ChangesetID: Int] = [:]) throws
  {
    id = LogID(high: 1, low: number)
    self.disk = disk
    self.acknowledged = acknowledged
    try open()
  }

  private func open() throws {
    let connection = try Connection(path: "log.db", vfs: disk.vfs)
    let database = try LogDatabase(connection, lock: nil)
    log = try database.log(of: TestReplica.workspace, newID: id)
    otherLog = try database.log(
      of: SimulatedOutsider.workspace, newID: LogID(high: 2, low: id.low))
    self.database = database
    if life == nil { life = try log?.head().log }
  }

  func close() {
    log = nil
    otherLog = nil
    database = nil
  }

  /// Answers a request, given and returned as bytes.
  func answer(_ bytes: [UInt8], from device: String, key: PublicKey) throws -> [UInt8] {
    guard let database, let log else { throw IsDown() }
    guard !revoked.contains(key.bytes) else { throw Refused() }
    past.append(Request(bytes: bytes, device: device, key: key))
    if past.count > 20 { past.removeFirst() }
    let request = try SyncRequest(decoding: bytes)
    do {
      let response = try database.answer(request, from: device, in: log, now: past.count) {
        key, _ in
        self.revoked.contains(key.bytes)
          ? .notEnrolled : self.readers.contains(key.bytes) ? .readOnly : nil
      }
      for (bytes, verdict) in zip(request.changesets, response.verdicts) {
        if case .accepted(let position) = verdict { acknowledged[Digest(of: bytes)] = position }
      }
      return response.encoded
    } catch {
      // As the real server does after a failure of its disk.
      close()
      throw IsDown()
    }
  }

  /// Answers a request to the outsider's workspace.
  func answerOutsider(_ request: SyncRequest, key: PublicKey) throws -> SyncResponse {
    guard let database, let otherLog else { throw IsDown() }
    let request = try SyncRequest(decoding: request.encoded)
    do {
      return try database.answer(request, from: "outsider", in: otherLog, now: past.count) {
        asking, _ in asking == key ? nil : .notEnrolled
      }
    } catch {
      close()
      throw IsDown()
    }
  }

  /// The power comes back, or the program is started again.
  func restart(damage: (() -> UInt64)?) throws {
    close()
    disk.fault = nil
    disk = disk.restarted(damage: damage)
    try open()
  }

  func lose(at operation: Int) { disk.fault = (.powerLoss, disk.operations + operation) }

  func mend() throws {
    disk.fault = nil
    if database == nil { try restart(damage: nil) }
  }

  func head() throws -> Cursor { try log!.head() }

  /// Those of which it has the bytes.
  func changesets() throws -> [Changeset] {
    try log!.entries(after: 0, limit: .max).filter { !$0.bytes.isEmpty }
      .map { try Changeset(bytes: $0.bytes) }
  }

  func snapshot() throws -> Snapshot? {
    guard let kept = try log!.snapshot() else { return nil }
    return try SignedSnapshot(decoding: log!.snapshotBytes(from: 0, count: kept.size)).snapshot
  }

  func names() throws -> Set<ChangesetID> {
    Set(try log!.entries(after: 0, limit: .max).map(\.id))
  }

  func outsidersNames() throws -> Set<ChangesetID> {
    Set(try otherLog!.entries(after: 0, limit: .max).map(\.id))
  }

  func compact() throws {
    _ = try log!.compact()
    _ = try otherLog!.compact()
  }

  /// What it acknowledged is where it said.
  func lostAcknowledged() throws -> [ChangesetID] {
    // A log that took a snapshot of what it lacked is another one.
    let isSameLog = try log!.head().log == life
    return try acknowledged.filter {
      let position = try log!.position(of: $0.key)
      return isSameLog ? position != $0.value : position == nil
    }.map(\.key)
  }
}

/// How one device reaches the server this time.
struct SimulatedLine: Remote, @unchecked Sendable {
  // Used by one task only; the simulation runs one thing after another.
  let server: SimulatedServer
  let device: String
  let key: PublicKey
  var pageSize = 2 << 20
  var weather = Weather()

  struct Weather {
    /// The exchange, from 1, that something happens to; none when 0.
    var exchange = 0
    var trouble = Trouble.none
    /// Where in the bytes it happens.
    var place = 0
  }

  enum Trouble: CaseIterable {
    case none, requestLost, answerLost, requestTwice, answerCut, answerChanged, loginPage,
      requestCut
  }

  struct IsCut: Error {}

  private final class Counter { var value = 0 }
  private let counter = Counter()

  init(server: SimulatedServer, device: String, key: PublicKey) {
    self.server = server
    self.device = device
    self.key = key
  }

  func exchange(_ request: SyncRequest) async throws -> SyncResponse {
    counter.value += 1
    var request = request
    request.pageSize = pageSize
    let bytes = request.encoded
    let trouble = counter.value == weather.exchange ? weather.trouble : .none
    switch trouble {
    case .requestLost: throw IsCut()
    case .requestCut:
      // The server sees that it is not whole.
      let cut = Array(bytes.prefix(weather.place % bytes.count))
      _ = try? server.answer(cut, from: device, key: key)
      throw IsCut()
    case .requestTwice: _ = try server.answer(bytes, from: device, key: key)
    default: break
    }
    var answer = try server.answer(bytes, from: device, key: key)
    switch trouble {
    case .answerLost: throw IsCut()
    case .answerCut: answer = Array(answer.prefix(weather.place % answer.count))
    case .answerChanged: answer[weather.place % answer.count] ^= 1 << UInt8(weather.place % 8)
    case .loginPage: answer = Array("<html>Welcome to our hotel</html>".utf8)
    default: break
    }
    return try SyncResponse(decoding: answer)
  }
}
