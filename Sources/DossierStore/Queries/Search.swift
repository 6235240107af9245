public import ChangeLog
public import DossierModel
internal import SQLite

/// A record that a search found.
public struct Hit: Sendable {
  public let found: Found
  /// Some words around the place, the words found in « ».
  public let excerpt: String
}

extension Store {
  /// Full text over all records, best first; ignores case, accents and hyphens.
  public func search(_ text: String, kinds: [Kind] = [], limit: Int = 50) throws -> [Hit] {
    let kindList = kinds.map { String($0.rawValue) }.joined(separator: ", ")
    let rows = try connection.all(
      """
      SELECT id, snippet(search, -1, '«', '»', '…', 12)
      FROM search JOIN record ON record.number = search.rowid
      WHERE search MATCH ? AND hidden = 0 \(kinds.isEmpty ? "" : "AND kind IN (\(kindList))")
      ORDER BY bm25(search, 4.0, 1.0, 1.0), id LIMIT ?
      """, [.text(Self.match(text)), .int(limit)]
    ) { (EntityID(bytes: $0.blob(0)), $0.text(1)) }
    return try rows.compactMap { id, excerpt in
      try found(id).map { Hit(found: $0, excerpt: excerpt) }
    }
  }

  /// The records that name `id` in a field, visible ones, by date.
  public func sources(of id: EntityID, _ kind: Kind, in fields: [Field]) throws -> [EntityID] {
    let numbers = fields.map { String($0.number) }.joined(separator: ", ")
    return try connection.all(
      """
      SELECT DISTINCT record.id FROM reference JOIN record ON record.id = reference.source
      WHERE reference.target = ? AND field IN (\(numbers)) AND kind = ? AND hidden = 0
      ORDER BY coalesce(earliest, latest) IS NULL, coalesce(earliest, latest), latest, record.id
      """, .blob(id.bytes), .int(Int64(kind.rawValue))
    ) { EntityID(bytes: $0.blob(0)) }
  }

  /// Open actions whose last possible day is before `today`, oldest first.
  public func overdue(asOf today: Day) throws -> [Record] {
    try overdueIDs(asOf: today).compactMap { try record($0) }
  }

  /// The same, by their ids.
  public func overdueIDs(asOf today: Day) throws -> [EntityID] {
    try connection.all(
      """
      SELECT id FROM record
      WHERE kind = ? AND hidden = 0 AND state = 'open' AND latest < ?
      ORDER BY latest, earliest, id
      """, .int(Int64(Kind.action.rawValue)), .int(today.number)
    ) { EntityID(bytes: $0.blob(0)) }
  }

  /// How many visible records there are of each kind.
  public func counts() throws -> [Kind: Int] {
    let rows = try connection.all(
      "SELECT kind, count(*) FROM record WHERE hidden = 0 GROUP BY kind"
    ) { (KindNumber($0.int(0)), $0.int(1)) }
    return Dictionary(
      uniqueKeysWithValues: rows.compactMap { number, count in
        Kind(rawValue: number).map { ($0, count) }
      })
  }
}
