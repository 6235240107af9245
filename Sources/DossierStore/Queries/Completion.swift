internal import ChangeLog
public import DossierModel
internal import SQLite

/// A word that may be meant, and what it stands for.
public struct Completion: Hashable, Sendable {
  public let word: String
  public let title: String
}

extension Store {
  /// What the beginning of a name may become: short ids, slugs, and the slugs of records whose names begin so.
  ///
  /// - Parameter kinds: which kinds are meant; any when empty.
  public func completions(
    of beginning: String, _ kinds: [Kind] = [], limit: Int = 30
  ) throws -> [Completion] {
    var found: [Found] = []
    if let (kind, prefix) = ShortID.parse(beginning), kinds.isEmpty || kinds.contains(kind) {
      found = try self.found(
        """
        SELECT id FROM record WHERE short >= ?1 AND short < ?1 || '~' AND kind = ?2 AND hidden = 0
        ORDER BY short LIMIT ?3
        """, [.text(prefix), .int(Int64(kind.rawValue)), .int(limit)])
    }
    let folded = Folding.fold(beginning)
    let allowed = Set(kinds.isEmpty ? Kind.allCases : kinds).map { "\($0.rawValue)" }
      .joined(separator: ", ")
    if found.isEmpty {
      // In the order of the names, so that no more are looked at than are wanted; a record has several.
      found = try self.found(
        """
        SELECT record.id FROM name CROSS JOIN record ON record.id = name.id
        WHERE folded >= ?1 AND folded < ?1 || char(1114111) AND hidden = 0 AND kind IN (\(allowed))
        ORDER BY folded, name.id LIMIT ?2
        """, [.text(folded), .int(limit * 4)])
    }
    var seen: Set<String> = []
    let words = found.map { Completion(word: $0.slug ?? $0.short, title: $0.title) }
      .filter { seen.insert($0.word).inserted }
    return Array(words.prefix(limit))
  }
}
