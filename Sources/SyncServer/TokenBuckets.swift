internal import Synchronization

/// How often each of many may do something: a bucket each, which fills at a steady rate (token bucket, ITU-T I.371).
final class TokenBuckets: Sendable {
  private let perMinute: Int
  private let now: @Sendable () -> ContinuousClock.Instant
  private let state = Mutex(State())

  private struct State {
    var buckets: [String: Bucket] = [:]
    /// With so many the full ones are forgotten.
    var crowd = 20_000
  }

  private struct Bucket {
    var level: Double
    var at: ContinuousClock.Instant
  }

  /// - Parameter perMinute: as many may also come at once after a pause.
  init(
    perMinute: Int, now: @escaping @Sendable () -> ContinuousClock.Instant = { ContinuousClock.now }
  ) {
    self.perMinute = perMinute
    self.now = now
  }

  /// Takes one; false when there is none left.
  func take(_ key: String) -> Bool {
    state.withLock { state in
      let level = Self.level(state.buckets[key], perMinute, now())
      guard level >= 1 else { return false }
      if state.buckets.count > state.crowd { Self.forgetFull(&state, perMinute, now()) }
      state.buckets[key] = Bucket(level: level - 1, at: now())
      return true
    }
  }

  /// Whether one is left, without taking it.
  func hasOne(_ key: String) -> Bool {
    state.withLock { Self.level($0.buckets[key], perMinute, now()) >= 1 }
  }

  private static func level(
    _ bucket: Bucket?, _ perMinute: Int, _ now: ContinuousClock.Instant
  ) -> Double {
    guard let bucket else { return Double(perMinute) }
    let seconds = (now - bucket.at) / .seconds(1)
    return min(Double(perMinute), bucket.level + seconds * Double(perMinute) / 60)
  }

  /// A full bucket is as good as none. Those that are left may be many: they are not looked through with each request.
  private static func forgetFull(
    _ state: inout State, _ perMinute: Int, _ now: ContinuousClock.Instant
  ) {
    state.buckets = state.buckets.filter { level($0.value, perMinute, now) < Double(perMinute) }
    state.crowd = max(20_000, 2 * state.buckets.count)
  }
}
