import DossierModel
import Testing

@Suite struct DateReaderTests {
  /// A Wednesday.
  static let today = Day("2025-05-21")!
  static let reader = DateReader(today: today)

  static let grammar: [(String, String?, String, String)] = [
    ("2025-05-12", "2025-05-12", "2025-05-12", "2025-05-12"),
    ("12 May 2025", "2025-05-12", "2025-05-12", "2025-05-12"),
    ("12 mai 2025", "2025-05-12", "2025-05-12", "2025-05-12"),
    ("12. Mai 2025", "2025-05-12", "2025-05-12", "2025-05-12"),
    ("1er février 2025", "2025-02-01", "2025-02-01", "2025-02-01"),
    ("May 12, 2025", "2025-05-12", "2025-05-12", "2025-05-12"),
    ("the 12th of May 2025", "2025-05-12", "2025-05-12", "2025-05-12"),
    ("3 März 2025", "2025-03-03", "2025-03-03", "2025-03-03"),
    ("today", "2025-05-21", "2025-05-21", "2025-05-21"),
    ("tomorrow", "2025-05-22", "2025-05-22", "2025-05-22"),
    ("friday", "2025-05-23", "2025-05-23", "2025-05-23"),
    ("wednesday", "2025-05-28", "2025-05-28", "2025-05-28"),
    ("next friday", "2025-05-30", "2025-05-30", "2025-05-30"),
    ("last friday", "2025-05-16", "2025-05-16", "2025-05-16"),
    ("vendredi", "2025-05-23", "2025-05-23", "2025-05-23"),
    ("+3d", "2025-05-24", "2025-05-24", "2025-05-24"),
    ("-2w", "2025-05-07", "2025-05-07", "2025-05-07"),
    ("+1m", "2025-06-21", "2025-06-21", "2025-06-21"),
    ("eow", "2025-05-25", "2025-05-25", "2025-05-25"),
    ("eom", "2025-05-31", "2025-05-31", "2025-05-31"),
    ("eoq", "2025-06-30", "2025-06-30", "2025-06-30"),
    ("eoy", "2025-12-31", "2025-12-31", "2025-12-31"),
    ("2026-W05", "2026-01-26/2026-02-01", "2026-01-26", "2026-02-01"),
    ("2020-W53", "2020-12-28/2021-01-03", "2020-12-28", "2021-01-03"),
    ("may 2025", "2025-05", "2025-05-01", "2025-05-31"),
    ("Mai 2025", "2025-05", "2025-05-01", "2025-05-31"),
    ("2025", "2025", "2025-01-01", "2025-12-31"),
    ("summer 2022", "2022-22", "2022-06-01", "2022-08-31"),
    ("été 2022", "2022-22", "2022-06-01", "2022-08-31"),
    ("Winter 2025", "2025-24", "2025-12-01", "2026-02-28"),
    ("Q3 2024", "2024-35", "2024-07-01", "2024-09-30"),
    ("H1 2026", "2026-40", "2026-01-01", "2026-06-30"),
    ("early 2025", "2025-01/2025-04~", "2025-01-01", "2025-04-30"),
    ("mid 2025", "2025-05/2025-08~", "2025-05-01", "2025-08-31"),
    ("late 2025", "2025-09/2025-12~", "2025-09-01", "2025-12-31"),
    ("circa 2024", "2024~", "2024-01-01", "2024-12-31"),
    ("2025-05?", "2025-05?", "2025-05-01", "2025-05-31"),
    ("before 2026", "../2025-12-31", "", "2025-12-31"),
    ("since 2023", "2023/..", "2023-01-01", ""),
    ("after 2023", "2024-01-01/..", "2024-01-01", ""),
    ("until may 2025", "../2025-05", "", "2025-05-31"),
    ("end of June 2019", "2019-06~", "2019-06-21", "2019-06-30"),
    ("end of june", "2025-06~", "2025-06-21", "2025-06-30"),
    ("mid june 2025", "2025-06~", "2025-06-11", "2025-06-20"),
    ("16-18 November 2005", "2005-11-16/2005-11-18", "2005-11-16", "2005-11-18"),
    ("16 to 18 november 2005", "2005-11-16/2005-11-18", "2005-11-16", "2005-11-18"),
    ("2025-05-12 to 2025-05-14", "2025-05-12/2025-05-14", "2025-05-12", "2025-05-14"),
    ("2025-05-12/2025-05-14", "2025-05-12/2025-05-14", "2025-05-12", "2025-05-14"),
    ("may", "2025-05", "2025-05-01", "2025-05-31"),
    ("april", "2026-04", "2026-04-01", "2026-04-30"),
    ("12 may", "2026-05-12", "2026-05-12", "2026-05-12"),
    ("29 february", "2028-02-29", "2028-02-29", "2028-02-29"),
    ("201X", "201X", "2010-01-01", "2019-12-31"),
    ("tbc", nil, "", ""),
    ("unknown", nil, "", ""),
  ]

  @Test(arguments: grammar.indices) func everyFormOfTheGrammarHasItsReading(_ row: Int) throws {
    let (words, edtf, earliest, latest) = Self.grammar[row]
    let date = try Self.reader.read(words)
    #expect(date.words == words)
    #expect(date.edtf == edtf)
    #expect(date.earliest?.description ?? "" == earliest)
    #expect(date.latest?.description ?? "" == latest)
  }

  /// The same words give the same date; the EDTF is EDTF; what is printed can be typed again.
  @Test(arguments: grammar.indices) func parsePrintParseIsStable(_ row: Int) throws {
    let date = try Self.reader.read(Self.grammar[row].0)
    #expect(try Self.reader.read(date.words) == date)
    if let edtf = date.edtf { #expect(FuzzyDate(edtf: edtf)?.edtf == edtf) }
    let again = try Self.reader.read(date.display)
    #expect((again.earliest, again.latest) == (date.earliest, date.latest))
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
    "18-16 november 2005", "2025-06-01 to 2025-05-01",
  ]) func aDayThatDoesNotExistIsRefused(_ words: String) {
    #expect {
      try Self.reader.read(words)
    } throws: {
      if case DateError.impossible(words, _) = $0 { true } else { false }
    }
  }

  @Test(arguments: [
    "", " ", "soon", "fryday", "13/4/2026", "2025-13", "2025-5-1", "the", "of", "next", "+d", "/",
    "w5",
    "0000", "mid", "before", "🗓", "2025-02-30", "99999", "q 2025", "12 12 2025", "circa", "to",
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
