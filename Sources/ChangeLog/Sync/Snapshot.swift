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

  static let magic = Array("dossier snapshot 1\n".utf8)

  /// No snapshot is larger; a workspace beyond it keeps its whole log.
  public static let maximumSize = 256 << 20
}

/// A snapshot with the name of the device that made it, as it travels.
public struct SignedSnapshot: Sendable {
  public let snapshot: Snapshot
  public let key: PublicKey

  public static func encode(
    _ snapshot: Snapshot, signedBy key: DeviceKey
  ) throws -> [UInt8] {
    var writer = ByteWriter(reserving: snapshot.entries.count * 33 + snapshot.entities.count * 200)
    writer.append(raw: Snapshot.magic)
    writer.append(raw: key.publicKey.bytes)
    snapshot.encode(into: &writer)
    return writer.bytes + (try key.sign(Digest(of: writer.bytes).bytes))
  }

  /// Whose snapshot begins with these bytes; nothing is checked. nil when they are the beginning of none.
  static func key(in bytes: [UInt8]) -> PublicKey? {
    let start = Snapshot.magic.count
    guard bytes.starts(with: Snapshot.magic), bytes.count >= start + PublicKey.size else {
      return nil
    }
    return PublicKey(bytes: Array(bytes[start..<start + PublicKey.size]))
  }

  /// - Parameter withEntities: false reads only what a log must know: what it stands for and whose it is.
  /// - Throws: ``FormatError`` for bytes that are not, to the last one, what the maker signed.
  public init(decoding bytes: [UInt8], withEntities: Bool = true) throws(FormatError) {
    guard bytes.count <= Snapshot.maximumSize else { throw .tooLarge(limit: Snapshot.maximumSize) }
    guard bytes.starts(with: Snapshot.magic) else { throw .invalid("this is no snapshot") }
    var reader = ByteReader(bytes)
    _ = try reader.raw(Snapshot.magic.count)
    let key = PublicKey(bytes: Array(try reader.raw(32)))
    guard bytes.count > reader.offset + Signature.size else { throw .truncated(at: bytes.count) }
    let end = bytes.count - Signature.size
    // First of all: what follows is read only when its maker stands for it.
    guard key.verify(signature: bytes[end...], of: Digest(of: Array(bytes[..<end])).bytes) else {
      throw .invalid("the snapshot is damaged, or was changed on its way")
    }
    var content = try reader.nested(end - reader.offset)
    snapshot = try Snapshot(from: &content, withEntities: withEntities)
    self.key = key
  }
}

extension Snapshot {
  fileprivate func encode(into writer: inout ByteWriter) {
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

  fileprivate init(from reader: inout ByteReader, withEntities: Bool) throws(FormatError) {
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
    guard withEntities else { return }
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
