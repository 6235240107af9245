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
    /// One text that merges; several at once are siblings.
    case text = 2
  }

  public struct AliveValue: Hashable, Sendable {
    /// The change that wrote it; of an edited text the change that wrote it first.
    public let id: ChangeID
    /// When it was written, or edited last.
    public let clock: Timestamp
    public let value: Value
    /// nil for a value nobody has edited.
    public let edits: Edits?

    public init(id: ChangeID, clock: Timestamp, value: Value, edits: Edits? = nil) {
      self.id = id
      self.clock = clock
      self.value = value
      self.edits = edits
    }

    /// The change that made it what it is: its writing, or the last edit.
    public var lastChange: ChangeID {
      edits?.heads.max { ($0.clock, $0.id) < ($1.clock, $1.id) }?.id ?? id
    }

    /// What a later write or deletion names to say that its author saw this value.
    public var changes: [ChangeID] { edits?.heads.map(\.id) ?? [id] }
  }

  /// What became of a text since it was written.
  public struct Edits: Hashable, Sendable {
    /// Of each writer the last change of the text, its writing included, that nobody has replaced; ascending.
    public let heads: [Head]
    /// Two edited one place without knowing of each other, and nobody has decided yet.
    public let isClashing: Bool

    public init(heads: [Head], isClashing: Bool) {
      self.heads = heads
      self.isClashing = isClashing
    }
  }

  public struct Head: Hashable, Sendable {
    public let id: ChangeID
    public let clock: Timestamp

    public init(id: ChangeID, clock: Timestamp) {
      self.id = id
      self.clock = clock
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

  /// Siblings: several different values of a register or a text, or a text with a clash inside. They wait for
  /// a decision.
  public var isConflict: Bool {
    guard shape != .set else { return false }
    return (alive.count > 1 && distinctValues.count > 1)
      || alive.contains { $0.edits?.isClashing == true }
  }

  mutating func put(_ value: Value, replacing: [ChangeID], id: ChangeID, clock: Timestamp) {
    remove(replacing)
    insert(AliveValue(id: id, clock: clock, value: value))
  }

  /// - Returns: the values that are gone. An edited text stays as long as one of its heads is not named.
  @discardableResult
  mutating func remove(_ changes: [ChangeID]) -> [AliveValue] {
    guard !changes.isEmpty, !alive.isEmpty else { return [] }
    let changes = Set(changes)
    var gone: [AliveValue] = []
    for value in alive where value.changes.contains(where: changes.contains) {
      alive.removeAll { $0.id == value.id }
      let heads = value.edits?.heads.filter { !changes.contains($0.id) } ?? []
      if heads.isEmpty {
        gone.append(value)
      } else {
        insert(value, with: heads, value.value, isClashing: value.edits?.isClashing == true)
      }
    }
    return gone
  }

  /// A text was edited: alive now, whatever it was before.
  mutating func edited(
    _ text: TextDocument, by change: ChangeID, clock: Timestamp
  ) {
    let former = alive.first { $0.id == text.id }
    alive.removeAll { $0.id == text.id }
    var heads = former.map { $0.edits?.heads ?? [Head(id: $0.id, clock: $0.clock)] } ?? []
    heads.removeAll { $0.id.writer == change.writer }
    heads.append(Head(id: change, clock: clock))
    let value = AliveValue(id: text.id, clock: clock, value: .null)
    insert(value, with: heads, .text(text.text), isClashing: !text.clashes.isEmpty)
  }

  private mutating func insert(
    _ former: AliveValue, with heads: [Head], _ value: Value, isClashing: Bool
  ) {
    let heads = heads.sorted { $0.id < $1.id }
    insert(
      AliveValue(
        id: former.id, clock: heads.map(\.clock).max() ?? former.clock, value: value,
        edits: Edits(heads: heads, isClashing: isClashing)))
  }

  private mutating func insert(_ value: AliveValue) {
    let place =
      alive.firstIndex { ($0.clock, $0.id) > (value.clock, value.id) } ?? alive.endIndex
    alive.insert(value, at: place)
  }
}
