internal import ChangeLog

/// The short numbers by which the file names writers.
struct WriterNumbers {
  private var ids: [Int: WriterID] = [:]
  private var numbers: [WriterID: Int] = [:]

  init(_ pairs: [(Int, WriterID)]) {
    for (number, id) in pairs {
      ids[number] = id
      numbers[id] = number
    }
  }

  subscript(id: WriterID) -> Int? { numbers[id] }
  subscript(number: Int) -> WriterID? { ids[number] }
}

/// How a state is stored. Fields written by one changeset, the common case, name it once.
extension EntityState {
  func stored(_ writers: WriterNumbers) -> [UInt8] {
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

  init(kind: KindNumber, stored bytes: [UInt8], _ writers: WriterNumbers) throws {
    var codec = StateReader(reader: ByteReader(bytes), writers: writers)
    var fields: [FieldState] = []
    for _ in 0..<(try codec.reader.count()) {
      let tag = try codec.reader.varint()
      guard let shape = FieldState.Shape(rawValue: UInt8(tag & 3)) else {
        throw ReplicaError.damaged("a state's field")
      }
      var alive: [FieldState.AliveValue] = []
      for _ in 0..<(try codec.reader.count()) {
        let (id, clock) = try codec.change()
        let value = try Value(from: &codec.reader)
        let edits = shape == .text ? try codec.edits() : nil
        alive.append(.init(id: id, clock: clock, value: value, edits: edits))
      }
      fields.append(FieldState(number: FieldNumber(tag >> 2), shape: shape, alive: alive))
    }
    var tombstones: [Tombstone] = []
    for _ in 0..<(try codec.reader.count()) {
      let (id, clock) = try codec.change()
      var seen: [ChangeID] = []
      for _ in 0..<(try codec.reader.count()) { seen.append(try codec.change().0) }
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

  mutating func change() throws -> (ChangeID, Timestamp) {
    let number = try reader.count()
    if number != 0 {
      guard let writer = writers[number] else { throw ReplicaError.damaged("a state's writer") }
      last = (writer, try reader.varint(), Timestamp(rawValue: try reader.bigEndian()))
    }
    guard let last else { throw ReplicaError.damaged("a state's first change") }
    let id = ChangeID(writer: last.writer, sequence: last.sequence, index: try reader.count())
    return (id, last.clock)
  }

  mutating func edits() throws -> FieldState.Edits? {
    let tag = try reader.count()
    guard tag > 0 else { return nil }
    var heads: [FieldState.Head] = []
    for _ in 0..<tag >> 1 {
      let (id, clock) = try change()
      heads.append(FieldState.Head(id: id, clock: clock))
    }
    return FieldState.Edits(heads: heads, isClashing: tag & 1 == 1)
  }
}
