/// Reads the closed grammar of dates, in English, French and German. What is not in it is refused, with the nearest
/// forms. Days are read here, longer times in `DatePeriods.swift`.
public struct DateReader: Sendable {
  let today: Day
  let hemisphere: Hemisphere

  public init(today: Day, hemisphere: Hemisphere = .north) {
    self.today = today
    self.hemisphere = hemisphere
  }

  /// - Throws: ``DateError``.
  public func read(_ text: String) throws(DateError) -> FuzzyDate {
    let input = Input(text)
    if let time = timeOfDay(input) { throw time }
    let rules: [(Input) throws(DateError) -> FuzzyDate?] = [
      noDate, edtf, isoWeek, relativeDay, endOfPeriod, offset, weekday, slashed, bound, approximate,
      range, calendar,
    ]
    for rule in rules {
      if let date = try rule(input) { return date }
    }
    if let day = missingDay(input) { throw day }
    throw .unknown(input: text, suggestions: suggestions(input))
  }

  /// The words folded for comparison, split at spaces and commas.
  struct Input {
    let text: String
    let words: [String]

    init(_ text: String) {
      self.text = text
      let folded = Input.fold(text)
      words = folded.split { $0 == " " || $0 == "," }.map(String.init)
    }

    init(_ text: String, words: [String]) {
      self.text = text
      self.words = words
    }

    var joined: String { words.joined(separator: " ") }

    /// Lower case without accents; hyphens stay, they are part of dates.
    private static func fold(_ text: String) -> String {
      text.split { $0.isWhitespace }.map { word in
        word.split(separator: "-", omittingEmptySubsequences: false)
          .map { $0.contains("/") ? $0.lowercased() : Folding.fold(String($0)) }
          .joined(separator: "-")
      }.joined(separator: " ")
    }
  }

  // MARK: Rules

  private func noDate(_ input: Input) -> FuzzyDate? {
    let words = [
      "tbc", "tba", "tbd", "unknown", "none", "no date", "a preciser", "a confirmer", "inconnu",
      "inconnue", "unbekannt", "offen", "kein datum",
    ]
    guard words.contains(input.joined) else { return nil }
    return FuzzyDate(words: input.text, edtf: nil, earliest: nil, latest: nil)
  }

  func edtf(_ input: Input) -> FuzzyDate? {
    let text = input.text.filter { !$0.isWhitespace }
    guard text.utf8.count >= 4, input.words.count <= 1,
      let bounds = EDTF.bounds(of: text, hemisphere)
    else { return nil }
    return FuzzyDate(
      words: input.text, edtf: text, earliest: bounds.earliest, latest: bounds.latest)
  }

  private func relativeDay(_ input: Input) -> FuzzyDate? {
    DateWords.days[input.joined].map { relative(today.adding(days: $0), input) }
  }

  private func offset(_ input: Input) throws(DateError) -> FuzzyDate? {
    let text = input.joined
    guard let sign = text.first, sign == "+" || sign == "-", let unit = text.last,
      "dwmy".contains(unit), text.count >= 3
    else { return nil }
    let digits = text.dropFirst().dropLast()
    guard digits.utf8.allSatisfy({ (48...57).contains($0) }) else { return nil }
    guard let count = Int(digits), count <= 100_000 else {
      throw .impossible(input: input.text, reason: "that is too far away")
    }
    let signed = sign == "-" ? -count : count
    switch unit {
    case "d": return relative(today.adding(days: signed), input)
    case "w": return relative(today.adding(days: signed * 7), input)
    case "m": return relative(today.adding(months: signed), input)
    default: return relative(today.adding(months: signed * 12), input)
    }
  }

  /// `friday` is the next one, never today; `next friday` that of the next ISO week; `last friday` the one before.
  private func weekday(_ input: Input) -> FuzzyDate? {
    let words = input.words
    guard (1...2).contains(words.count) else { return nil }
    // "next friday", "nächsten Freitag"; in French the word stands behind: "vendredi prochain".
    let isBehind = words.count == 2 && DateWords.weekday(words[0]) != nil
    guard let weekday = DateWords.weekday(isBehind ? words[0] : words[words.count - 1]) else {
      return nil
    }
    let ahead = (weekday - today.weekday + 7) % 7
    guard words.count == 2 else {
      return relative(today.adding(days: ahead == 0 ? 7 : ahead), input)
    }
    switch DateWords.which(words[isBehind ? 1 : 0]) {
    case .next: return relative(today.adding(days: 7 - today.weekday + weekday), input)
    case .this: return relative(today.adding(days: weekday - today.weekday), input)
    case .last: return relative(today.adding(days: ahead == 0 ? -7 : ahead - 7), input)
    case nil: return nil
    }
  }

  /// Days, months, seasons, quarters, halves and years by name.
  func calendar(_ input: Input) throws(DateError) -> FuzzyDate? {
    var words = input.words.map { $0.hasPrefix("l'") ? String($0.dropFirst(2)) : $0 }.filter {
      !["the", "of", "on", "le", "la", "du", "den", "der", "am", "en", "im", "in", "de"].contains(
        $0)
    }
    // "May 12, 2025" is "12 May 2025".
    if words.count == 3, DateWords.month(words[0]) != nil, ordinal(words[1]) != nil {
      words.swapAt(0, 1)
    }
    switch words.count {
    case 1:
      if let year = year(words[0]) { return period("\(Day.padded(year, 4))", input) }
      if let day = Day(words[0]) { return period(day.description, input) }
      if words[0].utf8.count == 7, EDTF.bounds(of: words[0]) != nil {
        return period(words[0], input)
      }
      return try nextNamed(words[0], input)
    case 2:
      if let year = year(words[1]) { return try named(words[0], year, input) }
      if let day = ordinal(words[0]), let month = DateWords.month(words[1]) {
        return try nextDay(day, month, input)
      }
      if let day = ordinal(words[1]), let month = DateWords.month(words[0]) {
        return try nextDay(day, month, input)
      }
      return nil
    case 3:
      guard let number = ordinal(words[0]), let month = DateWords.month(words[1]),
        let year = year(words[2])
      else { return nil }
      guard let day = Day(year: year, month: month, day: number) else {
        throw .impossible(input: input.text, reason: length(of: month, year))
      }
      return period(day.description, input)
    default: return nil
    }
  }

  func nextDay(_ number: Int, _ month: Int, _ input: Input) throws(DateError) -> FuzzyDate {
    // 29 February may be up to eight years away.
    for year in today.year...min(today.year + 8, 9999) {
      if let day = Day(year: year, month: month, day: number), day >= today {
        return FuzzyDate(
          words: input.text, edtf: day.description, earliest: day, latest: day, isInferred: true,
          relativeTo: today.description)
      }
    }
    throw .impossible(input: input.text, reason: "there is no such day")
  }

  // MARK: Making dates

  func period(_ code: String, _ input: Input) -> FuzzyDate? {
    guard let bounds = EDTF.bounds(of: code, hemisphere) else { return nil }
    return FuzzyDate(
      words: input.text, edtf: code, earliest: bounds.earliest, latest: bounds.latest)
  }

  /// - Parameter parts: the dates it was made of: what they are relative to, so is it.
  func interval(_ first: Day, _ last: Day, _ input: Input, of parts: [FuzzyDate] = []) -> FuzzyDate
  {
    FuzzyDate(
      words: input.text, edtf: first == last ? "\(first)" : "\(first)/\(last)", earliest: first,
      latest: last,
      isInferred: parts.contains(where: \.isInferred),
      relativeTo: parts.compactMap(\.relativeTo).first)
  }

  func relative(_ day: Day, _ input: Input) -> FuzzyDate {
    FuzzyDate(
      words: input.text, edtf: day.description, earliest: day, latest: day,
      relativeTo: today.description)
  }

  func lastDay(of month: Int, _ year: Int) -> Day? {
    Day(year: year, month: month, day: Day.daysIn(month: month, year: year))
  }

  func year(_ word: String) -> Int? {
    guard word.utf8.count == 4, let year = Int(word), (1000...9999).contains(year) else {
      return nil
    }
    return year
  }

  /// "12", "12th", "1er", "12."
  func ordinal(_ word: String) -> Int? {
    let digits = word.prefix { $0.isASCII && $0.isNumber }
    guard (1...2).contains(digits.count),
      ["", "st", "nd", "rd", "th", "er", "."].contains(word.dropFirst(digits.count))
    else { return nil }
    return Int(digits)
  }
}
