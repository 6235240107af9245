/// The short numbers, from 1, by which encoded states name writers.
public struct WriterNumbers: Sendable {
  private var ids: [Int: WriterID] = [:]
  private var numbers: [WriterID: Int] = [:]

  public init(_ pairs: [(Int, WriterID)]) {
    for (number, id) in pairs {
      ids[number] = id
      numbers[id] = number
    }
  }

  public subscript(id: WriterID) -> Int? { numbers[id] }
  public subscript(number: Int) -> WriterID? { ids[number] }
}

/// How a state is stored, and how a snapshot carries it. Fields written by one changeset, the common case, name
/// it once. The insides of texts are not in it.
extension EntityState {
  public func encoded(naming writers: WriterNumbers) -> [UInt8] {
    var codec = StateWriter(writers: writers)
    codec.writer.append(count: fields.count)
    for field in fields {
      codec.writer.append(varint: UInt64(field.number) << 2 | UInt64(field.shape.rawValue))
      codec.writer.append(count: field.alive.count)
      for value in field.alive {
        codec.append(value.id, value.clock)
        value.value.encode(into: &codec.writer)
        if field.shape == .text { codec.append(value.edits) }
      }
    }
    codec.writer.append(count: tombstones.count)
    for tombstone in tombstones {
      codec.append(tombstone.id, tombstone.clock)
      codec.writer.append(count: tombstone.seen.count)
      for change in tombstone.seen { codec.append(change, Timestamp(rawValue: 0)) }
    }
    return codec.writer.bytes
  }

  /// - Throws: ``FormatError`` for bytes that are no state, or not in the order of one.
  public init(
    kind: KindNumber, decoding bytes: [UInt8], naming writers: WriterNumbers
  ) throws(FormatError) {
    var codec = StateReader(reader: ByteReader(bytes), writers: writers)
    var fields: [FieldState] = []
    for _ in 0..<(try codec.reader.itemCount(minimumSize: 2)) {
      let field = try codec.field()
      if let last = fields.last {
        guard (last.number, last.shape.rawValue) < (field.number, field.shape.rawValue) else {
          throw .invalid("the fields of a state do not ascend")
        }
      }
      fields.append(field)
    }
    var tombstones: [Tombstone] = []
    for _ in 0..<(try codec.reader.itemCount(minimumSize: 3)) {
      let (id, clock) = try codec.change()
      var seen: [ChangeID] = []
      for _ in 0..<(try codec.reader.itemCount(minimumSize: 2)) {
        let (change, clock) = try codec.change()
        guard clock.rawValue == 0 else { throw .invalid("a deletion's changes have no clock") }
        seen.append(change)
      }
      if let last = tombstones.last, last.id >= id {
        throw .invalid("the deletions of a state do not ascend")
      }
      tombstones.append(Tombstone(id: id, clock: clock, seen: seen))
    }
    try codec.reader.expectEnd()
    self.init(kind: kind, fields: fields, tombstones: tombstones)
  }
}

private struct StateWriter {
  var writer = ByteWriter(reserving: 128)
  let writers: WriterNumbers
  private var last: (writer: WriterID, sequence: UInt64, clock: Timestamp)?

  init(writers: WriterNumbers) { self.writers = writers }

  /// 0 and the index for a change of the same changeset as the one before; else all of it.
  mutating func append(_ id: ChangeID, _ clock: Timestamp) {
    if let last, last == (id.writer, id.sequence, clock) {
      writer.append(0)
    } else {
      guard let number = writers[id.writer] else {
        preconditionFailure("a change of no known writer")
      }
      writer.append(count: number)
      writer.append(varint: id.sequence)
      writer.append(bigEndian: clock.rawValue)
      last = (id.writer, id.sequence, clock)
    }
    writer.append(count: id.index)
  }

  /// 0 for a text nobody has edited; else the number of heads, and whether it clashes.
  mutating func append(_ edits: FieldState.Edits?) {
    writer.append(count: edits.map { $0.heads.count << 1 | ($0.isClashing ? 1 : 0) } ?? 0)
    for head in edits?.heads ?? [] { append(head.id, head.clock) }
  }
}

private struct StateReader {
  var reader: ByteReader
  let writers: WriterNumbers
  private var last: (writer: WriterID, sequence: UInt64, clock: Timestamp)?

  init(reader: ByteReader, writers: WriterNumbers) {
    self.reader = reader
    self.writers = writers
  }

  mutating func field() throws(FormatError) -> FieldState {
    let tag = try reader.varint()
    guard let shape = FieldState.Shape(rawValue: UInt8(tag & 3)),
      let number = FieldNumber(exactly: tag >> 2)
    else { throw .invalid("a field of a state has no known shape") }
    var alive: [FieldState.AliveValue] = []
    for _ in 0..<(try reader.itemCount(minimumSize: 3)) {
      let (id, clock) = try change()
      let value = try Value(from: &reader)
      let edits = shape == .text ? try edits() : nil
      if let last = alive.last, (last.clock, last.id) >= (clock, id) {
        throw .invalid("the values of a field do not ascend")
      }
      alive.append(.init(id: id, clock: clock, value: value, edits: edits))
    }
    guard !alive.isEmpty else { throw .invalid("a field of a state is empty") }
    return FieldState(number: number, shape: shape, alive: alive)
  }

  mutating func change() throws(FormatError) -> (ChangeID, Timestamp) {
    let number = try reader.count()
    if number != 0 {
      guard let writer = writers[number] else { throw .invalid("a state names no known writer") }
      let sequence = try Header.sequence(from: &reader)
      let next = (writer, sequence, Timestamp(rawValue: try reader.bigEndian()))
      guard last.map({ $0 != next }) ?? true else {
        throw .invalid("a change of a state is not in its one form")
      }
      last = next
    }
    guard let last else { throw .invalid("the first change of a state is not named") }
    let id = ChangeID(writer: last.writer, sequence: last.sequence, index: try reader.count())
    return (id, last.clock)
  }

  private mutating func edits() throws(FormatError) -> FieldState.Edits? {
    let tag = try reader.count(upTo: 2 * reader.remaining + 1)
    guard tag > 0 else { return nil }
    var heads: [FieldState.Head] = []
    for _ in 0..<tag >> 1 {
      let (id, clock) = try change()
      guard heads.last.map({ $0.id < id }) ?? true else {
        throw .invalid("the heads of a text do not ascend")
      }
      heads.append(FieldState.Head(id: id, clock: clock))
    }
    guard !heads.isEmpty else { throw .invalid("an edited text has no head") }
    return FieldState.Edits(heads: heads, isClashing: tag & 1 == 1)
  }
}
