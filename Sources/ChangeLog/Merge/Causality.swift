/// How far a replica has applied each writer.
public struct VersionVector: Hashable, Sendable {
  private var sequences: [WriterID: UInt64]

  public init(_ sequences: [WriterID: UInt64] = [:]) { self.sequences = sequences }

  /// 0 for a writer nothing is known of.
  public subscript(writer: WriterID) -> UInt64 {
    get { sequences[writer] ?? 0 }
    set { sequences[writer] = newValue }
  }

  /// Ascending by writer.
  public var all: [(writer: WriterID, sequence: UInt64)] {
    sequences.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
  }
}

/// Why a changeset cannot be applied yet.
public enum Wait: Hashable, Sendable {
  /// The changeset of that writer with that number must come first.
  case changeset(WriterID, UInt64)
  /// Its author had seen another branch of that writer, whose store was copied, than the one here.
  case otherBranch(WriterID, UInt64)
  /// The rest of the same command must be here too.
  case continuation(WriterID, UInt64)
  /// A newer version of the program must apply it.
  case upgrade(minimumReader: UInt64)
}

extension VersionVector {
  /// What a changeset waits for: what its header says, and every change its operations name. Its author may
  /// have named a change without having said so; it must be here first all the same, or the order of
  /// arrival would show.
  public func wait(for header: Header, _ body: Body) -> Wait? {
    if let wait = wait(for: header) { return wait }
    for change in body.operations.lazy.flatMap(\.action.named) {
      let isHere =
        change.writer == header.writer
        ? change.sequence <= header.sequence : change.sequence <= self[change.writer]
      if !isHere { return .changeset(change.writer, change.sequence) }
    }
    return nil
  }

  /// What `header` waits for: nil when all it knew of is applied here.
  public func wait(for header: Header) -> Wait? {
    if header.minimumReader > Header.reader {
      return .upgrade(minimumReader: header.minimumReader)
    }
    if self[header.writer] + 1 < header.sequence {
      return .changeset(header.writer, header.sequence - 1)
    }
    for seen in header.seen where self[seen.writer] < seen.sequence {
      return .changeset(seen.writer, seen.sequence)
    }
    return nil
  }
}
