public import ChangeLog

extension FuzzyDate {
  /// As a field holds it: words, EDTF, earliest and latest day since 1970, inferred, relative to.
  public var value: Value {
    .list([
      .text(words), edtf.map { .text($0) } ?? .null,
      earliest.map { .int(Int64($0.number)) } ?? .null,
      latest.map { .int(Int64($0.number)) } ?? .null,
      isInferred ? .bool(true) : .null, relativeTo.map { .text($0) } ?? .null,
    ])
  }

  /// - Returns: nil when the value is no date.
  public init?(value: Value) {
    guard case .list(let parts) = value, parts.count >= 6, case .text(let words) = parts[0] else {
      return nil
    }
    func text(_ index: Int) -> String? {
      if case .text(let text) = parts[index] { text.string } else { nil }
    }
    func day(_ index: Int) -> Day? {
      if case .int(let number) = parts[index] { Day(number: Int(number)) } else { nil }
    }
    self.init(
      words: words.string, edtf: text(1), earliest: day(2), latest: day(3),
      isInferred: parts[4] == .bool(true), relativeTo: text(5))
  }
}
