/// The longer times of the grammar: weeks, months, seasons, parts of a year, ranges, open ends.
extension DateReader {
  func isoWeek(_ input: Input) throws(DateError) -> FuzzyDate? {
    let parts = input.joined.split(separator: "-")
    guard parts.count == 2, parts[0].count == 4, parts[1].first == "w", let year = Int(parts[0]),
      let week = Int(parts[1].dropFirst())
    else { return nil }
    guard let fourth = Day(year: year, month: 1, day: 4) else { return nil }
    let monday = fourth.adding(days: 1 - fourth.weekday + (min(max(week, 0), 99) - 1) * 7)
    guard week >= 1, monday.isoWeek == (year, week) else {
      throw .impossible(input: input.text, reason: "\(year) has no week \(week)")
    }
    return interval(monday, monday.adding(days: 6), input)
  }

  func endOfPeriod(_ input: Input) -> FuzzyDate? {
    let end: Day?
    switch input.joined {
    case "eow": end = today.adding(days: 7 - today.weekday)
    case "eom": end = lastDay(of: today.month, today.year)
    case "eoq": end = lastDay(of: (today.month + 2) / 3 * 3, today.year)
    case "eoy": end = lastDay(of: 12, today.year)
    default: end = nil
    }
    return end.map { relative($0, input) }
  }

  /// `before 2026`, `until may 2025`, `since 2023`, `after 2023`.
  func bound(_ input: Input) throws(DateError) -> FuzzyDate? {
    guard let first = input.words.first, input.words.count > 1 else { return nil }
    guard let side = DateWords.side(first) else { return nil }
    let inner =
      try calendar(Input(input.text, words: Array(input.words.dropFirst())))
      ?? edtf(Input(input.words.dropFirst().joined(separator: " ")))
    guard let inner, let earliest = inner.earliest, let latest = inner.latest, let code = inner.edtf
    else {
      return nil
    }
    func open(_ edtf: String, from first: Day? = nil, to last: Day? = nil) -> FuzzyDate {
      FuzzyDate(
        words: input.text, edtf: edtf, earliest: first, latest: last,
        isInferred: inner.isInferred, relativeTo: inner.relativeTo)
    }
    switch side {
    case .before:
      let day = earliest.adding(days: -1)
      return open("../\(day)", to: day)
    case .until: return open("../\(plain(code, latest))", to: latest)
    case .after:
      let day = latest.adding(days: 1)
      return open("\(day)/..", from: day)
    case .since: return open("\(plain(code, earliest))/..", from: earliest)
    }
  }

  /// A code that may stand in an interval: without qualifiers and second-level periods.
  func plain(_ code: String, _ day: Day) -> String {
    let isPlain = code.utf8.allSatisfy { (48...57).contains($0) || $0 == UInt8(ascii: "-") }
    let month = code.split(separator: "-").dropFirst().first.flatMap { Int($0) } ?? 1
    return isPlain && month <= 12 ? code : day.description
  }

  /// `circa 2024`, `early 2025`, `mid june 2025`, `end of june 2019`.
  func approximate(_ input: Input) throws(DateError) -> FuzzyDate? {
    guard var word = input.words.first else { return nil }
    var rest = Array(input.words.dropFirst())
    if DateWords.isAbout(word), !rest.isEmpty { return try about(rest, input) }
    // "mid-june", "mi-juin"
    for mid in ["mid-", "mi-"] where word.hasPrefix(mid) {
      rest.insert(String(word.dropFirst(mid.count)), at: 0)
      word = "mid"
    }
    guard !rest.isEmpty, let third = DateWords.third(word) else { return nil }
    if ["of", "de", "des", "du"].contains(rest.first) { rest.removeFirst() }
    guard let inner = try calendar(Input(input.text, words: rest)), let earliest = inner.earliest,
      let code = inner.edtf
    else { return nil }
    switch code.utf8.count {
    case 4:
      if ["end", "fin", "ende"].contains(word), let last = inner.latest {
        return FuzzyDate(
          words: input.text, edtf: "\(code)-12~", earliest: Day(year: last.year, month: 12, day: 1),
          latest: last)
      }
      let month = third * 4 + 1
      let first = Day(year: earliest.year, month: month, day: 1)
      return FuzzyDate(
        words: input.text,
        edtf: "\(code)-\(Day.padded(month, 2))/\(code)-\(Day.padded(month + 3, 2))~",
        earliest: first,
        latest: lastDay(of: month + 3, earliest.year), isInferred: inner.isInferred,
        relativeTo: inner.relativeTo)
    case 7 where earliest.day == 1 && inner.latest == lastDay(of: earliest.month, earliest.year):
      let first = earliest.adding(days: third * 10)
      return FuzzyDate(
        words: input.text, edtf: code + "~", earliest: first,
        latest: third == 2 ? inner.latest : first.adding(days: 9), isInferred: inner.isInferred,
        relativeTo: inner.relativeTo)
    default: return nil
    }
  }

  private func about(_ words: [String], _ input: Input) throws(DateError) -> FuzzyDate? {
    guard let inner = try calendar(Input(input.text, words: words)), let code = inner.edtf,
      !code.contains("/"), !code.hasSuffix("~")
    else { return nil }
    return FuzzyDate(
      words: input.text, edtf: code + "~", earliest: inner.earliest, latest: inner.latest,
      isInferred: inner.isInferred, relativeTo: inner.relativeTo)
  }

  /// `16-18 November 2005`, `2025-05-12 to 2025-05-14`, `may 2025 to july 2025`.
  func range(_ input: Input) throws(DateError) -> FuzzyDate? {
    if let place = input.words.firstIndex(where: { ["to", "bis", "au", "a", "–"].contains($0) }),
      place > 0,
      place < input.words.count - 1
    {
      let last = try read(input.words[(place + 1)...].joined(separator: " "))
      var head = Array(input.words[..<place])
      if ["from", "du", "de", "vom", "von"].contains(head.first) { head.removeFirst() }
      // "16 to 18 november 2005": the first takes month and year of the second.
      if head.count == 1, let day = ordinal(head[0]), let end = last.day {
        head = [String(day), DateWords.english[end.month - 1].lowercased(), String(end.year)]
      }
      let first = try read(head.joined(separator: " "))
      guard let earliest = first.earliest, let latest = last.latest else { return nil }
      guard earliest <= latest else {
        throw .impossible(input: input.text, reason: "it ends before it begins")
      }
      return interval(earliest, latest, input, of: [first, last])
    }
    guard let first = input.words.first, input.words.count == 3 else { return nil }
    let days = first.split { $0 == "-" || $0 == "–" }.map { ordinal(String($0)) }
    guard days.count == 2, let a = days[0], let b = days[1],
      let month = DateWords.month(input.words[1]), let year = year(input.words[2])
    else { return nil }
    guard let earliest = Day(year: year, month: month, day: a),
      let latest = Day(year: year, month: month, day: b), earliest <= latest
    else { throw .impossible(input: input.text, reason: "there are no such days") }
    return interval(earliest, latest, input)
  }

  /// "may 2025", "summer 2022", "q3 2024", "h1 2026".
  func named(_ word: String, _ year: Int, _ input: Input) throws(DateError) -> FuzzyDate? {
    let text = Day.padded(year, 4)
    if let month = DateWords.month(word) { return period("\(text)-\(Day.padded(month, 2))", input) }
    if let season = DateWords.season(word) { return period("\(text)-\(season)", input) }
    guard let letter = word.first, "qht".contains(letter), let number = Int(word.dropFirst()) else {
      return nil
    }
    let (base, count) = letter == "h" ? (39, 2) : (32, 4)
    guard (1...count).contains(number) else {
      throw .impossible(
        input: input.text, reason: "a year has \(count == 4 ? "4 quarters" : "2 halves")")
    }
    return period("\(text)-\(base + number)", input)
  }

  /// A month or season without a year: the next one that is not over.
  func nextNamed(_ word: String, _ input: Input) throws(DateError) -> FuzzyDate? {
    for year in [today.year, today.year + 1] {
      guard var date = try named(word, year, input) else { return nil }
      if date.isOver(asOf: today) { continue }
      date.isInferred = true
      date.relativeTo = today.description
      return date
    }
    return nil
  }
}
