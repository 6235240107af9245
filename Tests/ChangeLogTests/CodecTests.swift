import Testing

@testable import ChangeLog

/// Every message comes back as it was written, has one form only, and no bytes whatever stop the program.
@Suite struct CodecTests {
  @Test func everyValueComesBackAsItWasWritten() throws {
    var dice = Dice(1)
    for _ in 0..<5000 {
      let value = dice.value()
      var reader = ByteReader(value.encoded)
      #expect(try Value(from: &reader) == value)
      try reader.expectEnd()
    }
  }

  @Test func everyBodyComesBackAsItWasWritten() throws {
    var dice = Dice(2)
    for round in 0..<2000 {
      let author = dice.id(Writer.self)
      let body = dice.body(by: author, unknown: round.isMultiple(of: 4))
      let bytes = body.encoded(by: author)
      #expect(try Body(decoding: bytes, writtenBy: author) == body)
    }
  }

  @Test func everyChangesetComesBackAsItWasWritten() throws {
    var dice = Dice(3)
    for _ in 0..<300 {
      let key = dice.key()
      let header = dice.header(key: key)
      let body = dice.body(by: header.writer)
      let written = try Changeset(header: header, body: body, key: key)
      let read = try Changeset(bytes: written.bytes)
      #expect(read.header == header)
      #expect(try read.decodedBody() == body)
      #expect(read.id == written.id && read.bytes == written.bytes)
      #expect(read.isSigned(by: key.publicKey))
      #expect(!read.isSigned(by: dice.key().publicKey))
    }
  }

  @Test func everyMessageComesBackAsItWasWritten() throws {
    var dice = Dice(4)
    for _ in 0..<2000 {
      let request = dice.request()
      let readRequest = try SyncRequest(decoding: request.encoded)
      #expect(readRequest.encoded == request.encoded)
      #expect(readRequest.changesets == request.changesets && readRequest.cursor == request.cursor)
      #expect(readRequest.own == request.own && readRequest.workspace == request.workspace)
      #expect(
        readRequest.pageSize == request.pageSize
          && readRequest.wantsOwnBytes == request.wantsOwnBytes)
      let response = dice.response()
      let readResponse = try SyncResponse(decoding: response.encoded)
      #expect(readResponse.head == response.head && readResponse.own == response.own)
      #expect(readResponse.verdicts == response.verdicts && readResponse.page == response.page)
      let invite = dice.invite()
      #expect(try InviteCode(text: invite.text) == invite)
      let joined = dice.joinResponse()
      #expect(try JoinResponse(decoding: joined.encoded) == joined)
    }
  }

  @Test func aJoinRequestProvesThatItsSenderHoldsTheKey() throws {
    var dice = Dice(5)
    let key = dice.key()
    let request = try JoinRequest(secret: dice.bytes(20), deviceName: "laptop", key: key)
    let read = try JoinRequest(decoding: request.encoded)
    #expect(read.isProven && read.key == key.publicKey)
    #expect(read.secret == request.secret && read.deviceName == "laptop")
    for place in request.encoded.indices {
      var bytes = request.encoded
      bytes[place] ^= 1 << UInt8(place % 8)
      #expect((try? JoinRequest(decoding: bytes))?.isProven != true)
    }
  }

  // MARK: One form only

  @Test func aDamagedChangesetIsRefusedOrSaysExactlyWhatItsBytesSay() throws {
    var dice = Dice(6)
    for _ in 0..<6 {
      let key = dice.key()
      let header = dice.header(key: key)
      let changeset = try Changeset(header: header, body: dice.body(by: header.writer), key: key)
      for (place, bytes) in damaged(changeset.bytes) {
        guard let read = try? Changeset(bytes: bytes) else { continue }
        let isSame = encoded(read) == bytes
        #expect(isSame, "byte \(place)")
        // A check of a signature takes a while: one for each byte.
        if bytes[place] == changeset.bytes[place] ^ 4 {
          #expect(!read.isSigned(by: key.publicKey), "byte \(place)")
        }
      }
      for count in 0..<changeset.bytes.count {
        #expect(throws: FormatError.self) {
          try Changeset(bytes: Array(changeset.bytes.prefix(count)))
        }
      }
      #expect(throws: FormatError.trailingBytes(at: changeset.bytes.count)) {
        try Changeset(bytes: changeset.bytes + [0])
      }
    }
  }

  @Test func aDamagedBodyIsRefusedOrSaysExactlyWhatItsBytesSay() throws {
    var dice = Dice(7)
    for _ in 0..<60 {
      let author = dice.id(Writer.self)
      let sample = dice.body(by: author).encoded(by: author)
      for (place, bytes) in damaged(sample) {
        guard let read = try? Body(decoding: bytes, writtenBy: author) else { continue }
        // The payload of an unknown operation may count in the tables.
        if read.operations.contains(where: \.action.isUnknown) { continue }
        let isSame = read.encoded(by: author) == bytes
        #expect(isSame, "byte \(place)")
      }
      for count in 0..<sample.count {
        #expect(throws: FormatError.self) {
          try Body(decoding: Array(sample.prefix(count)), writtenBy: author)
        }
      }
    }
  }

  @Test func aDamagedMessageIsRefusedOrSaysExactlyWhatItsBytesSay() throws {
    var dice = Dice(8)
    for _ in 0..<12 {
      let request = dice.request().encoded
      for (place, bytes) in damaged(request) {
        guard let read = try? SyncRequest(decoding: bytes) else { continue }
        #expect(read.encoded == bytes, "request, byte \(place)")
      }
      let response = dice.response().encoded
      for (place, bytes) in damaged(response) {
        guard let read = try? SyncResponse(decoding: bytes) else { continue }
        #expect(read.encoded == bytes, "response, byte \(place)")
      }
      let joined = dice.joinResponse().encoded
      for (place, bytes) in damaged(joined) {
        guard let read = try? JoinResponse(decoding: bytes) else { continue }
        #expect(read.encoded == bytes, "join response, byte \(place)")
      }
      for (sample, read) in [
        (request, { _ = try SyncRequest(decoding: $0) }),
        (response, { _ = try SyncResponse(decoding: $0) }),
        (joined, { _ = try JoinResponse(decoding: $0) }),
      ] as [([UInt8], ([UInt8]) throws -> Void)] {
        for count in 0..<sample.count {
          #expect(throws: FormatError.self) { try read(Array(sample.prefix(count))) }
        }
        #expect(throws: FormatError.trailingBytes(at: sample.count)) { try read(sample + [0]) }
      }
    }
  }

  @Test func aMistypedInviteCodeIsRefused() throws {
    var dice = Dice(9)
    let invite = dice.invite()
    let text = Array(invite.text)
    for place in text.indices {
      for wrong in Array("0a9zlOéU- \u{0}") {
        var mistyped = text
        mistyped[place] = wrong
        let read = try? InviteCode(text: String(mistyped))
        // Look-alikes and the other case are no mistakes.
        #expect(read == nil || read == invite, "character \(place): \(wrong)")
      }
      #expect(throws: FormatError.self) { try InviteCode(text: String(text[..<place])) }
    }
    #expect(try InviteCode(text: " \(invite.text.uppercased())\n") == invite)
  }

  @Test func randomBytesStopNothing() {
    var dice = Dice(10)
    let author = dice.id(Writer.self)
    for _ in 0..<20_000 {
      var bytes = dice.bytes(dice.below(120))
      if dice.chance(80), !bytes.isEmpty { bytes[0] = 1 }
      _ = try? Changeset(bytes: bytes)
      _ = try? Body(decoding: bytes, writtenBy: author)
      _ = try? SyncRequest(decoding: bytes)
      _ = try? SyncResponse(decoding: bytes)
      _ = try? JoinRequest(decoding: bytes)
      _ = try? JoinResponse(decoding: bytes)
      var reader = ByteReader(bytes)
      guard let value = try? Value(from: &reader) else { continue }
      #expect(value.encoded == Array(bytes.prefix(reader.offset)))
    }
  }

  // MARK: Edges

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
      let bytes = try Changeset(header: header, body: dice.body(by: header.writer), key: key).bytes
      #expect(((try? Changeset(bytes: bytes)) != nil) == isTaken, "\(sequence)")
    }
  }

  @Test func anotherWritersNameIsNotTakenByAnyKey() throws {
    var dice = Dice(14)
    let key = dice.key()
    var header = dice.header(key: key)
    header.sequence = 1
    header.previous = .zero
    header.introduction = Introduction(key: key.publicKey, salt: dice.id())
    let bytes = try Changeset(header: header, body: dice.body(by: header.writer), key: key).bytes
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

  // MARK: Damage

  /// Each byte replaced by others, one at a time.
  private func damaged(_ bytes: [UInt8]) -> [(place: Int, bytes: [UInt8])] {
    bytes.indices.flatMap { place in
      Set<UInt8>([0, 1, 2, 0x7f, 0x80, 0xff] + (0..<8).map { bytes[place] ^ (1 << $0) })
        .subtracting([bytes[place]]).sorted()
        .map { byte in
          var damaged = bytes
          damaged[place] = byte
          return (place, damaged)
        }
    }
  }

  private func encoded(_ changeset: Changeset) -> [UInt8] {
    var writer = ByteWriter()
    changeset.header.encode(into: &writer)
    writer.append(block: changeset.body)
    writer.append(raw: changeset.bytes.suffix(Signature.size))
    return writer.bytes
  }
}
