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

  public func transaction<Result>(_ work: () throws -> Result) throws -> Result {
    let before = state
    do { return try work() } catch {
      state = before
      throw error
    }
  }
}
