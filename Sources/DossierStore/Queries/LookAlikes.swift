public import ChangeLog
internal import DossierModel
internal import SQLite

/// Two records that may be one thing, entered twice.
public struct LookAlikes: Hashable, Sendable {
  /// The one that was entered first: the one to stay, when they are one.
  public let first: EntityID
  public let second: EntityID

  public init(_ one: EntityID, _ other: EntityID) {
    first = min(one, other)
    second = max(one, other)
  }
}

extension Store {
  /// Parties with one name, or names a letter apart; dialogues of one partnership on one day with like titles. Not
  /// those of which somebody said that they are not the same. Ascending by their ids.
  public func lookAlikes() throws -> [LookAlikes] {
    var pairs = try partiesOfOneName()
    // Iceland is not Ireland: their codes say so.
    pairs.formUnion(try partiesOfLikeNames().filter { try !haveOtherCodes($0) })
    pairs.formUnion(try dialoguesOfOneDay())
    let apart = try areApart()
    return pairs.subtracting(apart).sorted { ($0.first, $0.second) < ($1.first, $1.second) }
  }

  /// Says that two records are not the same, for everybody and for ever.
  public func keepApart(_ pair: LookAlikes) throws {
    try write("review") { draft in
      try draft.add(.distinctFrom, .entity(pair.second), on: pair.first)
    }
  }

  private func areApart() throws -> Set<LookAlikes> {
    Set(
      try connection.all(
        "SELECT source, target FROM reference WHERE field = ?",
        .int(Int64(Field.distinctFrom.number))
      ) { Self.pair($0.blob(0), $0.blob(1)) })
  }

  private static func pair(_ one: [UInt8], _ other: [UInt8]) -> LookAlikes {
    LookAlikes(EntityID(bytes: one), EntityID(bytes: other))
  }

  private func partiesOfOneName() throws -> Set<LookAlikes> {
    // A code may be shared: a state and its government.
    Set(
      try connection.all(
        """
        SELECT a.id, b.id FROM name AS a JOIN name AS b ON b.folded = a.folded AND b.id > a.id
          JOIN record AS one ON one.id = a.id JOIN record AS other ON other.id = b.id
        WHERE a.rank <= 3 AND b.rank <= 3
          AND one.kind = ?1 AND other.kind = ?1 AND one.hidden = 0 AND other.hidden = 0
        """, .int(Int64(Kind.party.rawValue))
      ) { Self.pair($0.blob(0), $0.blob(1)) })
  }

  private func haveOtherCodes(_ pair: LookAlikes) throws -> Bool {
    let codes = try [pair.first, pair.second].map { id in
      Set(
        try connection.all("SELECT folded FROM name WHERE id = ? AND rank = 4", .blob(id.bytes)) {
          $0.text(0)
        })
    }
    return codes.allSatisfy { !$0.isEmpty } && codes[0].isDisjoint(with: codes[1])
  }

  /// A slug stands for the name that it is made of.
  private func partiesOfLikeNames() throws -> Set<LookAlikes> {
    var names: [(text: [Unicode.Scalar], id: [UInt8])] = []
    try connection.forEach(
      """
      SELECT folded, name.id FROM name JOIN record ON record.id = name.id
      WHERE rank IN (0, 2) AND kind = ? AND hidden = 0 AND length(folded) BETWEEN 7 AND 100
      """, [.int(Int64(Kind.party.rawValue))]
    ) { names.append((Array($0.text(0).unicodeScalars), $0.blob(1))) }
    // Names a letter apart are the same without some letter, or one is the other without it.
    var byRest: [UInt64: [Int]] = [:]
    for (place, name) in names.enumerated() {
      for rest in Self.hashesWithoutALetter(name.text) { byRest[rest, default: []].append(place) }
    }
    var pairs: Set<LookAlikes> = []
    for places in byRest.values where places.count > 1 {
      for (index, one) in places.enumerated() {
        for other in places[(index + 1)...]
        where names[one].id != names[other].id
          && Self.areALetterApart(names[one].text, names[other].text)
        {
          pairs.insert(Self.pair(names[one].id, names[other].id))
        }
      }
    }
    return pairs
  }

  /// Of the whole text, and of it without each of its letters.
  private static func hashesWithoutALetter(_ text: [Unicode.Scalar]) -> Set<UInt64> {
    let base: UInt64 = 0x100_0000_01b3
    var ends: [(hash: UInt64, power: UInt64)] = [(0, 1)]
    for scalar in text.reversed() {
      let (hash, power) = ends.last!
      ends.append((UInt64(scalar.value) &* power &+ hash, power &* base))
    }
    var hashes: Set<UInt64> = [ends.last!.hash]
    var start: UInt64 = 0
    for (index, scalar) in text.enumerated() {
      let (rest, power) = ends[text.count - index - 1]
      hashes.insert(start &* power &+ rest)
      start = start &* base &+ UInt64(scalar.value)
    }
    return hashes
  }

  /// One letter too many, too few, or another one. Digits tell things apart.
  static func areALetterApart(_ a: [Unicode.Scalar], _ b: [Unicode.Scalar]) -> Bool {
    guard abs(a.count - b.count) <= 1, a != b else { return false }
    let start = zip(a, b).prefix { $0 == $1 }.count
    let limit = min(a.count, b.count) - start
    let end = zip(a.reversed(), b.reversed()).prefix { $0 == $1 }.prefix(limit).count
    let (one, other) = (a[start..<(a.count - end)], b[start..<(b.count - end)])
    guard max(one.count, other.count) <= 1 else { return false }
    return (one + other).allSatisfy(\.properties.isAlphabetic)
  }

  private func dialoguesOfOneDay() throws -> Set<LookAlikes> {
    let pairs = try connection.all(
      """
      SELECT one.id, other.id, one.title, other.title
      FROM record AS one JOIN record AS other
        ON other.kind = one.kind AND other.hidden = 0 AND other.earliest = one.earliest
          AND other.latest = one.latest AND other.id > one.id
        JOIN reference AS a ON a.source = one.id AND a.field = ?2
        JOIN reference AS b ON b.source = other.id AND b.field = ?2 AND b.target = a.target
      WHERE one.kind = ?1 AND one.hidden = 0 AND one.earliest = one.latest
      """, .int(Int64(Kind.dialogue.rawValue)), .int(Int64(Field.partnerships.number))
    ) { (pair: Self.pair($0.blob(0), $0.blob(1)), one: $0.text(2), other: $0.text(3)) }
    return Set(pairs.filter { Self.areLike($0.one, $0.other) }.map(\.pair))
  }

  private static func areLike(_ one: String, _ other: String) -> Bool {
    let (a, b) = (Folding.fold(one), Folding.fold(other))
    let limit = min(a.count, b.count) / 4
    return a == b || (limit > 0 && Similarity.distance(a, b) <= limit)
  }
}
