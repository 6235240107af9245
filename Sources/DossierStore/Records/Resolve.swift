public import ChangeLog
public import DossierModel
internal import SQLite

extension Store {
  /// The record a person means: by short id, full id, slug, `slug~2`, acronym, name, alias or code.
  ///
  /// - Parameter kinds: which kinds may be meant; any when empty.
  /// - Throws: ``StoreError/noSuchRecord(text:kinds:closest:)``, ``StoreError/wrongKind(text:kinds:_:closest:)``,
  ///   ``StoreError/ambiguous(text:candidates:)``, ``StoreError/deleted(_:)``.
  public func find(_ text: String, _ kinds: [Kind] = [], includeHidden: Bool = false) throws
    -> Found
  {
    let candidates = try candidates(text, kinds, includeHidden: includeHidden)
    if candidates.count > 1 { throw StoreError.ambiguous(text: text, candidates: candidates) }
    if let found = candidates.first { return found }
    if !includeHidden {
      let hidden = try self.candidates(text, kinds, includeHidden: true)
      if hidden.count == 1 { throw StoreError.deleted(hidden[0]) }
    }
    let closest = try closest(to: text, kinds)
    if !kinds.isEmpty, let other = try self.candidates(text, []).first {
      throw StoreError.wrongKind(text: text, kinds: kinds, other, closest: closest)
    }
    throw StoreError.noSuchRecord(text: text, kinds: kinds, closest: closest)
  }

  /// What `text` could mean, best reading only: an id before a slug before a name; several when it does not say.
  public func candidates(
    _ text: String, _ kinds: [Kind], includeHidden: Bool = false
  ) throws -> [Found] {
    if let (kind, id) = ShortID.parseFull(text), let found = try found(id), found.kind == kind {
      return [found]
    }
    if let (kind, prefix) = ShortID.parse(text), kinds.isEmpty || kinds.contains(kind) {
      let matches = try found(
        """
        SELECT id FROM record WHERE short >= ?1 AND short < ?1 || '~' AND kind = ?2
          AND (hidden = 0 OR ?3) ORDER BY short LIMIT 9
        """, [.text(prefix), .int(Int64(kind.rawValue)), .bool(includeHidden)])
      if !matches.isEmpty { return matches }
    }
    let bySlug = try slugMatches(text, includeHidden).filter {
      kinds.isEmpty || kinds.contains($0.kind)
    }
    if !bySlug.isEmpty { return bySlug }
    let byName = try found(
      """
      SELECT name.id FROM name JOIN record ON record.id = name.id
      WHERE folded = ? AND (hidden = 0 OR ?) ORDER BY rank, record.id
      """, [.text(Folding.fold(text)), .bool(includeHidden)])
    return byName.filter { kinds.isEmpty || kinds.contains($0.kind) }
  }

  /// Two records made offline can have one slug: then it alone does not say which is meant, and they answer to
  /// `slug~1` and `slug~2`.
  private func slugMatches(_ text: String, _ includeHidden: Bool) throws -> [Found] {
    let pieces = text.split(separator: "~", omittingEmptySubsequences: false)
    let slug = String(pieces[0]).lowercased()
    let all = try found(
      "SELECT id FROM record WHERE slug = ? AND (hidden = 0 OR ?) ORDER BY id",
      [.text(slug), .bool(includeHidden)])
    switch pieces.count {
    case 1: return all
    case 2:
      guard let place = Int(pieces[1]), all.indices.contains(place - 1) else { return [] }
      return [all[place - 1]]
    default: return []
    }
  }

  func found(_ sql: String, _ arguments: [Binding]) throws -> [Found] {
    try connection.all(sql, arguments) { EntityID(bytes: $0.blob(0)) }.compactMap { try found($0) }
  }

  /// The kind of a record; nil when it is not here, or of a newer version.
  public func kind(of id: EntityID) throws -> Kind? {
    try connection.first("SELECT kind FROM record WHERE id = ?", .blob(id.bytes)) {
      Kind(rawValue: KindNumber($0.int(0)))
    }.flatMap { $0 }
  }

  /// How a record is named to a person here.
  public func found(_ id: EntityID) throws -> Found? {
    let row = try connection.first(
      "SELECT kind, slug, title FROM record WHERE id = ?", .blob(id.bytes)
    ) { (KindNumber($0.int(0)), $0.optionalText(1), $0.text(2)) }
    guard let (number, slug, title) = row, let kind = Kind(rawValue: number) else { return nil }
    return Found(
      id: id, kind: kind, short: try short(id, kind), slug: try slug.map { try shown($0, id) },
      title: title)
  }

  private func shown(_ slug: String, _ id: EntityID) throws -> String {
    let all = try connection.all(
      "SELECT id FROM record WHERE slug = ? AND hidden = 0 ORDER BY id", .text(slug)
    ) { EntityID(bytes: $0.blob(0)) }
    guard all.count > 1, let place = all.firstIndex(of: id) else { return slug }
    return "\(slug)~\(place + 1)"
  }

  /// The short id, as long as it must be to tell the record from others of its kind here.
  public func short(_ id: EntityID, _ kind: Kind) throws -> String {
    let random = ShortID.random(of: id)
    var length = ShortID.usualLength
    while length < random.count {
      let others = try connection.first(
        """
        SELECT 1 FROM record WHERE short >= ?1 AND short < ?1 || '~' AND kind = ?2 AND id != ?3
        """, .text(String(random.prefix(length))), .int(Int64(kind.rawValue)), .blob(id.bytes)
      ) { _ in true }
      if others == nil { break }
      length += 1
    }
    return ShortID.text(id, kind, length: length)
  }

  /// The names most like the one that was not found, at most three.
  private func closest(to text: String, _ kinds: [Kind]) throws -> [Found] {
    let wanted = Folding.fold(text)
    guard !wanted.isEmpty, wanted.count <= 80 else { return [] }
    var best: [EntityID: Int] = [:]
    try connection.forEach(
      """
      SELECT folded, name.id, kind FROM name JOIN record ON record.id = name.id
      WHERE hidden = 0 AND length(folded) <= 100
      """, []
    ) { row in
      guard let kind = Kind(rawValue: KindNumber(row.int(2))), kinds.isEmpty || kinds.contains(kind)
      else { return }
      let folded = row.text(0)
      // Of a code of two letters almost every word is a longer form.
      guard !wanted.hasPrefix(folded) || folded.count * 2 >= wanted.count else { return }
      let distance = Similarity.distance(wanted, folded)
      if distance <= (wanted.count <= 3 ? 1 : max(2, wanted.count / 3)) {
        let id = EntityID(bytes: row.blob(1))
        best[id] = min(best[id] ?? .max, distance)
      }
    }
    return try best.sorted { ($0.value, $0.key) < ($1.value, $1.key) }.prefix(3)
      .compactMap { try found($0.key) }
  }
}
