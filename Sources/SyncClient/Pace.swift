/// How slowly an answer may come: one that comes in drops is not waited for. The server is as patient with requests.
struct Pace {
  /// How long a body may take, however short it is.
  static let grace = Duration.seconds(30)
  /// The slowest it may travel after that, in bytes a second.
  static let slowest = 1024

  private let start = ContinuousClock.now

  /// - Parameter count: how many bytes have come since this was made.
  func isKept(by count: Int) -> Bool {
    ContinuousClock.now - start <= Self.grace + .seconds(count / Self.slowest)
  }
}
