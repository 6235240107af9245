/// One line as it is typed in a meeting, and what it stands for.
///
/// Names and dates are not looked up here: whether `jp` is a party, only a store can say.
public enum ScribeLine: Hashable, Sendable {
  case empty
  case note(String)
  /// `jp: text`, if there is such a party; a note otherwise.
  case said(by: String, String)
  /// `... text`: goes on with the line before.
  case more(String)
  /// `TOPIC: text`: the agenda point of what follows.
  case topic(String)
  /// `DECISION: text`, also `RESOLUTION:` and `AGREED:`.
  case decision(String)
  /// `POSITION jp: text`.
  case position(of: String, String)
  /// `ACTION ann, bob: text by friday`; the date, if there is one, is still in the text.
  case action(owners: [String], String)
  /// `PROMISE jp: text by end of june`.
  case promise(of: String, String)
  /// `present+ taira, kiuchi` and `regrets+ x`.
  case present([String])
  case regrets([String])
  /// `s/old/new/`: corrects the line before.
  case correction(old: String, new: String)
  case undo
  case rule(String)
  case who
  case end
  /// A word after a slash that is none of these.
  case unknown(String)

  public init(_ line: some StringProtocol) {
    let text = line.trimmed
    if text.isEmpty {
      self = .empty
    } else if text.hasPrefix("/") {
      self = Self.command(text)
    } else if text.hasPrefix("...") || text.hasPrefix("…") {
      self = .more(text.drop { $0 == "." || $0 == "…" }.trimmed)
    } else if let correction = Self.correction(text) {
      self = correction
    } else if let names = Self.names(after: "present+", text) {
      self = .present(names)
    } else if let names = Self.names(after: "regrets+", text) {
      self = .regrets(names)
    } else {
      self = Self.labelled(text) ?? .note(text)
    }
  }

  /// `/path/to/file` is no command but words about a path.
  private static func command(_ text: String) -> ScribeLine {
    let words = text.split(separator: " ", maxSplits: 1).map(String.init)
    switch (words[0], words.count > 1 ? words[1].trimmed : "") {
    case ("/undo", ""): return .undo
    case ("/who", ""): return .who
    case ("/end", ""): return .end
    case ("/rule", let rule) where !rule.isEmpty: return .rule(rule)
    case (let word, _) where !word.dropFirst().contains("/") && word.count > 1:
      return .unknown(word)
    default: return .note(text)
    }
  }

  private static func correction(_ text: String) -> ScribeLine? {
    guard text.hasPrefix("s/"), text.hasSuffix("/") else { return nil }
    let parts = text.dropFirst(2).dropLast().split(
      separator: "/", omittingEmptySubsequences: false)
    guard parts.count == 2, !parts[0].isEmpty else { return nil }
    return .correction(old: String(parts[0]), new: String(parts[1]))
  }

  private static func names(after label: String, _ text: String) -> [String]? {
    guard text.lowercased().hasPrefix(label) else { return nil }
    let names = text.dropFirst(label.count).split(separator: ",").map(\.trimmed)
      .filter { !$0.isEmpty }
    return names.isEmpty ? nil : names
  }

  private static func labelled(_ text: String) -> ScribeLine? {
    guard let colon = text.firstIndex(of: ":") else { return nil }
    let label = text[..<colon].trimmed
    let words = text[text.index(after: colon)...].trimmed
    // "http://…", "10:30" and a label without words are plain text.
    guard !label.isEmpty, !words.isEmpty, !words.hasPrefix("//"),
      label.contains(where: \.isLetter)
    else { return nil }
    let first = label.prefix { $0 != " " }
    let rest = label.dropFirst(first.count).trimmed
    switch (String(first), rest.isEmpty) {
    case ("TOPIC", true): return .topic(words)
    case ("DECISION", true), ("RESOLUTION", true), ("AGREED", true): return .decision(words)
    case ("ACTION", _):
      return .action(
        owners: rest.split(separator: ",").map(\.trimmed).filter { !$0.isEmpty }, words)
    case ("POSITION", false): return .position(of: rest, words)
    case ("PROMISE", false): return .promise(of: rest, words)
    default: return label.count <= 80 ? .said(by: label, words) : nil
    }
  }

  /// The words and the date at their end, `… by friday`; nil where they do not end with a date.
  ///
  /// - Parameter read: the reader of dates; nil for what is none.
  public static func due(
    in text: String, read: (String) -> FuzzyDate?
  ) -> (words: String, due: FuzzyDate)? {
    for mark in [" by ", " until "] {
      guard let range = text.lastRange(of: mark) else { continue }
      let words = text[..<range.lowerBound].trimmed
      if let date = read(text[range.upperBound...].trimmed), !words.isEmpty {
        return (words, date)
      }
    }
    return nil
  }
}

extension StringProtocol {
  fileprivate var trimmed: String {
    var text = Substring(self)
    while let first = text.first, first.isWhitespace { text = text.dropFirst() }
    while let last = text.last, last.isWhitespace { text = text.dropLast() }
    return String(text)
  }

  fileprivate func lastRange(of words: String) -> Range<Index>? {
    var found: Range<Index>?
    var rest = startIndex
    while let range = self[rest...].firstRange(of: words) {
      found = range
      rest = index(after: range.lowerBound)
    }
    return found
  }
}
