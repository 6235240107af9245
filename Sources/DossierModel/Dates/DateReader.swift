/// Reads the closed grammar of dates. What is not in it is refused, with the nearest forms.
public struct DateReader: Sendable {
  private let today: Day
  private let hemisphere: Hemisphere

  public init(today: Day, hemisphere: Hemisphere = .north) {
    self.today = today
    self.hemisphere = hemisphere
  }

  /// - Throws: ``DateError``.
  public func read(_ text: String) throws(DateError) -> FuzzyDate {
    let input = Input(text)
    let rules: [(Input) throws(DateError) -> FuzzyDate?] = [
      noDate, edtf, isoWeek, relativeDay, endOfPeriod, offset, weekday, slashed, bound, approximate,
      range, calendar,
    ]
    for rule in rules {
      if let date = try rule(input) { return date }
    }
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
      "tbc", "tba", "tbd", "unknown", "none", "no date", "a preciser", "unbekannt", "inconnu",
    ]
    guard words.contains(input.joined) else { return nil }
    return FuzzyDate(words: input.text, edtf: nil, earliest: nil, latest: nil)
  }

  private func edtf(_ input: Input) -> FuzzyDate? {
    let text = input.text.filter { !$0.isWhitespace }
    guard text.utf8.count >= 4, input.words.count <= 1,
      let bounds = EDTF.bounds(of: text, hemisphere)
    else { return nil }
    return FuzzyDate(
      words: input.text, edtf: text, earliest: bounds.earliest, latest: bounds.latest)
  }

  private func isoWeek(_ input: Input) throws(DateError) -> FuzzyDate? {
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

  private func relativeDay(_ input: Input) -> FuzzyDate? {
    let days = [
      "today": 0, "aujourd'hui": 0, "heute": 0, "tomorrow": 1, "demain": 1, "morgen": 1,
      "yesterday": -1,
      "hier": -1, "gestern": -1,
    ]
    return days[input.joined].map { relative(today.adding(days: $0), input) }
  }

  private func endOfPeriod(_ input: Input) -> FuzzyDate? {
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
    guard let word = input.words.last, let weekday = DateWords.weekday(word) else { return nil }
    let ahead = (weekday - today.weekday + 7) % 7
    switch input.words.dropLast() {
    case []: return relative(today.adding(days: ahead == 0 ? 7 : ahead), input)
    case ["next"]: return relative(today.adding(days: 7 - today.weekday + weekday), input)
    case ["this"]: return relative(today.adding(days: weekday - today.weekday), input)
    case ["last"]: return relative(today.adding(days: ahead == 0 ? -7 : ahead - 7), input)
    default: return nil
    }
  }

  /// Days with slashes or dots between numbers: which is the month, nobody knows.
  private func slashed(_ input: Input) throws(DateError) -> FuzzyDate? {
    let numbers = input.joined.split(whereSeparator: { "/.".contains($0) }, ).map { Int($0) }
    guard input.words.count == 1, numbers.count == 3, let a = numbers[0], let b = numbers[1],
      let year = numbers[2], (1000...9999).contains(year)
    else { return nil }
    let readings = [(day: a, month: b), (day: b, month: a)].compactMap { reading in
      Day(year: year, month: reading.month, day: reading.day)
    }
    guard let first = readings.first else {
      throw .impossible(input: input.text, reason: "there is no such day")
    }
    func spoken(_ day: Day) -> String {
      "\(day.day) \(DateWords.english[day.month - 1]) \(day.year)"
    }
    if Set(readings).count == 1 {
      throw .unknown(input: input.text, suggestions: ["\(first)", spoken(first)])
    }
    throw .ambiguous(
      input: input.text,
      readings: [
        .init(words: spoken(readings[0]), day: readings[0]),
        .init(
          words: "\(DateWords.english[readings[1].month - 1]) \(readings[1].day), \(year)",
          day: readings[1]),
      ])
  }

  /// `before 2026`, `until may 2025`, `since 2023`, `after 2023`.
  private func bound(_ input: Input) throws(DateError) -> FuzzyDate? {
    guard let first = input.words.first, input.words.count > 1 else { return nil }
    let isEnd = ["before", "until", "by", "avant", "vor", "bis"].contains(first)
    let isStart = ["since", "after", "from", "depuis", "seit", "ab", "nach", "apres"].contains(
      first)
    guard isEnd || isStart else { return nil }
    let inner =
      try calendar(Input(input.text, words: Array(input.words.dropFirst())))
      ?? edtf(Input(input.words.dropFirst().joined(separator: " ")))
    guard let inner, let earliest = inner.earliest, let latest = inner.latest, let code = inner.edtf
    else {
      return nil
    }
    switch first {
    case "before", "avant", "vor":
      let day = earliest.adding(days: -1)
      return FuzzyDate(words: input.text, edtf: "../\(day)", earliest: nil, latest: day)
    case "until", "by", "bis":
      return FuzzyDate(
        words: input.text, edtf: "../\(plain(code, latest))", earliest: nil, latest: latest)
    case "after", "nach", "apres":
      let day = latest.adding(days: 1)
      return FuzzyDate(words: input.text, edtf: "\(day)/..", earliest: day, latest: nil)
    default:
      return FuzzyDate(
        words: input.text, edtf: "\(plain(code, earliest))/..", earliest: earliest, latest: nil)
    }
  }

  /// A code that may stand in an interval: without qualifiers and second-level periods.
  private func plain(_ code: String, _ day: Day) -> String {
    let isPlain = code.utf8.allSatisfy { (48...57).contains($0) || $0 == UInt8(ascii: "-") }
    let month = code.split(separator: "-").dropFirst().first.flatMap { Int($0) } ?? 1
    return isPlain && month <= 12 ? code : day.description
  }

  /// `circa 2024`, `early 2025`, `mid june 2025`, `end of june 2019`.
  private func approximate(_ input: Input) throws(DateError) -> FuzzyDate? {
    guard let first = input.words.first, input.words.count > 1 else { return nil }
    var rest = Array(input.words.dropFirst())
    if ["circa", "ca", "ca.", "c.", "about", "around", "vers", "um"].contains(first) {
      guard let inner = try calendar(Input(input.text, words: rest)), let code = inner.edtf,
        !code.contains("/"), !code.hasSuffix("~")
      else { return nil }
      return FuzzyDate(
        words: input.text, edtf: code + "~", earliest: inner.earliest, latest: inner.latest)
    }
    let thirds = [
      "early": 0, "debut": 0, "anfang": 0, "beginning": 0, "mid": 1, "mi": 1, "mitte": 1,
      "middle": 1,
      "late": 2, "end": 2, "fin": 2, "ende": 2,
    ]
    var word = first
    if word.hasPrefix("mid-") {
      rest.insert(String(word.dropFirst(4)), at: 0)
      word = "mid"
    }
    guard let third = thirds[word] else { return nil }
    if rest.first == "of" || rest.first == "de" { rest.removeFirst() }
    guard let inner = try calendar(Input(input.text, words: rest)), let earliest = inner.earliest,
      let code = inner.edtf
    else { return nil }
    switch code.utf8.count {
    case 4:
      if word == "end", let last = inner.latest {
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

  /// `16-18 November 2005`, `2025-05-12 to 2025-05-14`, `may 2025 to july 2025`.
  private func range(_ input: Input) throws(DateError) -> FuzzyDate? {
    if let place = input.words.firstIndex(where: { ["to", "bis", "au", "–"].contains($0) }),
      place > 0,
      place < input.words.count - 1
    {
      let last = try read(input.words[(place + 1)...].joined(separator: " "))
      var head = Array(input.words[..<place])
      if head.first == "from" || head.first == "du" || head.first == "vom" { head.removeFirst() }
      // "16 to 18 november 2005": the first takes month and year of the second.
      if head.count == 1, let day = ordinal(head[0]), let end = last.day {
        head = [String(day), DateWords.english[end.month - 1].lowercased(), String(end.year)]
      }
      let first = try read(head.joined(separator: " "))
      guard let earliest = first.earliest, let latest = last.latest else { return nil }
      guard earliest <= latest else {
        throw .impossible(input: input.text, reason: "it ends before it begins")
      }
      return interval(earliest, latest, input)
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

  /// Days, months, seasons, quarters, halves and years by name.
  private func calendar(_ input: Input) throws(DateError) -> FuzzyDate? {
    var words = input.words.filter {
      !["the", "of", "le", "den", "der", "en", "im", "in", "de"].contains($0)
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
        throw .impossible(
          input: input.text,
          reason:
            "\(DateWords.english[month - 1]) \(year) has \(Day.daysIn(month: month, year: year)) days"
        )
      }
      return period(day.description, input)
    default: return nil
    }
  }

  /// "may 2025", "summer 2022", "q3 2024", "h1 2026".
  private func named(_ word: String, _ year: Int, _ input: Input) throws(DateError) -> FuzzyDate? {
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
  private func nextNamed(_ word: String, _ input: Input) throws(DateError) -> FuzzyDate? {
    for year in [today.year, today.year + 1] {
      guard var date = try named(word, year, input) else { return nil }
      if date.isOver(asOf: today) { continue }
      date.isInferred = true
      date.relativeTo = today.description
      return date
    }
    return nil
  }

  private func nextDay(_ number: Int, _ month: Int, _ input: Input) throws(DateError) -> FuzzyDate {
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

  private func period(_ code: String, _ input: Input) -> FuzzyDate? {
    guard let bounds = EDTF.bounds(of: code, hemisphere) else { return nil }
    return FuzzyDate(
      words: input.text, edtf: code, earliest: bounds.earliest, latest: bounds.latest)
  }

  private func interval(_ first: Day, _ last: Day, _ input: Input) -> FuzzyDate {
    FuzzyDate(words: input.text, edtf: "\(first)/\(last)", earliest: first, latest: last)
  }

  private func relative(_ day: Day, _ input: Input) -> FuzzyDate {
    FuzzyDate(
      words: input.text, edtf: day.description, earliest: day, latest: day,
      relativeTo: today.description)
  }

  private func lastDay(of month: Int, _ year: Int) -> Day? {
    Day(year: year, month: month, day: Day.daysIn(month: month, year: year))
  }

  private func year(_ word: String) -> Int? {
    guard word.utf8.count == 4, let year = Int(word), (1000...9999).contains(year) else {
      return nil
    }
    return year
  }

  /// "12", "12th", "1er", "12."
  private func ordinal(_ word: String) -> Int? {
    let digits = word.prefix { $0.isASCII && $0.isNumber }
    guard (1...2).contains(digits.count),
      ["", "st", "nd", "rd", "th", "er", "."].contains(word.dropFirst(digits.count))
    else { return nil }
    return Int(digits)
  }

  private func suggestions(_ input: Input) -> [String] {
    let forms = [
      "2025-05-12", "12 May 2025", "today", "tomorrow", "friday", "next friday", "last friday",
      "+3d", "-2w",
      "eow", "eom", "eoq", "eoy", "2026-W05", "may 2025", "2025", "summer 2022", "Q3 2024",
      "H1 2026",
      "early 2025", "mid 2025", "late 2025", "circa 2024", "before 2026", "since 2023", "tbc",
      "unknown",
    ]
    let near = forms.map { ($0, Similarity.distance(input.joined, $0.lowercased())) }
      .sorted { $0.1 < $1.1 }.prefix(3).filter { $0.1 <= max(1, input.joined.count / 3) }.map(\.0)
    return near.isEmpty ? ["2025-05-12", "12 May 2025", "may 2025"] : near
  }
}
