public import ChangeLog
internal import SQLite

/// What becomes of clocks that are ahead: nothing is refused, but they do not decide for long what is shown.
extension Replica {
  /// A state as a reader sees it: of siblings the one is shown whose clock is latest, as far as that counts.
  public func displayed(_ state: EntityState) throws -> EntityState {
    guard state.hasSeveralValues else { return state }
    return state.displayed(with: try clockBounds())
  }

  func clockBounds() throws -> ClockBounds {
    if connection.isInTransaction, let known = knownBounds,
      known.transaction == connection.transactionNumber
    {
      return known.bounds
    }
    var bounds = ClockBounds()
    try connection.forEach("SELECT writer, sequence, latest FROM clock_bound", []) { row in
      bounds.add(
        ClockBounds.Place(
          writer: WriterID(bytes: row.blob(0)), sequence: UInt64(row.int(1))),
        Timestamp(rawValue: UInt64(bitPattern: Int64(row.int(2)))))
    }
    knownBounds = (connection.transactionNumber, bounds)
    return bounds
  }

  /// Keeps what the membership log says of clocks, and shows what it makes of siblings.
  func takeClockBounds(of membership: Membership) throws {
    try connection.run("UPDATE replica SET bounded = ?", .int(membership.head.count))
    guard try membership.clockBounds != clockBounds() else { return }
    knownBounds = nil
    try connection.execute("DELETE FROM clock_bound")
    for (place, latest) in membership.clockBounds.all {
      try connection.run(
        "INSERT INTO clock_bound VALUES (?, ?, ?)", .blob(place.writer.bytes),
        .int(Int64(place.sequence)), .int(Int64(bitPattern: latest.rawValue)))
    }
    var states: [EntityID: EntityState] = [:]
    try forEachState { id, state in
      if state.hasSeveralValues { states[id] = state }
    }
    try projection.update(
      states.mapValues { $0.displayed(with: membership.clockBounds) }, in: connection)
  }

  /// An older version kept statements of which it knew nothing.
  func takeClockBoundsAfterUpgrade() throws {
    let isBehind = try connection.first(
      "SELECT bounded < (SELECT coalesce(max(number), 0) FROM membership) FROM replica",
      row: { $0.bool(0) })
    guard isBehind == true else { return }
    try connection.transaction { try takeClockBounds(of: membership()) }
  }

  /// How long nothing more is said after a bound, in milliseconds: whoever writes much from the future must not fill the
  /// membership log.
  private static let pause: UInt64 = 3_600_000

  /// Says of siblings whose clocks are ahead that they are here now, when this device may.
  ///
  /// - Parameter remoteTime: in milliseconds since 1970; a clock that is not with the remote's says nothing of others.
  /// - Returns: whether anything was said.
  func sayClockBounds(remoteTime: UInt64?) throws -> Bool {
    let now = Timestamp(milliseconds: surroundings.now()).milliseconds
    let soon = Timestamp(milliseconds: now + HybridClock.tolerance)
    guard let remoteTime, key != nil, try !review().isEmpty,
      max(now, remoteTime) - min(now, remoteTime) <= HybridClock.tolerance,
      // Both may be wrong, on one machine; this one has stamped later than that before.
      try identity().clock.last <= soon
    else { return false }
    let unsent = try unsentStatements { if case .clockBound = $0 { true } else { false } }
    // What was in vain is said anew by the next session, so that this one comes to an end.
    guard unsent.waiting + unsent.dropped == 0 else { return false }
    let isPausing = try clockBounds().all.contains {
      $0.latest <= soon && $0.latest.milliseconds + Self.pause > now
    }
    guard try !isPausing && membership().role(of: publicKey) == .owner else { return false }
    let places = try placesAhead(of: soon)
    guard !places.isEmpty else { return false }
    let some = Set(places.sorted().prefix(ClockBound.maximumCount))
    try say(.clockBound(ClockBound(some, latest: Timestamp(milliseconds: now))))
    return true
  }

  /// The changesets whose clocks make siblings later than a time.
  private func placesAhead(of time: Timestamp) throws -> Set<ClockBounds.Place> {
    let bounds = try clockBounds()
    var places: Set<ClockBounds.Place> = []
    for (entity, number) in try review() {
      guard let number, let state = try state(of: entity) else { continue }
      for field in state.conflicts where field.number == number && field.alive.count > 1 {
        for value in field.alive { places.formUnion(value.places(laterThan: time, with: bounds)) }
      }
    }
    return places
  }
}
