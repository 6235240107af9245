public struct Day: Hashable, Comparable, Sendable, CustomStringConvertible {
  public let number: Int
  public init(number: Int) { self.number = number }
  public init?(_ text: String) {
    let p = text.split(separator: "-").compactMap { Int($0) }
    guard p.count == 3, text.utf8.count == 10 else { return nil }
    self.init(year: p[0], month: p[1], day: p[2])
  }
  public init?(year: Int, month: Int, day: Int) {
    let y = month <= 2 ? year - 1 : year
    let era = y / 400
    let yoe = y - era * 400
    let doy = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
    let doe = yoe * 365 + yoe / 4 - yoe / 100 + doy
    number = era * 146097 + doe - 719468
  }
  public var description: String {
    let z = number + 719468
    let era = z / 146097
    let doe = z - era * 146097
    let yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365
    let doy = doe - (365 * yoe + yoe / 4 - yoe / 100)
    let mp = (5 * doy + 2) / 153
    let d = doy - (153 * mp + 2) / 5 + 1
    let m = mp < 10 ? mp + 3 : mp - 9
    let y = yoe + era * 400 + (m <= 2 ? 1 : 0)
    return "\(y)-\(m < 10 ? "0" : "")\(m)-\(d < 10 ? "0" : "")\(d)"
  }
  public static func < (a: Day, b: Day) -> Bool { a.number < b.number }
  public func adding(days: Int) -> Day { Day(number: number + days) }
}
public struct FuzzyDate: Hashable, Sendable {
  public var words: String
  public var edtf: String?
  public var earliest: Day?
  public var latest: Day?
  public var isInferred: Bool
  public var relativeTo: String?
  public init(words: String, edtf: String?, earliest: Day?, latest: Day?, isInferred: Bool = false, relativeTo: String? = nil) {
    self.words = words; self.edtf = edtf; self.earliest = earliest; self.latest = latest; self.isInferred = isInferred; self.relativeTo = relativeTo }
  public init?(edtf: String) { 
    let d = Day(edtf)
    self.init(words: edtf, edtf: edtf, earliest: d, latest: d) }
  public init(day: Day) { self.init(words: "\(day)", edtf: "\(day)", earliest: day, latest: day) }
  public static func isOrderedBefore(_ a: FuzzyDate?, _ b: FuzzyDate?) -> Bool {
    (a?.earliest?.number ?? Int.max, a?.latest?.number ?? Int.max) < (b?.earliest?.number ?? Int.max, b?.latest?.number ?? Int.max) }
  public var reading: String { words }
  public var display: String { words }
  public func isOver(asOf today: Day) -> Bool { latest.map { $0 < today } ?? false }
}
public struct DateReader: Sendable {
  public init(today: Day) {}
  public func read(_ text: String) throws -> FuzzyDate { FuzzyDate(edtf: text)! }
}
public enum DateError: Error { case unknown(input: String, suggestions: [String]) }
