import ChangeLog
import ReplicaStore
import SQLite
import Testing

/// A remote in this process: a log in memory, lines that break, and a history that can be lost.
actor ReplicaServer {
  private var log: MemoryLog
  private var readers: Set<[UInt8]> = []
  private var strangers: Set<[UInt8]> = []
  /// How many exchanges there were.
  private(set) var exchanges = 0
  /// The numbers of the exchanges, from 1, that are cut off: before the request comes, or after.
  private var lostRequests: Set<Int> = []
  private var lostAnswers: Set<Int> = []
  private(set) var pushed = 0

  init(_ id: LogID = LogID(high: 0, low: 1)) {
    log = MemoryLog(id: id, workspace: TestReplica.workspace)
  }

  /// The same log under the same name once more, to go on differently.
  func fork() async throws -> ReplicaServer {
    let fork = ReplicaServer(log.head().log)
    await fork.passOn(try changesets)
    return fork
  }

  /// Puts into the log here what was brought elsewhere.
  func passOn(_ changesets: [Changeset]) {
    for changeset in changesets { log.append(changeset, from: "elsewhere") }
  }

  struct LineIsCut: Error {}

  func answer(_ request: SyncRequest, from device: String) throws -> SyncResponse {
    exchanges += 1
    if lostRequests.remove(exchanges) != nil { throw LineIsCut() }
    let request = try SyncRequest(decoding: request.encoded)
    pushed += request.changesets.count
    let response = try log.answer(request, from: device) { key, _ in
      strangers.contains(key.bytes) ? .notEnrolled : readers.contains(key.bytes) ? .readOnly : nil
    }
    if lostAnswers.remove(exchanges) != nil { throw LineIsCut() }
    return try SyncResponse(decoding: response.encoded)
  }

  func lose(request: Int? = nil, answer: Int? = nil) {
    if let request { lostRequests.insert(exchanges + request) }
    if let answer { lostAnswers.insert(exchanges + answer) }
  }

  func mendLines() {
    lostRequests = []
    lostAnswers = []
  }

  func set(reader key: PublicKey, _ isReader: Bool) {
    if isReader { readers.insert(key.bytes) } else { readers.remove(key.bytes) }
  }

  func set(stranger key: PublicKey, _ isStranger: Bool) {
    if isStranger { strangers.insert(key.bytes) } else { strangers.remove(key.bytes) }
  }

  /// Goes back to an older copy of its log.
  func rollBack(to position: Int) throws {
    let kept = log.entries(after: 0, limit: .max).prefix(position)
    log = MemoryLog(id: log.head().log, workspace: log.workspace)
    for entry in kept { log.append(try Changeset(bytes: entry.bytes), from: entry.device) }
  }

  /// An empty server stands in its place; it knows the same keys.
  func replace(by number: UInt64) {
    log = MemoryLog(id: LogID(high: 0, low: number), workspace: log.workspace)
  }

  /// Drops the bytes that its snapshot stands for.
  func compact() { log.compact() }

  var snapshot: KeptSnapshot? { log.snapshot() }
  var head: Cursor { log.head() }
  var changesets: [Changeset] {
    get throws {
      try log.entries(after: 0, limit: .max).map { try Changeset(bytes: $0.bytes) }
    }
  }
}

/// How one device reaches the server.
struct ReplicaLine: Remote {
  let server: ReplicaServer
  let device: String
  var pageSize = 2 << 20

  func exchange(_ request: SyncRequest) async throws -> SyncResponse {
    var request = request
    request.pageSize = pageSize
    return try await server.answer(request, from: device)
  }
}

extension TestReplica {
  @discardableResult
  func sync(
    _ server: ReplicaServer, as device: String? = nil, pageSize: Int = 2 << 20
  ) async throws -> SyncSession.Report {
    let line = ReplicaLine(
      server: server, device: device ?? key.publicKey.bytes.description, pageSize: pageSize)
    return try await SyncSession(replica, with: line).run()
  }

  func positions() throws -> [ChangesetID: Int] {
    Dictionary(
      uniqueKeysWithValues: try replica.connection.all(
        """
        SELECT id, position FROM changeset WHERE position IS NOT NULL
        UNION SELECT id, position FROM snapshot_changeset WHERE position IS NOT NULL
        """
      ) { (Digest(bytes: $0.blob(0)), $0.int(1)) })
  }
}

/// All hold what the server holds, at the same places, and say so.
func expectLevel(_ all: [TestReplica], _ server: ReplicaServer) async throws {
  let changesets = try await server.changesets
  let head = await server.head
  let positions = Dictionary(
    uniqueKeysWithValues: changesets.enumerated().map { ($1.id, $0 + 1) })
  let picture = try ReplicaPicture(of: changesets)
  for one in all {
    #expect(try one.identity.cursor == head)
    #expect(try one.positions() == positions)
    #expect(try Set(one.log()) == Set(changesets))
    #expect(try one.picture() == picture)
    #expect(try one.replica.unsentCount() == 0)
    #expect(try one.replica.waitingCount() == 0)
    #expect(try one.replica.refused().isEmpty)
    #expect(try one.quarantine().isEmpty)
    #expect(try one.replica.deviations() == [])
    try one.replica.checkLog()
  }
}
