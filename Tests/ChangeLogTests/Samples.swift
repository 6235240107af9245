@testable import ChangeLog

/// Random numbers that a test can repeat (SplitMix64).
struct Dice: RandomNumberGenerator {
  private var state: UInt64

  init(_ seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
    return mixed ^ (mixed >> 31)
  }

  mutating func bytes(_ count: Int) -> [UInt8] {
    (0..<count).map { _ in UInt8.random(in: 0...255, using: &self) }
  }

  mutating func chance(_ percent: Int) -> Bool { Int.random(in: 0..<100, using: &self) < percent }

  mutating func below(_ limit: Int) -> Int { Int.random(in: 0..<limit, using: &self) }

  /// A number of which every size is as likely as any other.
  mutating func number(bits: Int) -> UInt64 {
    let size = below(bits + 1)
    return size == 0 ? 0 : next() >> UInt64(64 - size)
  }
}

/// Random messages: everything the formats can say.
extension Dice {
  mutating func id<Owner>(_: Owner.Type = Owner.self) -> ID<Owner> { ID(high: next(), low: next()) }

  mutating func digest() -> Digest { Digest(bytes: bytes(32)) }

  mutating func text() -> String {
    let letters = ["a", "é", "e\u{301}", "ß", "語", "👩‍👩‍👧", "\u{fffe}", "\u{10ffff}", "\n", "\u{202e}"]
    return (0..<below(12)).map { _ in letters[below(letters.count)] }.joined()
  }

  mutating func value(depth: Int = 0) -> Value {
    switch below(depth < 3 ? 8 : 7) {
    case 0: .null
    case 1: .bool(chance(50))
    case 2: .int([.min, .max, -1, 0, 1, 63, -64, 64][below(8)])
    case 3: .int(Int64(bitPattern: number(bits: 64)))
    case 4: .text(text())
    case 5: .bytes(bytes(below(40)))
    case 6: .entity(id())
    default: .list((0..<below(4)).map { _ in value(depth: depth + 1) })
    }
  }

  mutating func changes(_ writers: [WriterID]) -> [ChangeID] {
    (0..<below(4)).map { _ in
      ChangeID(
        writer: writers[below(writers.count)], sequence: 1 + number(bits: 52),
        index: Int(number(bits: 32)))
    }
  }

  mutating func action(_ writers: [WriterID]) -> Operation.Action {
    let field = FieldNumber(number(bits: 32))
    switch below(7) {
    case 0: return .put(field, value(), replacing: changes(writers))
    case 5: return .write(field, Text(text()), replacing: changes(writers))
    case 6: return .edit(field, edit(writers))
    case 1: return .add(field, value())
    case 2: return .remove(field, changes(writers))
    case 3: return .delete(seen: changes(writers))
    default: return .restore(changes(writers))
    }
  }

  private mutating func change(_ writers: [WriterID]) -> ChangeID {
    ChangeID(
      writer: writers[below(writers.count)], sequence: 1 + number(bits: 52),
      index: Int(number(bits: 32)))
  }

  private mutating func character(_ writers: [WriterID]) -> CharacterID {
    CharacterID(change: change(writers), offset: Int(number(bits: 32)))
  }

  mutating func edit(_ writers: [WriterID]) -> TextEdit {
    TextEdit(
      text: change(writers), seen: changes(writers), cancelled: changes(writers),
      settles: chance(30),
      hunks: (0..<below(3)).map { _ in
        TextEdit.Hunk(
          left: chance(50) ? character(writers) : nil,
          right: chance(50) ? character(writers) : nil,
          removed: (0..<below(3)).map { _ in
            TextEdit.CharacterRange(start: character(writers), count: 1 + Int(number(bits: 31)))
          }, inserted: Text("x" + text()))
      })
  }

  mutating func body(by author: WriterID, unknown: Bool = false) -> Body {
    let writers = [author] + (0..<3).map { _ in id(Writer.self) }
    let entities = (0..<3).map { _ in (id(Entity.self), KindNumber(number(bits: 32))) }
    var body = Body(intent: text(), undoes: chance(30) ? digest() : nil, operations: [])
    if chance(30) { body.adopts = (0..<1 + below(3)).map { _ in digest() }.sorted() }
    if chance(30) {
      body.checkpoint = cursor()
      body.checkpoint?.position += 1
    }
    for _ in 0..<below(6) {
      let (entity, kind) = entities[below(entities.count)]
      body.operations.append(Operation(entity: entity, kind: kind, action(writers)))
      if unknown {
        let action = Operation.Action.unknown(
          code: Operation.Code.adopts + 1 + number(bits: 62), bytes(below(9)))
        body.operations.append(Operation(entity: .zero, kind: 0, action))
      }
    }
    return body
  }

  mutating func header(key: DeviceKey) -> Header {
    let introduction = Introduction(key: key.publicKey, salt: id())
    let isFirst = chance(30)
    return Header(
      workspace: id(), writer: introduction.writer,
      sequence: isFirst ? 1 : 2 + number(bits: 52), previous: isFirst ? .zero : digest(),
      clock: Timestamp(rawValue: next()), minimumReader: number(bits: 64), epoch: number(bits: 64),
      isContinued: chance(30), introduction: isFirst ? introduction : nil,
      seen: (0..<below(4)).map { _ in
        Header.Seen(writer: id(), sequence: 1 + number(bits: 52), id: digest())
      })
  }

  mutating func cursor() -> Cursor {
    Cursor(log: id(), position: Int(number(bits: 52)), hash: digest())
  }

  mutating func head() -> WriterHead {
    WriterHead(writer: id(), sequence: number(bits: 53), id: digest())
  }

  mutating func request() -> SyncRequest {
    SyncRequest(
      workspace: id(), cursor: cursor(), own: head(), wantsOwnBytes: chance(50),
      pageSize: Int(number(bits: 32)), changesets: (0..<below(4)).map { _ in bytes(below(30)) },
      membership: MembershipRequest(
        head: .init(count: below(9), hash: digest()),
        entries: (0..<below(3)).map { _ in bytes(below(30)) }))
  }

  mutating func response() -> SyncResponse {
    let verdicts: [Verdict] = (0..<below(5)).map { _ in
      if chance(50) { return .accepted(position: Int(number(bits: 53))) }
      return .refused(Verdict.Refusal.allCases[below(Verdict.Refusal.allCases.count)])
    }
    let entries: [SyncResponse.Entry] = (0..<below(5)).map { _ in
      switch below(3) {
      case 0: .changeset(bytes(below(30)))
      case 1: .known(digest())
      default: .pushed(Int(number(bits: 32)))
      }
    }
    let page: SyncResponse.Page =
      chance(70)
      ? .entries(entries, end: cursor()) : .diverged((0..<below(4)).map { _ in cursor() })
    return SyncResponse(
      head: cursor(), own: head(), verdicts: verdicts, page: page,
      membership: MembershipAnswer(
        head: .init(count: below(9), hash: digest()), after: below(5),
        entries: (0..<below(3)).map { _ in bytes(10) },
        refusals: [nil, .stale, .notAllowed].prefix(below(4)).map { $0 }))
  }

  mutating func invite() -> InviteCode {
    InviteCode(
      address: text(), workspace: id(), member: text(), secret: bytes(20),
      pin: chance(50) ? bytes(32) : [], membershipHead: chance(50) ? digest() : .zero)
  }

  mutating func joinResponse() -> JoinResponse {
    JoinResponse(
      device: text(), token: Token(bytes: bytes(32))!, member: text(), role: text(),
      workspaceName: text())
  }

  mutating func key() -> DeviceKey { try! DeviceKey(seed: bytes(32)) }
}

extension Header {
  private static let key = EpochKey(bytes: Array(0..<32))

  /// What seals a body of its epoch; nil for epoch 0.
  var seal: (key: EpochKey, salt: [UInt8])? {
    epoch == 0 ? nil : (Self.key, [UInt8](repeating: 7, count: EpochKey.saltSize))
  }

  var keys: Keyring {
    var keys = Keyring()
    keys.add(Self.key, of: epoch, seals: true)
    return keys
  }
}
