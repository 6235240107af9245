/// What a server takes from the world around it. Tests give their own.
public struct World: Sendable {
  /// The wall clock, in seconds since 1970.
  public var now: @Sendable () -> Int
  /// So many random bytes, good enough for secrets.
  public var random: @Sendable (Int) -> [UInt8]

  public init(
    now: @escaping @Sendable () -> Int, random: @escaping @Sendable (Int) -> [UInt8]
  ) {
    self.now = now
    self.random = random
  }
}
