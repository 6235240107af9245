internal import ChangeLog
internal import DossierModel

extension RecordGraph {
  /// The title a person had then: of the posts that may have covered the day, the last one.
  func title(of party: Record, at date: FuzzyDate?) -> String? {
    let roles = sources(of: party.id, .role, in: .roleParty).filter { $0.text(.title) != nil }
    let then = roles.filter { role in
      let start = role.date(.roleStart)?.earliest ?? role.date(.asOf)?.earliest
      let end = role.date(.roleEnd)?.latest ?? role.date(.asOf)?.latest
      if let start, let last = date?.latest, start > last { return false }
      if let end, let first = date?.earliest, end < first { return false }
      return true
    }
    return (then.last ?? (roles.count == 1 ? roles.first : nil))?.text(.title)
  }
}
