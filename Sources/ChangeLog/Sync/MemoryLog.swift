/// A remote's log in memory, under the same contract as the stored ones.
public final class MemoryLog: ChangesetLog {
  public let workspace: WorkspaceID
  private var state: State

  private struct State {
    var id: LogID
    var entries: [LogEntry] = []
    var hashes: [Digest] = [.zero]
    var positions: [ChangesetID: Int] = [:]
    var writers: [WriterID: LogWriter] = [:]
    var compactedUpTo = 0
    var snapshot: (kept: KeptSnapshot, bytes: [UInt8])?
    var forks: [WriterID: Changeset] = [:]
    var gathered: [String: (id: Digest, bytes: [UInt8])] = [:]
  }

  public init(id: LogID, workspace: WorkspaceID) {
    self.workspace = workspace
    state = State(id: id)
  }

  public func head() -> Cursor {
    Cursor(log: state.id, position: state.entries.count, hash: state.hashes.last!)
  }

  public func cursor(at position: Int) -> Cursor? {
    guard state.hashes.indices.contains(position) else { return nil }
    return Cursor(log: state.id, position: position, hash: state.hashes[position])
  }

  public func position(of id: ChangesetID) -> Int? { state.positions[id] }

  public func writer(_ id: WriterID) -> LogWriter? { state.writers[id] }

  public func entries(after position: Int, limit: Int) -> [LogEntry] {
    var size = 0
    return Array(
      state.entries.dropFirst(position).prefix { entry in
        defer { size += entry.bytes.count }
        return size == 0 || size + entry.bytes.count <= limit
      })
  }

  public func append(_ changeset: Changeset, from device: String) {
    let header = changeset.header
    let position = state.entries.count + 1
    state.entries.append(
      LogEntry(position: position, id: changeset.id, device: device, bytes: changeset.bytes))
    state.hashes.append(state.hashes.last!.followed(by: changeset.id))
    state.positions[changeset.id] = position
    let head = WriterHead(writer: header.writer, sequence: header.sequence, id: changeset.id)
    guard let key = state.writers[header.writer]?.key ?? header.introduction?.key else { return }
    state.writers[header.writer] = LogWriter(key: key, head: head)
  }

  public func keepFork(_ changeset: Changeset, from device: String) {
    let writer = changeset.header.writer
    state.forks[writer] = state.forks[writer] ?? changeset
  }

  public func fork(of writer: WriterID) -> [UInt8]? { state.forks[writer]?.bytes }

  // MARK: Snapshots

  public func compactedUpTo() -> Int { state.compactedUpTo }

  public func snapshot() -> KeptSnapshot? { state.snapshot?.kept }

  public func snapshotBytes(from offset: Int, count: Int) -> [UInt8] {
    Array(state.snapshot?.bytes.dropFirst(offset).prefix(count) ?? [])
  }

  public func keep(_ bytes: [UInt8], as snapshot: KeptSnapshot) {
    state.snapshot = (snapshot, bytes)
  }

  public func gather(_ part: SnapshotPart, from device: String) -> GatheredSnapshot {
    var gathered = state.gathered[device] ?? (part.id, [])
    if gathered.id != part.id { gathered = (part.id, []) }
    if part.offset == gathered.bytes.count { gathered.bytes += part.bytes }
    let isWhole = gathered.bytes.count == part.size
    state.gathered[device] = isWhole ? nil : gathered
    return isWhole ? .whole(gathered.bytes) : .partly(gathered.bytes.count)
  }

  /// Drops the bytes that the kept snapshot stands for.
  public func compact() {
    guard let kept = state.snapshot?.kept else { return }
    state.compactedUpTo = max(state.compactedUpTo, kept.position)
    for index in 0..<state.compactedUpTo {
      let entry = state.entries[index]
      state.entries[index] = LogEntry(
        position: entry.position, id: entry.id, device: entry.device, bytes: [])
    }
  }

  public func adopt(_ snapshot: Snapshot, as id: LogID) {
    let former = Dictionary(uniqueKeysWithValues: state.entries.map { ($0.id, $0) })
    let adopted = Set(snapshot.entries.map(\.id))
    let rest = state.entries.filter { !adopted.contains($0.id) }
    let order = snapshot.entries.map(\.id) + rest.map(\.id)
    state.id = id
    state.hashes = [.zero]
    state.positions = [:]
    state.entries = order.enumerated().map { index, id in
      state.hashes.append(state.hashes.last!.followed(by: id))
      state.positions[id] = index + 1
      let entry = former[id]
      return LogEntry(
        position: index + 1, id: id, device: entry?.device ?? "", bytes: entry?.bytes ?? [])
    }
    for (introduction, head) in zip(snapshot.writers, snapshot.heads)
    where state.writers[head.writer]?.head.sequence ?? 0 < head.sequence {
      state.writers[head.writer] = LogWriter(key: introduction.key, head: head)
    }
    state.compactedUpTo = snapshot.position
  }

  public func transaction<Result>(_ work: () throws -> Result) throws -> Result {
    let before = state
    do { return try work() } catch {
      state = before
      throw error
    }
  }
}
