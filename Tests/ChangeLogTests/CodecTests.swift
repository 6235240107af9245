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
      let written = try Changeset(header: header, body: body, key: key, seal: header.seal)
      let read = try Changeset(bytes: written.bytes)
      #expect(read.header == header)
      #expect(try read.decodedBody(header.keys) == body)
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
      #expect(readResponse.membership == response.membership)
      let invite = dice.invite()
      #expect(try InviteCode(text: invite.text) == invite)
      let joined = dice.joinResponse()
      #expect(try JoinResponse(decoding: joined.encoded) == joined)
    }
  }

  @Test func aJoinRequestProvesThatItsSenderHoldsTheKey() throws {
    var dice = Dice(5)
    let key = dice.key()
    let invite = try DeviceKey(seed: dice.bytes(32))
    let workspace = dice.id(Workspace.self)
    let administrator = dice.key()
    var membership = Membership(workspace: workspace)
    func say(_ statement: MembershipEntry.Statement) throws {
      try membership.append(
        MembershipEntry(
          statement, in: workspace, after: membership.last, at: 5, signedBy: administrator))
    }
    try say(.found(name: "team"))
    try say(.member(name: "ann", role: .editor, heads: []))
    try say(.invite(member: "ann", key: invite.publicKey, expires: 10))
    let code = InviteCode(
      address: "", workspace: workspace, member: "ann", secret: invite.seed,
      membershipHead: membership.last)
    let request = try JoinRequest(code, deviceName: "laptop", key: key, now: 7)
    let read = try JoinRequest(decoding: request.encoded)
    #expect(read.entry == request.entry)
    for place in request.encoded.indices {
      var bytes = request.encoded
      bytes[place] ^= 1 << UInt8(place % 8)
      guard let changed = try? JoinRequest(decoding: bytes).entry else { continue }
      var other = membership
      #expect(throws: Membership.Refusal.self, "byte \(place)") { try other.append(changed) }
    }
    try membership.append(request.entry)
    #expect(membership.role(of: key.publicKey) == .editor)
  }

  // MARK: One form only

  @Test func aDamagedChangesetIsRefusedOrSaysExactlyWhatItsBytesSay() throws {
    var dice = Dice(6)
    for _ in 0..<6 {
      let key = dice.key()
      let header = dice.header(key: key)
      let changeset = try Changeset(
        header: header, body: dice.body(by: header.writer), key: key, seal: header.seal)
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
