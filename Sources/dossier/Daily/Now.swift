import ArgumentParser
import ChangeLog
import DossierModel
import DossierStore
import ReplicaStore

/// `dossier` alone: what matters now.
struct Now: StoreCommand {
  static let configuration = CommandConfiguration(
    commandName: "now", abstract: "What matters now.", shouldDisplay: false)

  @OptionGroup var options: GlobalOptions

  func run() throws {
    do { try run(Context(options)) } catch StoreError.notSetUp {
      say("there is no store yet; the first note makes one")
      say("  dossier note call with the ministry about the draft")
      say("  dossier join CODE      enter a team's workspace")
      say("  dossier --help")
    }
  }

  func run(_ context: Context) throws {
    let store = context.store
    if let current = try context.current() { say("open: \(try context.describe(current))") }
    let soon = ListQuery(
      .dialogue,
      filter: Filter(terms: [.init(.since(FuzzyDate(day: context.today)))]),
      limit: 3)
    try section("next dialogues", store.records(soon), context)
    let overdue = try store.overdue(asOf: context.today)
    try section("overdue", Array(overdue.prefix(5)), context, of: overdue.count)
    let due = try store.records(
      ListQuery(
        .action,
        filter: Filter(terms: [
          .init(.since(FuzzyDate(day: context.today))),
          .init(.until(FuzzyDate(day: context.today.adding(days: 14)))),
        ])))
    try section("due in two weeks", Array(due.prefix(5)), context, of: due.count)
    let unsent = try store.replica.unsentCount()
    if try store.setting("remote.address") != nil, unsent > 0 { say("waiting to sync: \(unsent)") }
    let review = try store.replica.review().count
    if review > 0 { say("to review: \(review) (dossier review)") }
    let counts = try store.counts()
    let kinds: [Kind] = [.partnership, .dialogue, .note, .action]
    say(
      kinds.map { "\(counts[$0] ?? 0) \((counts[$0] ?? 0) == 1 ? $0.name : $0.plural)" }.joined(
        separator: ", "))
  }

  private func section(
    _ title: String, _ records: [Record], _ context: Context, of total: Int? = nil
  ) throws {
    guard !records.isEmpty else { return }
    say("\(title):")
    for record in records {
      let short = try context.store.short(record.id, record.kind)
      let owners = try context.cell(record, "owners")
      let parts = [short, record.mainDate?.display ?? "", owners, record.title]
      say("  " + parts.filter { !$0.isEmpty }.joined(separator: "  "))
    }
    if let total, total > records.count { say("  … and \(total - records.count) more") }
  }
}
