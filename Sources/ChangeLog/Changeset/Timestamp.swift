/// A reading of the hybrid clock: 48 bits of milliseconds since 1970, then a 16-bit counter.
///
/// For display and ties only. Nothing is refused, blocked or overwritten because of a timestamp.
public struct Timestamp: Hashable, Comparable, Sendable {
  public let rawValue: UInt64

  public init(rawValue: UInt64) { self.rawValue = rawValue }

  public init(milliseconds: UInt64) { rawValue = min(milliseconds, Self.maximum) << 16 }

  public var milliseconds: UInt64 { rawValue >> 16 }

  public static func < (a: Timestamp, b: Timestamp) -> Bool { a.rawValue < b.rawValue }

  static let maximum: UInt64 = (1 << 48) - 1
}

/// Gives each changeset of a replica a timestamp later than all it gave before.
public struct HybridClock: Sendable {
  public private(set) var last: Timestamp

  /// How far ahead of our own clock a colleague's may be and still move ours.
  /// A clock that is years ahead must not drag the whole team along.
  public static let tolerance: UInt64 = 5 * 60 * 1000

  public init(last: Timestamp) { self.last = last }

  /// The next timestamp, given the wall clock in milliseconds since 1970.
  public mutating func tick(wall milliseconds: UInt64) -> Timestamp {
    let now = Timestamp(milliseconds: milliseconds)
    // At the very end of the range time stands still; order then falls to the ids.
    let next = last.rawValue == .max ? last : Timestamp(rawValue: last.rawValue + 1)
    last = max(now, next)
    return last
  }

  /// Takes note of a timestamp that came from elsewhere.
  public mutating func witness(_ other: Timestamp, wall milliseconds: UInt64) {
    guard other.milliseconds <= milliseconds.addingReportingOverflow(Self.tolerance).partialValue
    else { return }
    last = max(last, other)
  }
}
