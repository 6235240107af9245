import DossierModel
import Testing

@Suite struct DateReaderTests {
  /// A Wednesday.
  static let today = Day("2025-05-21")!
  static let reader = DateReader(today: today)

  @Test(arguments: DateGrammar.rows.indices) func everyFormOfTheGrammarHasItsReading(_ row: Int)
    throws
  {
    let (words, edtf, earliest, latest) = DateGrammar.rows[row]
    let date = try Self.reader.read(words)
    #expect(date.words == words)
    #expect(date.edtf == edtf)
    #expect(date.earliest?.description ?? "" == earliest)
    #expect(date.latest?.description ?? "" == latest)
  }

  @Test(arguments: [
    ("12.5.25", ["2025-05-12", "2025-12-05"]), ("12/5", ["2026-05-12", "2025-12-05"]),
    ("1.2.", ["2026-02-01", "2026-01-02"]),
  ]) func withoutAYearOrWithHalfOfOneThereAreTwoReadingsToo(
    _ words: String, _ days: [String]
  ) {
    #expect {
      try Self.reader.read(words)
    } throws: {
      guard case DateError.ambiguous(words, let readings) = $0 else { return false }
      return readings.map(\.day.description) == days
    }
  }

  @Test(arguments: [
    ("tomorrow 14:30", "tomorrow"), ("10:30", nil), ("friday at 3pm", "friday"),
    ("12 mai 2025 à 14h30", "12 mai 2025"), ("morgen um 9 Uhr", "morgen"), ("3 pm", nil),
    ("9uhr", nil),
    ("2025-05-12T10:30:00Z", "2025-05-12"), ("2025-05-12 10:30", "2025-05-12"),
  ]) func aTimeOfDayIsRefusedWithTheDay(_ words: String, _ day: String?) {
    #expect {
      try Self.reader.read(words)
    } throws: {
      if case DateError.hasTime(words, day) = $0 { true } else { false }
    }
  }

  @Test func aDayThatCanBeReadTwoWaysIsRefusedWithBoth() {
    #expect(
      throws: DateError.ambiguous(
        input: "3/4/2026",
        readings: [
          .init(words: "3 April 2026", day: Day("2026-04-03")!),
          .init(words: "March 4, 2026", day: Day("2026-03-04")!),
        ])
    ) { try Self.reader.read("3/4/2026") }
  }

  @Test(arguments: [
    "30 February 2025", "2026-W54", "H3 2025", "Q5 2025", "99/99/2025", "+999999999999d",
    "18-16 november 2005", "2025-06-01 to 2025-05-01", "2025-02-30", "2025-13-01", "31/31/2025",
    "31.2.25",
  ]) func aDayThatDoesNotExistIsRefused(_ words: String) {
    #expect {
      try Self.reader.read(words)
    } throws: {
      if case DateError.impossible(words, _) = $0 { true } else { false }
    }
  }

  @Test(arguments: [
    "", " ", "soon", "fryday", "13/4/2026", "2025-13", "2025-5-1", "13.4.26", "2026/04/13", "the",
    "of", "next", "+d", "/",
    "w5",
    "0000", "mid", "before", "🗓", "99999", "q 2025", "12 12 2025", "circa", "to",
    "to 2025", "2025 to",
  ]) func whatIsNotInTheGrammarIsRefusedWithTheNearestForms(_ words: String) {
    #expect {
      try Self.reader.read(words)
    } throws: {
      if case DateError.unknown(words, let suggestions) = $0 { !suggestions.isEmpty } else { false }
    }
  }

  @Test func seasonsFollowTheHemisphere() throws {
    let south = DateReader(today: Self.today, hemisphere: .south)
    let summer = try south.read("summer 2022")
    #expect((summer.earliest, summer.latest) == (Day("2022-12-01"), Day("2023-02-28")))
    let winter = try south.read("winter 2022")
    #expect((winter.earliest, winter.latest) == (Day("2022-06-01"), Day("2022-08-31")))
  }

  @Test func everyDayOfFourHundredYearsIsItself() {
    var previous = Day("1899-12-31")!
    var wrong: [Int] = []
    for number in previous.number + 1..<previous.number + 146_098 {
      let day = Day(number: number)
      let isItself =
        Day(year: day.year, month: day.month, day: day.day) == day && Day(day.description) == day
      if !isItself || day <= previous || day.weekday != previous.weekday % 7 + 1 {
        wrong.append(number)
      }
      previous = day
    }
    #expect(wrong == [])
  }

  @Test func overdueMeansAfterTheLastPossibleDay() throws {
    let date = try Self.reader.read("summer 2022")
    #expect(!date.isOver(asOf: Day("2022-08-31")!))
    #expect(date.isOver(asOf: Day("2022-09-01")!))
    #expect(!(try Self.reader.read("tbc")).isOver(asOf: Day("9999-12-31")!))
  }

  /// Random words of the grammar, and garbage, never trap.
  @Test func anyWordsAreAnswered() {
    let words = [
      "2025", "may", "12", "of", "next", "friday", "-", "/", "+", "99999999999999999999", "q3",
      "w05", "2026-w05", "early",
      "circa", "before", "to", "..", "~", "?", "X", "00", "31", "ete", "31st", "2025-02-29",
    ]
    var state: UInt64 = 7
    for _ in 0..<20_000 {
      var text: [String] = []
      state = state &* 6_364_136_223_846_793_005 &+ 1
      for place in 0..<Int(state >> 33) % 4 + 1 {
        text.append(words[Int(state >> UInt64(20 + place * 5)) % words.count])
      }
      let input = text.joined(separator: state & 64 == 0 ? " " : "")
      if let date = try? Self.reader.read(input), let a = date.earliest, let b = date.latest {
        #expect(a <= b, "\(input)")
      }
    }
  }
}
