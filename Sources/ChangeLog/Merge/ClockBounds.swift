/// The latest that certain changesets' clocks count as. A clock decides which of several siblings is shown until somebody has
/// decided; one that is years ahead must not decide that for years (3.7 of the protocol).
public struct ClockBounds: Hashable, Sendable {
  private var latest: [Place: Timestamp] = [:]

  /// A changeset by its place among those of its writer.
  public struct Place: Hashable, Comparable, Sendable {
    public let writer: WriterID
    public let sequence: UInt64

    public init(writer: WriterID, sequence: UInt64) {
      self.writer = writer
      self.sequence = sequence
    }

    public static func < (a: Place, b: Place) -> Bool {
      (a.writer, a.sequence) < (b.writer, b.sequence)
    }
  }

  public init() {}

  public var isEmpty: Bool { latest.isEmpty }

  /// Ascending by place.
  public var all: [(place: Place, latest: Timestamp)] {
    latest.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
  }

  /// Of two bounds of one changeset the earlier one holds.
  public mutating func add(_ place: Place, _ bound: Timestamp) {
    latest[place] = min(latest[place] ?? bound, bound)
  }

  /// What a change's clock counts as.
  public func clock(of change: ChangeID, saying clock: Timestamp) -> Timestamp {
    let place = Place(writer: change.writer, sequence: change.sequence)
    return latest[place].map { min($0, clock) } ?? clock
  }
}

extension EntityState {
  /// The same values, those of each field in the order in which a reader sees them: the last one is shown. Not to be stored, nor
  /// to be applied to.
  public func displayed(with bounds: ClockBounds) -> EntityState {
    guard !bounds.isEmpty, hasSeveralValues else { return self }
    return EntityState(
      kind: kind, fields: fields.map { $0.displayed(with: bounds) }, tombstones: tombstones,
      documents: documents)
  }

  /// Whether a field has values of which only one is shown.
  public var hasSeveralValues: Bool {
    fields.contains { $0.shape != .set && $0.alive.count > 1 }
  }
}

extension FieldState {
  fileprivate func displayed(with bounds: ClockBounds) -> FieldState {
    let ordered = alive.map { (clock: $0.clock(with: bounds), value: $0) }
      .sorted { ($0.clock, $0.value.id) < ($1.clock, $1.value.id) }
    return FieldState(number: number, shape: shape, alive: ordered.map(\.value))
  }
}

extension FieldState.AliveValue {
  /// What the clocks of those who made it what it is count as; a text is as late as its latest head.
  fileprivate func clock(with bounds: ClockBounds) -> Timestamp {
    let heads = edits?.heads.map { bounds.clock(of: $0.id, saying: $0.clock) }
    return heads?.max() ?? bounds.clock(of: id, saying: clock)
  }

  /// The changesets whose clocks count as later than a time.
  public func places(
    laterThan time: Timestamp, with bounds: ClockBounds
  ) -> [ClockBounds.Place] {
    (edits?.heads ?? [FieldState.Head(id: id, clock: clock)])
      .filter { bounds.clock(of: $0.id, saying: $0.clock) > time }
      .map { ClockBounds.Place(writer: $0.id.writer, sequence: $0.id.sequence) }
  }
}
