/// What the first changesets of a log amount to, in the place of their bytes.
///
/// A device makes it and signs it; whoever takes it goes on from there as if it had applied them all. It names
/// every changeset it stands for, so that all of them are known again wherever they turn up.
public struct Snapshot: Hashable, Sendable {
  public var workspace: WorkspaceID
  /// The rules its maker applied the changesets by (``Header/reader``).
  public var reader: UInt64
  /// Everybody who wrote one of the changesets, ascending by name.
  public var writers: [Introduction]
  /// The changesets it stands for, in the order of the log.
  public var entries: [Entry]
  /// Ascending by id, with the insides of texts.
  public var entities: [Entity]

  public struct Entry: Hashable, Sendable {
    /// Whose it is: a place in ``Snapshot/writers``. Each writer's follow one another.
    public let writer: Int
    public let id: ChangesetID

    public init(writer: Int, id: ChangesetID) {
      self.writer = writer
      self.id = id
    }
  }

  public struct Entity: Hashable, Sendable {
    public let id: EntityID
    public let state: EntityState

    public init(id: EntityID, state: EntityState) {
      self.id = id
      self.state = state
    }
  }

  public init(
    workspace: WorkspaceID, reader: UInt64 = Header.reader, writers: [Introduction],
    entries: [Entry], entities: [Entity]
  ) {
    self.workspace = workspace
    self.reader = reader
    self.writers = writers
    self.entries = entries
    self.entities = entities
  }

  /// The position of the last changeset it stands for.
  public var position: Int { entries.count }

  /// The running hash at a position, or at its own.
  public func hash(at position: Int? = nil) -> Digest {
    entries.prefix(position ?? self.position).reduce(Digest.zero) { $0.followed(by: $1.id) }
  }

  /// Of each writer the last changeset it stands for, in the order of ``writers``.
  public var heads: [WriterHead] {
    var heads = writers.map { WriterHead(writer: $0.writer, sequence: 0, id: .zero) }
    for entry in entries {
      heads[entry.writer].sequence += 1
      heads[entry.writer].id = entry.id
    }
    return heads
  }

  /// No snapshot is larger; a workspace beyond it keeps its whole log.
  public static let maximumSize = 256 << 20
}

extension Snapshot {
  /// What it stands for: all that a log must know of it.
  func encodeNames(into writer: inout ByteWriter) {
    writer.append(id: workspace)
    writer.append(varint: reader)
    writer.append(count: writers.count)
    for introduction in writers {
      writer.append(raw: introduction.key.bytes)
      writer.append(id: introduction.salt)
    }
    writer.append(count: entries.count)
    for entry in entries {
      writer.append(count: entry.writer)
      writer.append(digest: entry.id)
    }
  }

  /// What it amounts to.
  func encodeEntities(into writer: inout ByteWriter) {
    writer.append(count: entities.count)
    let numbers = numbers
    for entity in entities {
      writer.append(id: entity.id)
      writer.append(count: Int(entity.state.kind))
      writer.append(block: entity.state.encoded(naming: numbers))
      writer.append(count: entity.state.documents.count)
      for document in entity.state.documents { writer.append(block: document.encoded) }
    }
  }

  /// Writers as the encoded states name them: from 1, in the order of ``writers``.
  private var numbers: WriterNumbers {
    WriterNumbers(writers.enumerated().map { ($0 + 1, $1.writer) })
  }

  /// Reads what it stands for.
  init(namesFrom reader: inout ByteReader) throws(FormatError) {
    workspace = try reader.id()
    self.reader = try reader.varint()
    writers = []
    for _ in 0..<(try reader.itemCount(minimumSize: 48)) {
      let introduction = try Introduction(from: &reader)
      guard writers.last.map({ $0.writer < introduction.writer }) ?? true else {
        throw .invalid("the writers of a snapshot do not ascend")
      }
      writers.append(introduction)
    }
    entries = []
    let count = try reader.itemCount(minimumSize: 33)
    entries.reserveCapacity(count)
    var seen: Set<ChangesetID> = []
    var isNamed = [Bool](repeating: false, count: writers.count)
    for _ in 0..<count {
      let writer = try reader.count(upTo: max(0, writers.count - 1))
      guard isNamed.indices.contains(writer) else { throw .invalid("a snapshot has no writers") }
      isNamed[writer] = true
      let id = try reader.digest()
      guard seen.insert(id).inserted else { throw .invalid("a snapshot names a changeset twice") }
      entries.append(Entry(writer: writer, id: id))
    }
    guard !isNamed.contains(false) else { throw .invalid("a snapshot names an idle writer") }
    entities = []
  }

  /// Reads what it amounts to, to the end.
  mutating func readEntities(from reader: inout ByteReader) throws(FormatError) {
    let numbers = numbers
    for _ in 0..<(try reader.itemCount(minimumSize: 20)) {
      let entity = try Self.entity(from: &reader, numbers)
      guard entities.last.map({ $0.id < entity.id }) ?? true else {
        throw .invalid("the entities of a snapshot do not ascend")
      }
      entities.append(entity)
    }
    try reader.expectEnd()
  }

  private static func entity(
    from reader: inout ByteReader, _ numbers: WriterNumbers
  ) throws(FormatError) -> Entity {
    let id: EntityID = try reader.id()
    let kind = KindNumber(try reader.count())
    var state = try EntityState(
      kind: kind, decoding: Array(try reader.block()), naming: numbers)
    for _ in 0..<(try reader.itemCount(minimumSize: 4)) {
      let document = try TextDocument(decoding: Array(try reader.block()))
      guard state.documents.last.map({ $0.id < document.id }) ?? true else {
        throw .invalid("the texts of a snapshot do not ascend")
      }
      state.documents.append(document)
    }
    return Entity(id: id, state: state)
  }
}
