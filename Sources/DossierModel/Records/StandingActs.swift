internal import ChangeLog

/// The acts that say how parties stand: of each party its last act on each thing.
public struct StandingActs {
  /// In the order of the acts they were made from.
  public let acts: [Record]
  /// Acts that may or may not have been by that day: their date is not exact.
  public let uncertain: [Record]
  /// Acts of which no date is known.
  public let undated: [Record]

  /// - Parameters:
  ///   - acts: ascending by date, those without one last.
  ///   - day: what is certain to have been done by the end of that day counts; everything when nil, and an act
  ///     without a date is then the last.
  public init(_ acts: [Record], asOf day: Day? = nil) {
    var known = acts
    var uncertain: [Record] = []
    var undated: [Record] = []
    if let day {
      undated = acts.filter { $0.mainDate?.earliest == nil && $0.mainDate?.latest == nil }
      known = acts.filter { $0.mainDate?.latest.map { $0 <= day } ?? false }
      uncertain = acts.filter { act in
        guard let date = act.mainDate, date.earliest != nil || date.latest != nil else {
          return false
        }
        return (date.earliest.map { $0 <= day } ?? true) && (date.latest.map { $0 > day } ?? true)
      }
    }
    var last: [Place: EntityID] = [:]
    for act in known {
      guard let party = act.reference(.actParty) else { continue }
      last[Place(party: party, place: act.reference(.actIn))] = act.id
    }
    let standing = Set(last.values)
    self.acts = known.filter { standing.contains($0.id) }
    self.uncertain = uncertain
    self.undated = undated
  }

  private struct Place: Hashable {
    let party: EntityID
    let place: EntityID?
  }
}
