/// The Extended Date/Time Format (ISO 8601-2:2019, Library of Congress EDTF): levels 0 and 1, and of level 2
/// the codes 33 to 36 (quarters), 37 to 39 (four months), 40 and 41 (halves).
public enum EDTF {
  typealias Bounds = (earliest: Day?, latest: Day?)

  /// The first and the last possible day; nil when the text is none of these forms.
  static func bounds(of text: String, _ hemisphere: Hemisphere = .north) -> Bounds? {
    let sides = text.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
    guard sides.count == 2 else { return sides.count == 1 ? single(text, hemisphere) : nil }
    guard let first = side(sides[0], hemisphere), let last = side(sides[1], hemisphere),
      first.isKnown || last.isKnown
    else { return nil }
    if let earliest = first.bounds.earliest, let latest = last.bounds.latest, earliest > latest {
      return nil
    }
    return (first.bounds.earliest, last.bounds.latest)
  }

  private static func side(
    _ text: String, _ hemisphere: Hemisphere
  ) -> (bounds: Bounds, isKnown: Bool)? {
    if text.isEmpty || text == ".." { return ((nil, nil), false) }
    return single(text, hemisphere).map { ($0, true) }
  }

  private static func single(_ text: String, _ hemisphere: Hemisphere) -> Bounds? {
    var text = text
    if let last = text.last, "?~%".contains(last) { text.removeLast() }
    let parts = text.split(separator: "-", omittingEmptySubsequences: false).map(String.init)
    guard (1...3).contains(parts.count), let years = years(parts[0]) else { return nil }
    switch parts.count {
    case 1: return range(years.lowerBound, 1, years.upperBound, 12)
    case 2:
      if parts[1] == "XX" {
        return years.count == 1 ? range(years.lowerBound, 1, years.lowerBound, 12) : nil
      }
      guard years.count == 1, let code = two(parts[1]) else { return nil }
      if (1...12).contains(code) { return range(years.lowerBound, code, years.lowerBound, code) }
      return period(code, years.lowerBound, hemisphere)
    default:
      guard years.count == 1 else { return nil }
      if parts[2] == "XX" {
        if parts[1] == "XX" { return range(years.lowerBound, 1, years.lowerBound, 12) }
        guard let month = two(parts[1]), (1...12).contains(month) else { return nil }
        return range(years.lowerBound, month, years.lowerBound, month)
      }
      guard let month = two(parts[1]), let number = two(parts[2]),
        let day = Day(year: years.lowerBound, month: month, day: number)
      else { return nil }
      return (day, day)
    }
  }

  /// "2025" is one year, "202X" ten, "20XX" a hundred.
  private static func years(_ text: String) -> ClosedRange<Int>? {
    guard text.utf8.count == 4 else { return nil }
    let unknown = text.reversed().prefix { $0 == "X" }.count
    let digits = text.dropLast(unknown)
    guard unknown <= 2, digits.utf8.allSatisfy({ (48...57).contains($0) }), let head = Int(digits)
    else {
      return nil
    }
    let width = [1, 10, 100][unknown]
    let first = max(1, head * width)
    return head * width + width - 1 >= first ? first...(head * width + width - 1) : nil
  }

  private static func two(_ text: String) -> Int? {
    text.utf8.count == 2 && text.utf8.allSatisfy { (48...57).contains($0) } ? Int(text) : nil
  }

  /// From the first day of one month to the last day of another.
  private static func range(_ year: Int, _ month: Int, _ lastYear: Int, _ lastMonth: Int) -> Bounds?
  {
    guard let first = Day(year: year, month: month, day: 1),
      let last = Day(
        year: lastYear, month: lastMonth, day: Day.daysIn(month: lastMonth, year: lastYear))
    else { return nil }
    return (first, last)
  }

  /// Seasons by hemisphere (in the north winter 2025 is December 2025 to February 2026), quarters, thirds, halves.
  private static func period(_ code: Int, _ year: Int, _ hemisphere: Hemisphere) -> Bounds? {
    switch code {
    case 21...24:
      let shift = hemisphere == .north ? 0 : 6
      let start = 3 + (code - 21) * 3 + shift
      let month = (start - 1) % 12 + 1
      let startYear = start > 12 ? year + (start - 1) / 12 : year
      // In the south spring and summer of a year begin late in it; autumn and winter lie inside it.
      let firstYear = hemisphere == .south && start > 12 ? year : startYear
      let last = month + 2
      return range(firstYear, month, last > 12 ? firstYear + 1 : firstYear, (last - 1) % 12 + 1)
    case 33...36: return range(year, (code - 33) * 3 + 1, year, (code - 33) * 3 + 3)
    case 37...39: return range(year, (code - 37) * 4 + 1, year, (code - 37) * 4 + 4)
    case 40, 41: return range(year, (code - 40) * 6 + 1, year, (code - 40) * 6 + 6)
    default: return nil
    }
  }
}
