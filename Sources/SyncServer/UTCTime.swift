/// A moment in seconds since 1970, as people and machines read it.
public struct UTCTime: CustomStringConvertible, Sendable {
  public let seconds: Int

  public init(seconds: Int) { self.seconds = seconds }

  /// RFC 3339: "2026-11-23T09:32:53Z".
  public var description: String {
    let day = seconds.quotient(flooredBy: 86_400)
    let second = seconds - day * 86_400
    let (year, month, date) = Self.civil(day)
    return "\(padded(year, 4))-\(padded(month))-\(padded(date))"
      + "T\(padded(second / 3600)):\(padded(second / 60 % 60)):\(padded(second % 60))Z"
  }

  /// Days since 1970 to the Gregorian calendar (Howard Hinnant, "chrono-compatible low-level date algorithms").
  private static func civil(_ days: Int) -> (year: Int, month: Int, day: Int) {
    let shifted = days + 719_468
    let era = shifted.quotient(flooredBy: 146_097)
    let dayOfEra = shifted - era * 146_097
    let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let fromMarch = (5 * dayOfYear + 2) / 153
    let month = fromMarch < 10 ? fromMarch + 3 : fromMarch - 9
    let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
    return (year, month, dayOfYear - (153 * fromMarch + 2) / 5 + 1)
  }

  private func padded(_ number: Int, _ width: Int = 2) -> String {
    let digits = String(number)
    return String(repeating: "0", count: max(0, width - digits.count)) + digits
  }
}

extension Int {
  fileprivate func quotient(flooredBy divisor: Int) -> Int {
    self >= 0 ? self / divisor : (self - divisor + 1) / divisor
  }
}
