/// What a changeset does: the operations of one command, in order.
public struct Body: Hashable, Sendable {
  /// The command that made it, as people know it: "note", "import", "undo".
  public var intent: String
  /// The changeset whose inverse this is.
  public var undoes: ChangesetID?
  public var operations: [Operation]
  /// The changesets in quarantine that this one says again, ascending: whoever has them need not do it too.
  public var adopts: [ChangesetID]
  /// How far the author had read the remote's log, where that moved since the author's previous changeset: whoever was
  /// shown another log notices by it.
  public var checkpoint: Cursor?

  public init(
    intent: String, undoes: ChangesetID? = nil, operations: [Operation],
    adopts: [ChangesetID] = [], checkpoint: Cursor? = nil
  ) {
    self.intent = intent
    self.undoes = undoes
    self.operations = operations
    self.adopts = adopts.sorted()
    self.checkpoint = checkpoint
  }

  public func encoded(by author: WriterID) -> [UInt8] {
    var tables = Tables(author: author)
    var encodedOperations = ByteWriter(reserving: operations.count * 24)
    var payload = ByteWriter(reserving: 64)
    for operation in operations {
      payload = ByteWriter(reserving: 64)
      let code = operation.encode(into: &payload, &tables)
      encodedOperations.append(varint: code)
      encodedOperations.append(block: payload.bytes)
    }
    if !adopts.isEmpty {
      payload = ByteWriter(reserving: adopts.count * 32)
      for id in adopts { payload.append(digest: id) }
      encodedOperations.append(varint: Operation.Code.adopts)
      encodedOperations.append(block: payload.bytes)
    }
    if let checkpoint {
      payload = ByteWriter(reserving: 64)
      checkpoint.encode(into: &payload)
      encodedOperations.append(varint: Operation.Code.checkpoint)
      encodedOperations.append(block: payload.bytes)
    }
    var writer = ByteWriter(reserving: encodedOperations.bytes.count + 128)
    writer.append(text: intent)
    writer.append(undoes == nil ? 0 : 1)
    if let undoes { writer.append(digest: undoes) }
    writer.append(count: tables.writers.count)
    for foreign in tables.writers { writer.append(id: foreign) }
    writer.append(count: tables.entities.count)
    for (entity, kind) in tables.entities {
      writer.append(varint: UInt64(kind))
      writer.append(id: entity)
    }
    writer.append(count: operations.count + (adopts.isEmpty ? 0 : 1) + (checkpoint == nil ? 0 : 1))
    writer.append(raw: encodedOperations.bytes)
    return writer.bytes
  }

  public init(decoding bytes: [UInt8], writtenBy author: WriterID) throws(FormatError) {
    var reader = ByteReader(bytes)
    intent = try reader.text()
    switch try reader.byte() {
    case 0: undoes = nil
    case 1: undoes = try reader.digest()
    default: throw .invalid("a flag of the body is not known to this version")
    }
    var tables = try Tables(from: &reader, author: author)
    let count = try reader.itemCount(minimumSize: 2)
    operations = []
    operations.reserveCapacity(count)
    for _ in 0..<count {
      let code = try reader.varint()
      var payload = try reader.nested(try reader.count(upTo: reader.remaining))
      operations.append(try Operation(code: code, from: &payload, &tables))
    }
    adopts = []
    // Both stand at the end. What looks like them and is none stays an operation that is not known: older programs took it
    // for one, and what was taken must stay readable.
    if let checkpoint = operations.last.flatMap(Self.checkpoint) {
      self.checkpoint = checkpoint
      operations.removeLast()
    }
    if let adopts = operations.last.flatMap(Self.adopts) {
      self.adopts = adopts
      operations.removeLast()
    }
    tables.hasUnknown = operations.contains {
      if case .unknown = $0.action { true } else { false }
    }
    try tables.expectCanonical()
    try reader.expectEnd()
  }

  private static func checkpoint(in operation: Operation) -> Cursor? {
    guard case .unknown(Operation.Code.checkpoint, let payload) = operation.action else {
      return nil
    }
    var reader = ByteReader(payload)
    guard let checkpoint = try? Cursor(from: &reader), checkpoint.position > 0,
      (try? reader.expectEnd()) != nil
    else { return nil }
    return checkpoint
  }

  private static func adopts(in operation: Operation) -> [ChangesetID]? {
    guard case .unknown(Operation.Code.adopts, let payload) = operation.action,
      !payload.isEmpty, payload.count % 32 == 0
    else { return nil }
    let ids = stride(from: 0, to: payload.count, by: 32).map {
      Digest(bytes: Array(payload[$0..<$0 + 32]))
    }
    return zip(ids, ids.dropFirst()).allSatisfy { $0 < $1 } ? ids : nil
  }

  /// Names that several operations share are written once and then counted: 16 bytes become one.
  struct Tables {
    let author: WriterID
    var writers: [WriterID] = []
    var entities: [(EntityID, KindNumber)] = []
    private var entityIndex: [EntityID: Int] = [:]
    // How much of the tables the operations read so far have named, if they named it in its order.
    private var writersUsed = 0
    private var entitiesUsed = 0
    private var isInOrder = true
    /// What the payload of an unknown operation names in the tables cannot be known.
    var hasUnknown = false

    init(author: WriterID) { self.author = author }

    fileprivate init(from reader: inout ByteReader, author: WriterID) throws(FormatError) {
      self.author = author
      for _ in 0..<(try reader.itemCount(minimumSize: 16)) { writers.append(try reader.id()) }
      for _ in 0..<(try reader.itemCount(minimumSize: 17)) {
        let kind = KindNumber(try reader.count())
        entities.append((try reader.id(), kind))
      }
      let isDistinct =
        Set(writers + [author]).count == writers.count + 1
        && Set(entities.map(\.0)).count == entities.count
      guard isDistinct else { throw .invalid("a table of the body names something twice") }
    }

    /// 0 is the author; the others count from 1.
    mutating func index(of writer: WriterID) -> Int {
      if writer == author { return 0 }
      if let known = writers.firstIndex(of: writer) { return known + 1 }
      writers.append(writer)
      return writers.count
    }

    mutating func index(of entity: EntityID, _ kind: KindNumber) -> Int {
      if let (last, _) = entities.last, last == entity { return entities.count - 1 }
      if let known = entityIndex[entity] { return known }
      entityIndex[entity] = entities.count
      entities.append((entity, kind))
      return entities.count - 1
    }

    mutating func writer(at index: Int) throws(FormatError) -> WriterID {
      if index == 0 { return author }
      guard index <= writers.count else { throw .invalid("a writer is not in the table") }
      isInOrder = isInOrder && index <= writersUsed + 1
      writersUsed = max(writersUsed, index)
      return writers[index - 1]
    }

    mutating func entity(at index: Int) throws(FormatError) -> (EntityID, KindNumber) {
      guard index < entities.count else { throw .invalid("an entity is not in the table") }
      isInOrder = isInOrder && index <= entitiesUsed
      entitiesUsed = max(entitiesUsed, index + 1)
      return entities[index]
    }

    /// The tables name what the operations name, in the order of first mention, and nothing else.
    fileprivate func expectCanonical() throws(FormatError) {
      let isComplete = writersUsed == writers.count && entitiesUsed == entities.count
      guard hasUnknown || (isInOrder && isComplete) else {
        throw .invalid("the tables of the body are not in the order of use")
      }
    }
  }
}
