/// The values of one field that nobody has replaced.
public struct FieldState: Hashable, Sendable {
  public let number: FieldNumber
  public let shape: Shape
  /// Ascending by (clock, id): the last one is the one shown.
  public private(set) var alive: [AliveValue]

  public enum Shape: UInt8, Sendable {
    /// One value; several at once are siblings.
    case register = 0
    /// Any number of elements at once.
    case set = 1
  }

  public struct AliveValue: Hashable, Sendable {
    public let id: ChangeID
    public let clock: Timestamp
    public let value: Value

    public init(id: ChangeID, clock: Timestamp, value: Value) {
      self.id = id
      self.clock = clock
      self.value = value
    }
  }

  public init(number: FieldNumber, shape: Shape, alive: [AliveValue] = []) {
    self.number = number
    self.shape = shape
    self.alive = alive
  }

  /// What a reader sees of a register.
  public var shown: Value? { alive.last?.value }

  /// The different values, in the order of the log; equal ones count once.
  public var distinctValues: [Value] {
    guard alive.count > 1 else { return alive.map(\.value) }
    var found: Set<Value> = []
    return alive.map(\.value).filter { found.insert($0).inserted }
  }

  /// Siblings: several different values of a register. They wait for a decision.
  public var isConflict: Bool { shape == .register && alive.count > 1 && distinctValues.count > 1 }

  mutating func put(_ value: Value, replacing: [ChangeID], id: ChangeID, clock: Timestamp) {
    remove(replacing)
    let new = AliveValue(id: id, clock: clock, value: value)
    let place = alive.firstIndex { ($0.clock, $0.id) > (clock, id) } ?? alive.endIndex
    alive.insert(new, at: place)
  }

  mutating func remove(_ changes: [ChangeID]) {
    guard !changes.isEmpty, !alive.isEmpty else { return }
    alive.removeAll { changes.contains($0.id) }
  }
}
