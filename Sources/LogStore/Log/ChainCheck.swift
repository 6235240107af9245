internal import ChangeLog

/// Follows one workspace's log from its first position, and says where it is not what it should be.
struct ChainCheck {
  private let workspace: WorkspaceID
  private var expected = Cursor.start
  /// Of all changesets so far.
  private(set) var bytes = 0
  private var writers: [WriterID: Writer] = [:]

  private struct Writer {
    let key: PublicKey
    let sequence: UInt64
    /// nil when only a snapshot names it.
    let last: Changeset?
    /// As the log has it, which is not the hash of bytes that were damaged.
    let id: [UInt8]
    let position: Int
  }

  /// - Parameter snapshot: what stands for the changesets up to `compactedUpTo`, of which only names are kept.
  init(workspace: WorkspaceID, snapshot: Snapshot?, compactedUpTo: Int) {
    self.workspace = workspace
    self.compactedUpTo = compactedUpTo
    names = snapshot?.entries.map(\.id.bytes) ?? []
    sequences = [UInt64](repeating: 0, count: snapshot?.writers.count ?? 0)
    self.snapshot = snapshot
  }

  private let snapshot: Snapshot?
  private let compactedUpTo: Int
  private let names: [[UInt8]]
  private var sequences: [UInt64]

  /// A changeset of which only the name is kept.
  private mutating func take(named id: [UInt8], at position: Int, _ result: inout CheckedLog) {
    guard let snapshot, names.indices.contains(position - 1), names[position - 1] == id else {
      return result.report("no snapshot stands for it, and its bytes are gone", at: place(position))
    }
    let writer = snapshot.entries[position - 1].writer
    sequences[writer] += 1
    let introduction = snapshot.writers[writer]
    writers[introduction.writer] = Writer(
      key: introduction.key, sequence: sequences[writer], last: nil, id: id, position: position)
  }

  mutating func take(
    position: Int, id: [UInt8], hash: [UInt8], bytes: [UInt8], _ result: inout CheckedLog
  ) {
    result.changesets += 1
    self.bytes += bytes.count
    let place = place(position)
    if position != expected.position + 1 {
      result.report("position \(expected.position + 1) is missing", at: place)
    }
    let isNamedOnly = bytes.isEmpty && position <= compactedUpTo
    if !isNamedOnly, Digest(of: bytes).bytes != id {
      result.report("the bytes do not fit the id", at: place)
    }
    let hashed = id.count == 32 ? expected.advanced(over: Digest(bytes: id)).hash : .zero
    if hashed.bytes != hash { result.report("the running hash is wrong", at: place) }
    // Goes on from what is written, so that one damage is told once.
    expected.position = position
    expected.hash = hash.count == 32 ? Digest(bytes: hash) : hashed
    if position <= compactedUpTo { return take(named: id, at: position, &result) }
    do { take(try Changeset(bytes: bytes), id, at: position, &result) } catch {
      result.report("not a changeset: \(error)", at: place)
    }
  }

  private mutating func take(
    _ changeset: Changeset, _ id: [UInt8], at position: Int, _ result: inout CheckedLog
  ) {
    let header = changeset.header
    if header.workspace != workspace {
      result.report("written for workspace \(header.workspace)", at: place(position))
    }
    let known = writers[header.writer]
    let previous = known?.id ?? Digest.zero.bytes
    let sequence = (known?.sequence ?? 0) + 1
    if header.sequence != sequence || header.previous.bytes != previous {
      result.report("does not follow its writer's changeset before", at: place(position))
    }
    guard let key = known?.key ?? header.introduction?.key else {
      return result.report("its writer was never introduced", at: place(position))
    }
    writers[header.writer] = Writer(
      key: key, sequence: header.sequence, last: changeset, id: id, position: position)
  }

  func checkSignatures(_ result: inout CheckedLog) {
    for writer in writers.values.sorted(by: { $0.position < $1.position })
    where writer.last?.isSigned(by: writer.key) == false {
      result.report("the signature does not fit", at: place(writer.position))
    }
  }

  /// Compares a row of the table of writers, which is derived, with what the log says.
  mutating func take(
    writer id: [UInt8], key: [UInt8], sequence: Int, head: [UInt8], _ result: inout CheckedLog
  ) {
    let known = id.count == 16 ? writers.removeValue(forKey: WriterID(bytes: id)) : nil
    guard let known, known.key.bytes == key, known.id == head,
      known.sequence == UInt64(exactly: sequence)
    else {
      let name = Hexadecimal.encode(id)
      return result.report("the table of writers does not fit", at: "\(place), writer \(name)")
    }
  }

  func reportWritersWithoutRow(_ result: inout CheckedLog) {
    for id in writers.keys.sorted() {
      result.report("not in the table of writers", at: "\(place), writer \(id)")
    }
  }

  private var place: String { "log.db, workspace \(workspace)" }
  private func place(_ position: Int) -> String { "\(place), position \(position)" }
}
