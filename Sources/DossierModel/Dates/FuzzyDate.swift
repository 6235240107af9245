/// A date as people say it: the words, their EDTF, the first and the last possible day.
///
/// "summer 2022" stays "summer 2022"; it sorts and filters by its bounds and never becomes a made-up day.
public struct FuzzyDate: Hashable, Sendable {
  /// What was typed, byte for byte.
  public var words: String
  /// ISO 8601-2 levels 0 and 1, and the codes 33 to 41 of level 2; nil: no date is a fact too.
  public var edtf: String?
  /// nil: open or unknown.
  public var earliest: Day?
  /// nil: open or unknown.
  public var latest: Day?
  /// Worked out by somebody, not said by a source.
  public var isInferred: Bool
  /// What the words are relative to: a day, or the name of an event.
  public var relativeTo: String?

  public init(
    words: String, edtf: String?, earliest: Day?, latest: Day?, isInferred: Bool = false,
    relativeTo: String? = nil
  ) {
    self.words = words
    self.edtf = edtf
    self.earliest = earliest
    self.latest = latest
    self.isInferred = isInferred
    self.relativeTo = relativeTo
  }

  public init(day: Day) {
    self.init(words: day.description, edtf: day.description, earliest: day, latest: day)
  }

  /// Bounds from an EDTF text; the words are that text.
  ///
  /// - Returns: nil when it is no EDTF of the levels known here.
  public init?(edtf: String, hemisphere: Hemisphere = .north) {
    guard let bounds = EDTF.bounds(of: edtf, hemisphere) else { return nil }
    self.init(words: edtf, edtf: edtf, earliest: bounds.earliest, latest: bounds.latest)
  }

  /// The one day it is, if it is one.
  public var day: Day? { earliest == latest ? earliest : nil }

  /// The reading as it is told back: "Fri 2025-05-23", "summer 2022 (2022-06-01 to 2022-08-31)".
  public var reading: String {
    if let day {
      let weekdays = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]
      return "\(weekdays[day.weekday - 1]) \(day)"
    }
    switch (earliest, latest) {
    case (let earliest?, let latest?): return "\(words) (\(earliest) to \(latest))"
    case (let earliest?, nil): return "\(words) (from \(earliest))"
    case (nil, let latest?): return "\(words) (until \(latest))"
    case (nil, nil): return words.isEmpty ? "no date" : "no date (\(words))"
    }
  }

  /// In tables and pages: the day when it is one, else its own words. What was said from a day ("may", "tomorrow to
  /// friday") is said so that it means the same on any other.
  public var display: String {
    if let day, !isInferred || words.isEmpty || words == edtf { return day.description }
    if let day, relativeTo != nil { return day.description }
    if let base = relativeTo.flatMap({ Day($0) }), let said = absolute(from: base) { return said }
    if let said = words.isEmpty ? edtf : words { return said }
    // Worked out from other facts, never said.
    return bounds
  }

  /// "end of june 2025" for what was "end of june" in 2025; nil for words that are not of the grammar.
  private func absolute(from base: Day) -> String? {
    guard let read = try? DateReader(today: base).read(words),
      (read.earliest, read.latest) == (earliest, latest)
    else { return nil }
    let days = [earliest, latest].compactMap { $0 }
    let years = days.map(\.year) + days.flatMap { [$0.year - 1, $0.year + 1] }
    let withYear = years.lazy.map { "\(words) \($0)" }.first { said in
      guard let date = try? DateReader(today: base).read(said) else { return false }
      return date.relativeTo == nil && date.edtf == edtf
        && (date.earliest, date.latest) == (earliest, latest)
    }
    return withYear ?? bounds
  }

  private var bounds: String {
    switch (earliest, latest) {
    case (let earliest?, let latest?): return "\(earliest) to \(latest)"
    case (let earliest?, nil): return "since \(earliest)"
    case (nil, let latest?): return "until \(latest)"
    case (nil, nil): return ""
    }
  }

  /// Over only after its last possible day; never, when that is not known.
  public func isOver(asOf today: Day) -> Bool { latest.map { $0 < today } ?? false }

  /// By the first possible day, then the last; an open beginning counts as its end, no date stands last.
  public static func isOrderedBefore(_ a: FuzzyDate?, _ b: FuzzyDate?) -> Bool {
    a.sortKey < b.sortKey
  }
}

extension FuzzyDate? {
  fileprivate var sortKey: (Int, Int) {
    let first = self?.earliest ?? self?.latest
    return (first?.number ?? .max, self?.latest?.number ?? .max)
  }
}
