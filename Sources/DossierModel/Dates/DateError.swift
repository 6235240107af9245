/// Why words are no date of the grammar. The words are quoted as they were typed.
public enum DateError: Error, Equatable, Sendable {
  /// Two readings; a person must say which.
  case ambiguous(input: String, readings: [Reading])
  /// Not in the grammar, with the nearest forms that are.
  case unknown(input: String, suggestions: [String])
  /// In the grammar, but there is no such day.
  case impossible(input: String, reason: String)
  /// A day and a time of day, or a time alone: dates are days. With the words that are the day.
  case hasTime(input: String, date: String?)

  public struct Reading: Hashable, Sendable {
    /// "3 April 2026".
    public let words: String
    public let day: Day

    public init(words: String, day: Day) {
      self.words = words
      self.day = day
    }
  }
}
