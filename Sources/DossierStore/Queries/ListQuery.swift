public import ChangeLog
public import DossierModel
internal import SQLite

/// A list of records of one kind: which, in what order, how many.
public struct ListQuery: Sendable {
  public var kind: Kind
  public var filter: Filter
  public var sort: Sort
  public var limit: Int?
  /// Closed actions and deleted records too.
  public var includesClosed: Bool

  public enum Sort: String, Sendable, CaseIterable {
    /// First possible day, then last possible day, then id; what has no date stands last.
    case date
    case title
    /// The order in which they were made.
    case id
  }

  public init(
    _ kind: Kind, filter: Filter = Filter(), sort: Sort = .date, limit: Int? = nil,
    includesClosed: Bool = false
  ) {
    self.kind = kind
    self.filter = filter
    self.sort = sort
    self.limit = limit
    self.includesClosed = includesClosed
  }
}

extension Store {
  /// The ids of the records a query asks for, in its order.
  public func ids(_ query: ListQuery) throws -> [EntityID] {
    var conditions = ["kind = ?"]
    var arguments: [Binding] = [.int(Int64(query.kind.rawValue))]
    conditions.append("hidden = 0")
    if query.kind == .action, !query.includesClosed, !query.filter.namesState {
      conditions.append("state = 'open'")
    }
    for term in query.filter.terms {
      let (sql, values) = try condition(term.test, query.kind)
      conditions.append(term.isNegated ? "NOT coalesce((\(sql)), 0)" : "(\(sql))")
      arguments += values
    }
    let order =
      switch query.sort {
      case .date: "coalesce(earliest, latest) IS NULL, coalesce(earliest, latest), latest, id"
      case .title: "lower(title), id"
      case .id: "id"
      }
    arguments.append(.int(query.limit ?? -1))
    return try connection.all(
      """
      SELECT id FROM record WHERE \(conditions.joined(separator: " AND "))
      ORDER BY \(order) LIMIT ?
      """, arguments
    ) { EntityID(bytes: $0.blob(0)) }
  }

  public func records(_ query: ListQuery) throws -> [Record] {
    try ids(query).compactMap { try record($0) }
  }

  private func condition(_ test: Filter.Test, _ kind: Kind) throws -> (String, [Binding]) {
    switch test {
    case .by(let who): return try names(who, [.party], kind.actorFields)
    case .with(let who): return try names(who, [.party], kind.counterpartFields)
    case .topic(let topic): return try names(topic, [.topic], [.topics])
    case .inside(let place):
      let id = try find(place, [.partnership, .dialogue, .party, .document]).id
      return (
        """
        id IN (SELECT source FROM reference WHERE target = ?1001)
          OR id IN (SELECT source FROM reference WHERE target IN (
            SELECT source FROM reference WHERE target = ?1001 AND parent = 1))
        """.replacing("?1001", with: "x'\(Hexadecimal.encode(id.bytes))'"), []
      )
    case .kind(let word): return ("lower(word) = lower(?)", [.text(word)])
    case .state(let word): return ("lower(state) = lower(?)", [.text(word)])
    case .on(let date): return Self.overlap(date)
    case .before(let date): return Self.compare("latest <", date.earliest ?? date.latest)
    case .after(let date): return Self.compare("earliest >", date.latest ?? date.earliest)
    case .since(let date): return Self.compare("latest >=", date.earliest ?? date.latest)
    case .until(let date): return Self.compare("latest <=", date.latest ?? date.earliest)
    case .hasNoDate: return ("earliest IS NULL AND latest IS NULL", [])
    case .words(let text):
      return (
        "number IN (SELECT rowid FROM search WHERE search MATCH ?)", [.text(Self.match(text))]
      )
    }
  }

  private func names(
    _ text: String, _ kinds: [Kind], _ fields: [Field]
  ) throws -> (String, [Binding]) {
    let id = try find(text, kinds).id
    let numbers = fields.map { String($0.number) }.joined(separator: ", ")
    return (
      "id IN (SELECT source FROM reference WHERE target = ? AND field IN (\(numbers)))",
      [.blob(id.bytes)]
    )
  }

  private static func compare(_ test: String, _ day: Day?) -> (String, [Binding]) {
    guard let day else { return ("0", []) }
    return ("\(test) ?", [.int(day.number)])
  }

  private static func overlap(_ date: FuzzyDate) -> (String, [Binding]) {
    (
      "(earliest IS NOT NULL OR latest IS NOT NULL) AND coalesce(earliest, -1e9) <= ? AND coalesce(latest, 1e9) >= ?",
      [.int(date.latest?.number ?? 10_000_000), .int(date.earliest?.number ?? -10_000_000)]
    )
  }

  /// A query of the search table from words as people type them: all words, each as a beginning; a word
  /// with a hyphen also as one word.
  static func match(_ text: String) -> String {
    let words = text.replacing("\u{ad}", with: "").split(whereSeparator: \.isWhitespace)
    let parts = words.compactMap { word -> String? in
      let kept = word.unicodeScalars.filter { $0 != "\"" && $0.value > 0x1f }
      let pieces = kept.split(whereSeparator: Folding.isHyphen).map { String($0) }
        .filter { $0.contains { $0.isLetter || $0.isNumber } }
      guard !pieces.isEmpty else { return nil }
      let phrase = "\"" + pieces.joined(separator: " ") + "\"*"
      return pieces.count == 1 ? phrase : "(\(phrase) OR \"\(pieces.joined())\"*)"
    }
    return parts.isEmpty ? "\"\"" : parts.joined(separator: " AND ")
  }
}

extension Filter {
  fileprivate var namesState: Bool {
    terms.contains { if case .state = $0.test { true } else { false } }
  }
}

extension Kind {
  /// The fields that say who does, says or wrote it.
  fileprivate var actorFields: [Field] {
    switch self {
    case .action: [.owners]
    case .note: [.author, .speaker]
    case .act: [.actParty]
    case .role: [.roleParty]
    case .document: [.issuers]
    case .dialogue: [.organisers]
    default: [.lead]
    }
  }

  fileprivate var counterpartFields: [Field] {
    switch self {
    case .action: [.with]
    case .dialogue: [.participants]
    case .partnership: [.partners]
    case .note: [.about]
    default: []
    }
  }
}
