import ArgumentParser
import DossierModel
import DossierStore

/// `acts --as-of DATE`: who had signed, endorsed, ratified, withdrawn by a day.
struct StandingList {
  private let date: String
  private let filter: Filter
  private let order: ListQuery.Sort
  private let limit: Int?

  init(_ date: String, _ filter: Filter, _ order: ListQuery.Sort, _ limit: Int?) {
    self.date = date
    self.filter = filter
    self.order = order
    self.limit = limit
  }

  func run(_ context: Context) throws {
    let read = try context.date(date)
    guard let day = read.latest else {
      throw Failure(
        "open-date", exit: 64, "\"\(date)\" has no last day", details: ["give one: --as-of 2025"],
        input: date)
    }
    let standing = try context.store.transaction {
      StandingActs(try context.store.records(ListQuery(.act, filter: others)), asOf: day)
    }
    let shown = standing.acts.filter(isWanted)
    let sorted = order == .date ? shown : try sorted(shown, context)
    try context.list(
      Array(sorted.prefix(limit ?? .max)), .act, defaults: Acts.columns)
    guard !context.wantsJSON else { return }
    context.report(try summary(shown.count, standing, day, context))
  }

  /// What was done decides last: a party that withdrew has not endorsed any more.
  private var others: Filter { Filter(terms: filter.terms.filter { !Self.isOfKind($0) }) }

  private func isWanted(_ act: Record) -> Bool {
    filter.terms.filter(Self.isOfKind).allSatisfy { term in
      guard case .kind(let word) = term.test else { return true }
      return (act.text(.actWhat)?.lowercased() == word.lowercased()) != term.isNegated
    }
  }

  private static func isOfKind(_ term: Filter.Term) -> Bool {
    if case .kind = term.test { true } else { false }
  }

  private func sorted(_ acts: [Record], _ context: Context) throws -> [Record] {
    let ids = try context.store.ids(ListQuery(.act, filter: others, sort: order))
    let byID = Dictionary(uniqueKeysWithValues: acts.map { ($0.id, $0) })
    return ids.compactMap { byID[$0] }
  }

  /// Counted from the acts; what sources claim stands beside it.
  private func summary(
    _ count: Int, _ standing: StandingActs, _ day: Day, _ context: Context
  ) throws -> String {
    var parts = ["\(count) as of \(day)"]
    let uncertain = standing.uncertain.filter(isWanted).count
    if uncertain > 0 { parts.append("\(uncertain) more perhaps: the date is not exact") }
    let undated = standing.undated.filter(isWanted).count
    if undated > 0 { parts.append("\(undated) without a date") }
    for term in filter.terms {
      guard case .inside(let place) = term.test, !term.isNegated,
        let record = try context.store.record(context.store.find(place).id),
        record.kind == .partnership, let claimed = record.number(.claimedMembers)
      else { continue }
      parts.append("a source claims \(claimed) members")
    }
    return parts.joined(separator: "; ")
  }
}
