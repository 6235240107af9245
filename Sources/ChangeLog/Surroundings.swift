/// What a replica takes from the world around it. Tests and simulations give their own.
public struct Surroundings {
  /// The wall clock, in milliseconds since 1970.
  public var now: () -> UInt64
  /// 64 random bits.
  public var random: () -> UInt64

  public init(now: @escaping () -> UInt64, random: @escaping () -> UInt64) {
    self.now = now
    self.random = random
  }

  /// A new id that begins with the time.
  public func newID<Owner>(_: Owner.Type = Owner.self) -> ID<Owner> {
    ID(milliseconds: now(), random: (random(), random()))
  }

  /// A new id without any order.
  public func newRandomID<Owner>(_: Owner.Type = Owner.self) -> ID<Owner> {
    ID(high: random(), low: random())
  }

  public func randomBytes(_ count: Int) -> [UInt8] {
    (0..<count).map { _ in UInt8(truncatingIfNeeded: random() >> 24) }
  }
}
