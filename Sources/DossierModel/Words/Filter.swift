/// What a list is narrowed to: `by:ann due.before:eow in:eu-asean +ai not:+waiting "free words"`.
///
/// The grammar is closed: a word before a colon that is not in it is an error, never a search.
public struct Filter: Hashable, Sendable {
  public var terms: [Term]

  public struct Term: Hashable, Sendable {
    public let isNegated: Bool
    public let test: Test

    public init(_ test: Test, isNegated: Bool = false) {
      self.isNegated = isNegated
      self.test = test
    }
  }

  public enum Test: Hashable, Sendable {
    /// Owner, author, speaker or acting party.
    case by(String)
    /// The other side of an action, a participant, a partner.
    case with(String)
    /// Belongs to a partnership or a dialogue, at once or through a dialogue.
    case inside(String)
    case topic(String)
    case kind(String)
    case state(String)
    /// The date, or due date, may fall into this period.
    case on(FuzzyDate)
    /// It is over before this period begins.
    case before(FuzzyDate)
    /// It begins after this period ends.
    case after(FuzzyDate)
    /// It ends in or after this period.
    case since(FuzzyDate)
    /// It is over when this period ends.
    case until(FuzzyDate)
    case hasNoDate
    /// Full text.
    case words(String)
  }

  public init(terms: [Term] = []) { self.terms = terms }

  /// - Throws: ``FilterProblem`` or the date reader's errors.
  public init(_ arguments: [String], dates: DateReader) throws {
    terms = try arguments.map { try Self.term($0, dates) }
  }

  private static func term(_ text: String, _ dates: DateReader) throws -> Term {
    if text.hasPrefix("not:") {
      let inner = try term(String(text.dropFirst(4)), dates)
      return Term(inner.test, isNegated: !inner.isNegated)
    }
    if text.hasPrefix("+"), text.count > 1 {
      return Term(.topic(String(text.dropFirst())))
    }
    guard let colon = text.firstIndex(of: ":"), !text[..<colon].contains(" ") else {
      return Term(.words(text))
    }
    let key = text[..<colon].lowercased()
    let value = String(text[text.index(after: colon)...])
    guard !value.isEmpty else { throw FilterProblem.empty(key: key) }
    return Term(try test(key, value, dates))
  }

  /// Every key, for messages and completion.
  public static let keys = [
    "by", "with", "in", "topic", "kind", "state", "on", "due", "before", "after", "since",
    "until", "not",
  ]

  private static func test(_ key: String, _ value: String, _ dates: DateReader) throws -> Test {
    switch key {
    case "by", "of", "owner": return .by(value)
    case "with", "for": return .with(value)
    case "in": return .inside(value)
    case "topic": return .topic(value)
    case "kind", "act": return .kind(value)
    case "state", "status": return .state(value)
    case "on", "date", "due":
      let date = try dates.read(value)
      return date.edtf == nil ? .hasNoDate : .on(date)
    case "before", "date.before", "due.before": return .before(try dates.read(value))
    case "after", "date.after", "due.after": return .after(try dates.read(value))
    case "since": return .since(try dates.read(value))
    case "until", "due.by", "due.until": return .until(try dates.read(value))
    default: throw FilterProblem.unknown(key: key, text: "\(key):\(value)")
    }
  }
}

/// Why a word is no filter.
public enum FilterProblem: Error, Equatable, Sendable {
  case unknown(key: String, text: String)
  case empty(key: String)
}
