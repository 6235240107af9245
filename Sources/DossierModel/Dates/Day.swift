/// A calendar day, proleptic Gregorian, years 0001 to 9999.
public struct Day: Hashable, Comparable, Sendable, CustomStringConvertible {
  /// Days since 1970-01-01.
  public let number: Int

  /// 0001-01-01 and 9999-12-31.
  static let range = -719_162...2_932_896

  /// Clamps to the range.
  public init(number: Int) {
    self.number = min(max(number, Self.range.lowerBound), Self.range.upperBound)
  }

  /// - Returns: nil for a day that does not exist.
  public init?(year: Int, month: Int, day: Int) {
    guard (1...9999).contains(year), (1...12).contains(month),
      (1...Self.daysIn(month: month, year: year)).contains(day)
    else { return nil }
    // Counted from 0000-03-01, so that the leap day is the last of its year.
    let shifted = month <= 2 ? year - 1 : year
    let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
    number = shifted * 365 + shifted / 4 - shifted / 100 + shifted / 400 + dayOfYear - 719_468
  }

  /// Strictly "YYYY-MM-DD".
  public init?(_ text: String) {
    let bytes = Array(text.utf8)
    guard bytes.count == 10, bytes[4] == UInt8(ascii: "-"), bytes[7] == UInt8(ascii: "-") else {
      return nil
    }
    func number(_ range: Range<Int>) -> Int? {
      var number = 0
      for byte in bytes[range] {
        guard (48...57).contains(byte) else { return nil }
        number = number * 10 + Int(byte - 48)
      }
      return number
    }
    guard let year = number(0..<4), let month = number(5..<7), let day = number(8..<10) else {
      return nil
    }
    self.init(year: year, month: month, day: day)
  }

  public var year: Int { parts.year }
  public var month: Int { parts.month }
  public var day: Int { parts.day }

  private var parts: (year: Int, month: Int, day: Int) {
    let shifted = number + 719_468
    let era = shifted / 146_097
    let dayOfEra = shifted - era * 146_097
    let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let shiftedMonth = (5 * dayOfYear + 2) / 153
    let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
    return (
      yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month,
      dayOfYear - (153 * shiftedMonth + 2) / 5 + 1
    )
  }

  /// ISO 8601: 1 is Monday.
  public var weekday: Int { ((number + 3) % 7 + 7) % 7 + 1 }

  /// ISO 8601: the week belongs to the year of its Thursday.
  public var isoWeek: (year: Int, week: Int) {
    let thursday = Day(number: number - weekday + 4)
    guard let first = Day(year: thursday.year, month: 1, day: 1) else { return (year, 1) }
    return (thursday.year, (thursday.number - first.number) / 7 + 1)
  }

  /// Stays inside the range.
  public func adding(days: Int) -> Day {
    let sum = number.addingReportingOverflow(days)
    return Day(number: sum.overflow ? (days < 0 ? Int.min : Int.max) : sum.partialValue)
  }

  /// The same day of a later month; the month's last day when it is shorter.
  func adding(months: Int) -> Day {
    let limited = min(max(months, -120_000), 120_000)
    let count = year * 12 + month - 1 + limited
    let (newYear, newMonth) = (count / 12, count % 12 + 1)
    guard count >= 12, newYear <= 9999 else { return Day(number: limited < 0 ? Int.min : Int.max) }
    return Day(
      year: newYear, month: newMonth, day: min(day, Self.daysIn(month: newMonth, year: newYear)))
      ?? self
  }

  static func daysIn(month: Int, year: Int) -> Int {
    switch month {
    case 2: (year % 4 == 0 && year % 100 != 0) || year % 400 == 0 ? 29 : 28
    case 4, 6, 9, 11: 30
    default: 31
    }
  }

  public var description: String {
    let (year, month, day) = parts
    return "\(Self.padded(year, 4))-\(Self.padded(month, 2))-\(Self.padded(day, 2))"
  }

  static func padded(_ number: Int, _ width: Int) -> String {
    let digits = String(number)
    return String(repeating: "0", count: max(0, width - digits.count)) + digits
  }

  public static func < (a: Day, b: Day) -> Bool { a.number < b.number }
}

/// Which half of the earth the seasons are read for.
public enum Hemisphere: Sendable {
  case north, south
}
