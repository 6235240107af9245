/// How a document is stored. Not on the wire: a replica makes its own from the log.
extension TextDocument {
  public var encoded: [UInt8] {
    var coder = ChangeWriter()
    coder.append(id)
    coder.writer.append(varint: UInt64(field))
    coder.writer.append(count: pieces.count)
    for piece in pieces { coder.append(piece) }
    coder.writer.append(count: latest.count)
    for change in latest { coder.append(change) }
    for pairs in [cancels, openClashes] {
      coder.writer.append(count: pairs.count)
      for pair in pairs {
        coder.append(pair.first)
        coder.append(pair.second)
      }
    }
    var all = ByteWriter(reserving: coder.writer.bytes.count + coder.names.count * 16 + 8)
    all.append(count: coder.names.count)
    for name in coder.names { all.append(id: name) }
    all.append(raw: coder.writer.bytes)
    return all.bytes
  }

  public init(decoding bytes: [UInt8]) throws(FormatError) {
    var coder = try ChangeReader(bytes)
    let id = try coder.change()
    let field = FieldNumber(try coder.reader.count())
    var pieces: [TextPiece] = []
    for _ in 0..<(try coder.reader.itemCount(minimumSize: 5)) { pieces.append(try coder.piece()) }
    var latest: [ChangeID] = []
    for _ in 0..<(try coder.reader.itemCount(minimumSize: 1)) { latest.append(try coder.change()) }
    let cancels = try coder.pairs()
    let openClashes = try coder.pairs()
    try coder.reader.expectEnd()
    self.init(
      id: id, field: field, pieces: pieces, latest: latest, cancels: cancels,
      openClashes: openClashes)
  }
}

/// Writers are named once; a change like the one before it is a single byte.
private struct ChangeWriter {
  var writer = ByteWriter(reserving: 1024)
  private(set) var names: [WriterID] = []
  private var numbers: [WriterID: Int] = [:]
  private var last: ChangeID?
  private var lastRight: [ChangeID: CharacterID?] = [:]

  mutating func append(_ change: ChangeID) {
    guard change != last else { return writer.append(0) }
    last = change
    if numbers[change.writer] == nil {
      names.append(change.writer)
      numbers[change.writer] = names.count
    }
    writer.append(count: numbers[change.writer]!)
    writer.append(varint: change.sequence)
    writer.append(count: change.index)
  }

  private mutating func append(_ character: CharacterID) {
    append(character.change)
    writer.append(count: character.offset)
  }

  mutating func append(_ piece: TextPiece) {
    append(piece.change)
    writer.append(count: piece.offset)
    writer.append(text: piece.text.string)
    // A later piece of a run has the right neighbour of the one before it.
    let isSameRight = !piece.isStart && lastRight[piece.change] == .some(piece.right)
    lastRight[piece.change] = .some(piece.right)
    writer.append(
      (piece.isStart ? 1 : 0) | (piece.left == nil ? 0 : 2) | (piece.right == nil ? 0 : 4)
        | (isSameRight ? 8 : 0))
    if let left = piece.left { append(left) }
    if !isSameRight, let right = piece.right { append(right) }
    writer.append(count: piece.removers.count)
    for remover in piece.removers {
      append(remover.change)
      writer.append(remover.replaces ? 1 : 0)
    }
  }
}

private struct ChangeReader {
  var reader: ByteReader
  private var names: [WriterID] = []
  private var last: ChangeID?
  private var lastRight: [ChangeID: CharacterID?] = [:]

  init(_ bytes: [UInt8]) throws(FormatError) {
    reader = ByteReader(bytes)
    for _ in 0..<(try reader.itemCount(minimumSize: 16)) { names.append(try reader.id()) }
  }

  mutating func change() throws(FormatError) -> ChangeID {
    let number = try reader.count(upTo: names.count)
    if number > 0 {
      let sequence = try Header.sequence(from: &reader)
      last = ChangeID(writer: names[number - 1], sequence: sequence, index: try reader.count())
    }
    guard let last else { throw .invalid("the first change of a document is not named") }
    return last
  }

  private mutating func character() throws(FormatError) -> CharacterID {
    let change = try change()
    return CharacterID(change: change, offset: try reader.count())
  }

  mutating func piece() throws(FormatError) -> TextPiece {
    let change = try change()
    let offset = try reader.count()
    let text = Text(try reader.text())
    let flags = try reader.byte()
    let left = flags & 2 == 0 ? nil : try character()
    var right: CharacterID?
    if flags & 8 != 0 {
      right = lastRight[change] ?? nil
    } else if flags & 4 != 0 {
      right = try character()
    }
    lastRight[change] = .some(right)
    var removers: [TextPiece.Remover] = []
    for _ in 0..<(try reader.itemCount(minimumSize: 2)) {
      let remover = try self.change()
      removers.append(TextPiece.Remover(change: remover, replaces: try reader.byte() == 1))
    }
    return TextPiece(
      change: change, offset: offset, text: text, isStart: flags & 1 != 0, left: left,
      right: right, removers: removers)
  }

  mutating func pairs() throws(FormatError) -> [TextDocument.Pair] {
    var pairs: [TextDocument.Pair] = []
    for _ in 0..<(try reader.itemCount(minimumSize: 2)) {
      let first = try change()
      pairs.append(TextDocument.Pair(first: first, second: try change()))
    }
    return pairs
  }
}
