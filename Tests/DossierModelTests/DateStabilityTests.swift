import DossierModel
import Testing

/// What is printed can be typed again, on any later day, and means the same.
@Suite struct DateStabilityTests {
  @Test(arguments: DateGrammar.rows.indices) func everyRowIsStable(_ row: Int) throws {
    try expectStable(DateGrammar.rows[row].0, from: DateReaderTests.today)
  }

  @Test func everyMonthSeasonAndWeekdayHasItsNumberInThreeLanguages() throws {
    for language in 0..<3 {
      for (index, word) in DateGrammar.months[language].enumerated() {
        let number = index < 9 ? "0\(index + 1)" : "\(index + 1)"
        #expect(try DateReaderTests.reader.read("\(word) 2025").edtf == "2025-\(number)", "\(word)")
        #expect(
          try DateReaderTests.reader.read("7 \(word) 2025").edtf == "2025-\(number)-07", "\(word)")
      }
      for (index, word) in DateGrammar.seasons[language].enumerated() {
        #expect(
          try DateReaderTests.reader.read("\(word) 2025").edtf == "2025-\(21 + index)", "\(word)")
      }
      for (index, word) in DateGrammar.weekdays[language].enumerated() {
        #expect(try DateReaderTests.reader.read(word).day?.weekday == index + 1, "\(word)")
      }
    }
  }

  /// Forms put together by chance, in three languages, from days of four centuries.
  @Test func whateverIsReadIsStable() throws {
    var random = Numbers(state: 2025)
    var count = 0
    for _ in 0..<6000 {
      let words = phrase(&random)
      let base = Day(number: Int(random.next(146_097)) - 73_000)
      // Parts of it may not exist: 30 February, a range that ends before it begins.
      guard (try? DateReader(today: base).read(words)) != nil else { continue }
      count += 1
      try expectStable(words, from: base, later: Int(random.next(900)))
    }
    #expect(count > 4000)
  }

  private func expectStable(_ words: String, from base: Day, later days: Int = 400) throws {
    let date = try DateReader(today: base).read(words)
    #expect(date.words == words)
    #expect(try DateReader(today: base).read(words) == date)
    if let edtf = date.edtf { #expect(FuzzyDate(edtf: edtf) != nil, "\(edtf)") }
    for reader in [DateReader(today: base), DateReader(today: base.adding(days: days))] {
      let again = try reader.read(date.display)
      #expect(
        (again.earliest, again.latest) == (date.earliest, date.latest),
        "\(words) from \(base): \(date.display)")
      #expect(again.edtf == date.edtf, "\(words) from \(base): \(date.display)")
      #expect(again.display == date.display, "\(words) from \(base)")
    }
    #expect(FuzzyDate(value: date.value) == date)
  }

  private func phrase(_ random: inout Numbers) -> String {
    let language = Int(random.next(3))
    func pick(_ words: [String]) -> String { words[Int(random.next(UInt64(words.count)))] }
    let month = pick(DateGrammar.months[language])
    let season = pick(DateGrammar.seasons[language])
    let weekday = pick(DateGrammar.weekdays[language])
    let year = "\(1000 + random.next(8999))"
    let number = "\(1 + random.next(31))"
    let third = pick(
      [["early", "mid", "late", "end of"], ["début", "mi", "fin"], ["Anfang", "Mitte", "Ende"]][
        language])
    let side = pick(
      [
        ["before", "until", "since", "after"], ["avant", "depuis", "après"],
        ["vor", "bis", "seit", "nach"],
      ][language])
    let about = pick([["circa"], ["vers"], ["um"]][language])
    let period = pick([
      month, season, "\(month) \(year)", "\(season) \(year)", year,
      "Q\(1 + random.next(4)) \(year)", "H\(1 + random.next(2)) \(year)",
    ])
    let day = pick([
      "\(number) \(month) \(year)", "\(number) \(month)", weekday, "+\(random.next(400))d",
      "-\(random.next(60))w", "+\(random.next(30))m",
      "\(year)-0\(1 + random.next(9))-1\(random.next(9))",
    ])
    let range = pick([["to"], ["au"], ["bis"]][language])
    return pick([
      day, day, period, period, "\(third) \(month)", "\(third) \(month) \(year)",
      "\(third) \(year)",
      "\(side) \(period)", "\(about) \(period)", "\(day) \(range) \(day)",
      "\(period) \(range) \(period)",
      "\(month) \(range) \(month)", "\(year)-W0\(1 + random.next(9))",
      "\(year)-W\(10 + random.next(43))",
      pick(["eow", "eom", "eoq", "eoy", "tbc", "unknown"]), "\(year)?", "\(year)-05~",
      "\(number)-\(number) \(month) \(year)",
    ])
  }
}

/// Numbers that only look like chance.
private struct Numbers {
  var state: UInt64

  mutating func next(_ limit: UInt64) -> UInt64 {
    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
    return (state >> 33) % limit
  }
}
