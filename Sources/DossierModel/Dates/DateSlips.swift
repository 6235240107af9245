/// What is refused with a reason, or with what may have been meant.
extension DateReader {
  /// Days with slashes or dots between numbers: which is the month, nobody knows. Without a year, and with two digits
  /// of one, neither is the year said.
  func slashed(_ input: Input) throws(DateError) -> FuzzyDate? {
    let pieces = input.joined.split { "/.".contains($0) }
    let numbers = pieces.compactMap { $0.utf8.count <= 4 ? Int($0) : nil }
    guard input.words.count == 1, numbers.count == pieces.count, (2...3).contains(numbers.count),
      input.joined.contains(where: { "/.".contains($0) }), numbers.allSatisfy({ $0 >= 0 })
    else { return nil }
    if numbers.count == 3, numbers[0] > 999,
      let day = Day(year: numbers[0], month: numbers[1], day: numbers[2])
    {
      throw .unknown(input: input.text, suggestions: ["\(day)", spoken(day)])
    }
    // "1/2025" and "2025/1" are no days.
    guard numbers.dropLast(numbers.count - 2).allSatisfy({ $0 <= 99 }) else { return nil }
    let readings = [(numbers[0], numbers[1]), (numbers[1], numbers[0])].compactMap { day, month in
      self.day(day, month, year: numbers.count == 3 ? numbers[2] : nil)
    }
    guard let first = readings.first else {
      throw .impossible(input: input.text, reason: "there is no such day")
    }
    if Set(readings).count == 1 {
      throw .unknown(input: input.text, suggestions: ["\(first)", spoken(first)])
    }
    throw .ambiguous(
      input: input.text,
      readings: [
        .init(words: spoken(readings[0]), day: readings[0]),
        .init(
          words:
            "\(DateWords.english[readings[1].month - 1]) \(readings[1].day), \(readings[1].year)",
          day: readings[1]),
      ])
  }

  private func spoken(_ day: Day) -> String {
    "\(day.day) \(DateWords.english[day.month - 1]) \(day.year)"
  }

  /// - Parameter year: of two digits in this century; the next such day when absent.
  private func day(_ day: Int, _ month: Int, year: Int?) -> Day? {
    guard let year else {
      return (0...8).lazy.compactMap { Day(year: today.year + $0, month: month, day: day) }
        .first { $0 >= today }
    }
    return Day(year: year <= 99 ? 2000 + year : year, month: month, day: day)
  }

  /// "tomorrow 14:30", "10h30", "3pm", "2025-05-12T10:30:00Z".
  func timeOfDay(_ input: Input) -> DateError? {
    if let word = input.words.first, input.words.count == 1, word.utf8.count > 11,
      word.dropFirst(10).first == "t", let day = Day(String(word.prefix(10)))
    {
      return .hasTime(input: input.text, date: day.description)
    }
    var rest: [String] = []
    var isTimed = false
    for word in input.words {
      // "9 Uhr", "3 pm"
      if ["uhr", "am", "pm"].contains(word), let last = rest.last, Self.isTime(last + "uhr") {
        rest.removeLast()
        isTimed = true
      } else if Self.isTime(word) {
        isTimed = true
      } else {
        rest.append(word)
      }
    }
    guard isTimed else { return nil }
    let date = rest.filter { !["at", "um", "a"].contains($0) }.joined(separator: " ")
    return .hasTime(input: input.text, date: (try? read(date)) == nil ? nil : date)
  }

  private static func isTime(_ word: String) -> Bool {
    let hour = word.prefix { $0.isASCII && $0.isNumber }
    guard (1...2).contains(hour.count) else { return false }
    var rest = word.dropFirst(hour.count)
    if rest.first == "h", rest.dropFirst().allSatisfy({ $0.isASCII && $0.isNumber }) { return true }
    var isClock = false
    while rest.first == ":", rest.count >= 3,
      rest.dropFirst().prefix(2).allSatisfy({ $0.isASCII && $0.isNumber })
    {
      isClock = true
      rest = rest.dropFirst(3)
    }
    return ["am", "pm", "uhr"].contains(rest) || (isClock && (rest.isEmpty || rest == "z"))
  }

  /// "2026-02-31" is written as days are, and there is none.
  func missingDay(_ input: Input) -> DateError? {
    let parts = input.joined.split(separator: "-", omittingEmptySubsequences: false)
    guard parts.count == 3, parts.map(\.utf8.count) == [4, 2, 2], let year = Int(parts[0]),
      let month = Int(parts[1]), Int(parts[2]) != nil, year > 0
    else { return nil }
    return .impossible(
      input: input.text,
      reason: (1...12).contains(month) ? length(of: month, year) : "a year has 12 months")
  }

  /// "February 2026 has 28 days".
  func length(of month: Int, _ year: Int) -> String {
    "\(DateWords.english[month - 1]) \(year) has \(Day.daysIn(month: month, year: year)) days"
  }

  func suggestions(_ input: Input) -> [String] {
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
