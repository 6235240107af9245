import ChangeLog
import LogStore

/// The bodies of ``ChangesetLog`` that must all keep the contract.
enum LogBody: CaseIterable {
  case memory
  /// SQLite, or PostgreSQL when there is one to test against.
  case stored

  static let id = LogID(high: 7, low: 7)
  static let workspace = WorkspaceID(high: 1, low: 1)

  func make() throws -> any ChangesetLog {
    switch self {
    case .memory: MemoryLog(id: Self.id, workspace: Self.workspace)
    case .stored: try StoredLogs().database().log(of: Self.workspace, newID: Self.id)
    }
  }
}

/// A folder with an empty log and empty accounts, gone when the test is over.
final class StoredLogs {
  let folder: DataFolder
  private let temporary: TemporaryFolder

  init() throws {
    temporary = try TemporaryFolder()
    folder = DataFolder(path: temporary.path + "/data", database: try TestDatabase.fresh())
    try folder.create()
    try LogDatabase.create(in: folder)
    _ = try Accounts.create(
      in: folder, address: "http://127.0.0.1:7311",
      key: DeviceKey(seed: Array(repeating: 77, count: 32)))
  }

  func database() throws -> LogDatabase { try LogDatabase(in: folder) }
}

/// Writes changesets as a device does.
struct Author {
  let key: DeviceKey
  let introduction: Introduction
  var workspace: WorkspaceID
  /// What it writes is sealed with this; nil where nothing is encrypted.
  var seal: Seal?
  private(set) var head: WriterHead

  struct Seal {
    let epoch: UInt64
    let key: EpochKey
  }

  init(_ number: UInt64, in workspace: WorkspaceID = LogBody.workspace) throws {
    key = try DeviceKey(seed: [UInt8](repeating: UInt8(truncatingIfNeeded: number), count: 32))
    introduction = Introduction(key: key.publicKey, salt: ID(high: number, low: number))
    self.workspace = workspace
    head = WriterHead(writer: introduction.writer, sequence: 0, id: .zero)
  }

  mutating func write(
    _ text: String = "x", signedBy other: DeviceKey? = nil, having seen: [Changeset] = []
  ) throws -> Changeset {
    let header = Header(
      workspace: workspace, writer: head.writer, sequence: head.sequence + 1, previous: head.id,
      clock: Timestamp(milliseconds: head.sequence + 1), epoch: seal?.epoch ?? 0,
      introduction: head.sequence == 0 ? introduction : nil,
      seen: seen.map {
        Header.Seen(writer: $0.header.writer, sequence: $0.header.sequence, id: $0.id)
      })
    let entity = EntityID(high: 9, low: head.sequence)
    let put = Operation(entity: entity, kind: 1, .put(1, .text(text), replacing: []))
    let salt = (0..<EpochKey.saltSize).map { _ in UInt8.random(in: 0...255) }
    let changeset = try Changeset(
      header: header, body: Body(intent: "note", operations: [put]), key: other ?? key,
      seal: seal.map { ($0.key, salt) })
    head = WriterHead(writer: head.writer, sequence: header.sequence, id: changeset.id)
    return changeset
  }

  mutating func write(count: Int, size: Int = 1) throws -> [Changeset] {
    try (0..<count).map { _ in try write(String(repeating: "x", count: size)) }
  }
}

extension ChangesetLog {
  /// An exchange in which everybody may write.
  func exchange(
    _ changesets: [Changeset] = [], from device: String = "v-1", cursor: Cursor = .start,
    own: WriterHead = WriterHead(writer: .zero, sequence: 0, id: .zero),
    wantsOwnBytes: Bool = false, pageSize: Int = 1 << 20,
    mayWrite: (PublicKey, Header?) throws -> Verdict.Refusal? = { _, _ in nil }
  ) throws -> SyncResponse {
    let request = SyncRequest(
      workspace: workspace, cursor: cursor, own: own, wantsOwnBytes: wantsOwnBytes,
      pageSize: pageSize, changesets: changesets.map(\.bytes))
    return try answer(request, from: device, mayWrite: mayWrite)
  }
}
