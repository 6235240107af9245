import Testing

@testable import ChangeLog

/// The smallest and the largest of everything, and one more.
@Suite struct CodecEdgeTests {
  @Test(
    arguments: [
      (0, [0]), (127, [0x7f]), (128, [0x80, 1]), (16383, [0xff, 0x7f]), (16384, [0x80, 0x80, 1]),
      (1 << 63, [0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 1]),
      (UInt64.max, [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1]),
    ] as [(UInt64, [UInt8])])
  func aNumberHasItsShortestForm(number: UInt64, bytes: [UInt8]) throws {
    var writer = ByteWriter()
    writer.append(varint: number)
    #expect(writer.bytes == bytes)
    var reader = ByteReader(bytes)
    #expect(try reader.varint() == number)
    #expect(reader.isAtEnd)
  }

  @Test(
    arguments: [
      ([0x80], .truncated(at: 1)), ([], .truncated(at: 0)),
      ([0x80, 0], .notCanonical(at: 0)), ([0xff, 0x80, 0], .notCanonical(at: 0)),
      (Array(repeating: 0x80, count: 9) + [0], .notCanonical(at: 0)),
      (Array(repeating: 0xff, count: 9) + [2], .numberOutOfRange(at: 0)),
      (Array(repeating: 0xff, count: 10) + [0], .numberOutOfRange(at: 0)),
      (Array(repeating: 0x80, count: 9) + [0x81, 0], .numberOutOfRange(at: 0)),
    ] as [([UInt8], FormatError)])
  func aNumberInAnyOtherFormIsRefused(bytes: [UInt8], error: FormatError) {
    var reader = ByteReader(bytes)
    #expect(throws: error) { try reader.varint() }
  }

  @Test func theSmallestAndLargestIntegersComeBack() throws {
    for number in [Int64.min, .min + 1, -1, 0, 1, .max - 1, .max] {
      var reader = ByteReader(Value.int(number).encoded)
      #expect(try Value(from: &reader) == .int(number))
    }
    #expect(Value.int(-1).encoded == [3, 1])
    #expect(Value.int(.min).encoded == [3] + Array(repeating: 0xff, count: 9) + [1])
  }

  @Test(
    arguments: [
      [0x61, 0], [0], [0xff], [0xc3], [0xc0, 0x80], [0xed, 0xa0, 0x80], [0xf4, 0x90, 0x80, 0x80],
      [0xe2, 0x82], [0x80],
    ] as [[UInt8]])
  func nulAndInvalidTextIsRefused(utf8: [UInt8]) {
    var reader = ByteReader([4, UInt8(utf8.count)] + utf8)
    #expect(throws: FormatError.invalidText(at: 1)) { try Value(from: &reader) }
  }

  @Test func textIsKeptByteForByte() throws {
    for text in [
      "é", "e\u{301}", "\u{fffe}\u{10ffff}", String(repeating: "\u{301}", count: 100_000),
    ] {
      var reader = ByteReader(Value.text(text).encoded)
      let read = try Value(from: &reader)
      guard case .text(let back) = read else { throw FormatError.invalid("no text") }
      #expect(Array(back.string.utf8) == Array(text.utf8))
    }
    #expect(Value.text("é") != Value.text("e\u{301}"))
  }

  @Test func listsNestEightDeepAndNoDeeper() throws {
    func nested(_ depth: Int) -> Value { depth == 0 ? .null : .list([nested(depth - 1)]) }
    var reader = ByteReader(nested(Value.maximumDepth).encoded)
    #expect(try Value(from: &reader) == nested(Value.maximumDepth))
    reader = ByteReader(nested(Value.maximumDepth + 1).encoded)
    #expect(throws: FormatError.invalid("lists nest too deep")) { try Value(from: &reader) }
  }

  @Test func aChangesetOfTheLargestSizeIsTakenAndOneByteMoreIsNot() throws {
    var dice = Dice(11)
    let key = dice.key()
    let introduction = Introduction(key: key.publicKey, salt: dice.id())
    let header = Header(
      workspace: dice.id(), writer: introduction.writer, sequence: 1, previous: .zero,
      clock: Timestamp(milliseconds: 1), introduction: introduction)
    func changeset(_ count: Int) throws -> Changeset {
      let value = Value.bytes(Array(repeating: 7, count: count))
      let body = Body(
        intent: "", operations: [Operation(entity: .zero, kind: 1, .add(1, value))])
      return try Changeset(header: header, body: body, key: key)
    }
    let overhead = try changeset(1_400_000).bytes.count - 1_400_000
    let largest = try changeset(Changeset.maximumSize - overhead)
    #expect(largest.bytes.count == Changeset.maximumSize)
    #expect(try Changeset(bytes: largest.bytes) == largest)
    #expect(throws: FormatError.tooLarge(limit: Changeset.maximumSize)) {
      try changeset(Changeset.maximumSize - overhead + 1)
    }
    #expect(throws: FormatError.tooLarge(limit: Changeset.maximumSize)) {
      try Changeset(bytes: largest.bytes + [0])
    }
  }

  @Test func aRequestOfTheLargestSizeIsTakenAndOneByteMoreIsNot() throws {
    var dice = Dice(12)
    var request = dice.request()
    request.changesets = [Array(repeating: 1, count: SyncRequest.maximumSize - 1000)]
    let rest = SyncRequest.maximumSize - request.encoded.count
    request.changesets[0] += Array(repeating: 1, count: rest)
    #expect(request.encoded.count == SyncRequest.maximumSize)
    #expect(try SyncRequest(decoding: request.encoded).changesets == request.changesets)
    request.changesets[0].append(1)
    #expect(throws: FormatError.tooLarge(limit: SyncRequest.maximumSize)) {
      try SyncRequest(decoding: request.encoded)
    }
    request.changesets = Array(repeating: [], count: SyncRequest.maximumChangesets)
    #expect(try SyncRequest(decoding: request.encoded).changesets.count == 2000)
    request.changesets.append([])
    #expect(throws: FormatError.tooLarge(limit: SyncRequest.maximumSize)) {
      try SyncRequest(decoding: request.encoded)
    }
  }

  @Test func numbersOfChangesetsEndAtTwoToThe53() throws {
    var dice = Dice(13)
    let key = dice.key()
    for (sequence, isTaken) in [(UInt64(1) << 53 - 1, true), (1 << 53, false), (0, false)] {
      var header = dice.header(key: key)
      header.introduction = nil
      header.previous = dice.digest()
      header.sequence = sequence
      let bytes = try Changeset(
        header: header, body: dice.body(by: header.writer), key: key, seal: header.seal
      ).bytes
      #expect(((try? Changeset(bytes: bytes)) != nil) == isTaken, "\(sequence)")
    }
  }

  /// A snapshot is the word of the member who made it: its numbers have the same end as those of changesets.
  @Test(arguments: [(UInt64(1) << 53 - 1, true), (1 << 53, false), (.max, false), (0, false)])
  func statesAndTextsNameNoChangesetBeyond(sequence: UInt64, isTaken: Bool) {
    let writer = WriterID(high: 1, low: 1)
    let id = ChangeID(writer: writer, sequence: sequence, index: 0)
    let value = FieldState.AliveValue(id: id, clock: Timestamp(milliseconds: 1), value: .null)
    let state = EntityState(
      kind: 1, fields: [FieldState(number: 1, shape: .register, alive: [value])])
    let numbers = WriterNumbers([(1, writer)])
    let read = try? EntityState(
      kind: 1, decoding: state.encoded(naming: numbers), naming: numbers)
    #expect((read == state) == isTaken && (read != nil) == isTaken)
    let text = TextDocument(id: id, field: 1, text: "words")
    #expect(((try? TextDocument(decoding: text.encoded)) != nil) == isTaken)
  }

  @Test func aStatementOfClocksNamesOneToFiveHundred() throws {
    func read(_ count: Int, descending: Bool = false) throws -> ClockBound {
      var writer = ByteWriter()
      writer.append(bigEndian: 7)
      writer.append(count: count)
      for number in 1...max(1, count) where count > 0 {
        writer.append(id: WriterID(high: 1, low: 1))
        writer.append(varint: UInt64(descending ? count + 1 - number : number))
      }
      var reader = ByteReader(writer.bytes)
      return try ClockBound(from: &reader)
    }
    for count in [1, 2, ClockBound.maximumCount] { #expect(try read(count).places.count == count) }
    for count in [0, ClockBound.maximumCount + 1] {
      #expect(throws: FormatError.self) { try read(count) }
    }
    #expect(throws: FormatError.self) { try read(2, descending: true) }
  }

  @Test func aRequestBringsFiveHundredStatementsAndNoMore() throws {
    for (count, isTaken) in [(500, true), (501, false)] {
      var request = SyncRequest(
        workspace: WorkspaceID(high: 1, low: 1), cursor: .start,
        own: WriterHead(writer: WriterID(high: 0, low: 0), sequence: 0, id: .zero))
      request.membership.entries = Array(repeating: [1], count: count)
      #expect(((try? SyncRequest(decoding: request.encoded)) != nil) == isTaken, "\(count)")
    }
  }

  @Test func anotherWritersNameIsNotTakenByAnyKey() throws {
    var dice = Dice(14)
    let key = dice.key()
    var header = dice.header(key: key)
    header.sequence = 1
    header.previous = .zero
    header.introduction = Introduction(key: key.publicKey, salt: dice.id())
    let bytes = try Changeset(
      header: header, body: dice.body(by: header.writer), key: key, seal: header.seal
    ).bytes
    #expect(throws: FormatError.invalid("the writer's name does not come from its key")) {
      try Changeset(bytes: bytes)
    }
  }

  @Test func anUnknownOperationIsKeptAsItIs() throws {
    var dice = Dice(15)
    let author = dice.id(Writer.self)
    let unknown = Operation(entity: .zero, kind: 0, .unknown(code: 99, [1, 2, 3]))
    let body = Body(
      intent: "later",
      operations: [unknown, Operation(entity: dice.id(), kind: 9, .put(1, .null, replacing: []))])
    let bytes = body.encoded(by: author)
    #expect(try Body(decoding: bytes, writtenBy: author) == body)
    #expect(throws: FormatError.invalid("operation 0 does not exist")) {
      let zero = Operation(entity: .zero, kind: 0, .unknown(code: 0, []))
      _ = try Body(
        decoding: Body(intent: "", operations: [zero]).encoded(by: author), writtenBy: author)
    }
  }

  @Test func aCheckpointStandsAtTheEndAndIsOfALogThatBegan() throws {
    let author = WriterID(high: 1, low: 1)
    let log = LogID(high: 2, low: 2)
    var payload = ByteWriter()
    Cursor(log: log, position: 1, hash: .zero).encode(into: &payload)
    let checkpoint = Operation(
      entity: .zero, kind: 0, .unknown(code: Operation.Code.checkpoint, payload.bytes))
    let unknown = Operation(entity: .zero, kind: 0, .unknown(code: 99, []))
    func read(_ operations: Operation...) throws -> Body {
      try Body(
        decoding: Body(intent: "", operations: operations).encoded(by: author), writtenBy: author)
    }
    let body = try read(unknown, checkpoint)
    #expect(body.operations == [unknown])
    #expect(body.checkpoint == Cursor(log: log, position: 1, hash: .zero))
    // Older programs took whatever has its number for something that is not known to them.
    #expect(try read(checkpoint, unknown).operations == [checkpoint, unknown])
    let two = try read(checkpoint, checkpoint)
    #expect(two.operations == [checkpoint] && two.checkpoint == body.checkpoint)
    let long = Operation(
      entity: .zero, kind: 0, .unknown(code: Operation.Code.checkpoint, payload.bytes + [0]))
    payload = ByteWriter()
    Cursor(log: log, position: 0, hash: .zero).encode(into: &payload)
    let empty = Operation(
      entity: .zero, kind: 0, .unknown(code: Operation.Code.checkpoint, payload.bytes))
    for odd in [empty, long] {
      let body = try read(odd)
      #expect(body.operations == [odd] && body.checkpoint == nil)
    }
  }

  @Test func base32ReadsLookAlikesAndNoForeignCharacters() {
    var dice = Dice(16)
    for count in 0..<40 {
      let bytes = dice.bytes(count)
      let text = Base32.encode(bytes)
      #expect(Base32.decode(text) == bytes)
      #expect(Base32.decode(text.uppercased()) == bytes)
      #expect(Hexadecimal.decode(Hexadecimal.encode(bytes)) == bytes)
    }
    #expect(Base32.normalized("OoIiLl") == "001111")
    for foreign in ["u", "U", "é", "-", "0\u{0}", "zz\u{301}"] {
      #expect(Base32.decode(foreign) == nil)
    }
    // One bit of padding that is set; a character too many.
    #expect(Base32.decode("01") == nil && Base32.decode("000") == nil)
    #expect(Base32.decode("00") == [0])
  }
}
