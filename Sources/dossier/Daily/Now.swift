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
    let matters = try Matters(context)
    if context.wantsJSON {
      return try context.answer(object: matters.json(context), of: Matters.names)
    }
    try context.refuseFields()
    if let current = try context.current() { say("open: \(try context.describe(current))") }
    try section("next dialogues", matters.dialogues, context)
    try section("overdue", matters.overdue, context)
    try section("due in two weeks", matters.due, context)
    let unsent = try context.store.replica.unsentCount()
    if try context.store.setting("remote.address") != nil, unsent > 0 {
      say("waiting to sync: \(unsent)")
    }
    let review = try context.store.replica.review().count
    if review > 0 { say("to review: \(review) (dossier review)") }
    let counts = try context.store.counts()
    let kinds: [Kind] = [.partnership, .dialogue, .note, .action]
    say(
      kinds.map { "\(counts[$0] ?? 0) \((counts[$0] ?? 0) == 1 ? $0.name : $0.plural)" }.joined(
        separator: ", "))
  }

  /// The first five of a list, and how many more there are.
  private func section(_ title: String, _ ids: [EntityID], _ context: Context) throws {
    guard !ids.isEmpty else { return }
    say("\(title):")
    for record in try ids.prefix(5).compactMap({ try context.store.record($0) }) {
      let short = try context.store.short(record.id, record.kind)
      let owners = try context.cell(record, "owners")
      let parts = [short, record.mainDate?.display ?? "", owners, record.title]
      say("  " + parts.filter { !$0.isEmpty }.joined(separator: "  "))
    }
    if ids.count > 5 { say("  … and \(ids.count - 5) more") }
  }
}

/// What comes next and what is late.
private struct Matters {
  let dialogues: [EntityID]
  let overdue: [EntityID]
  /// In two weeks.
  let due: [EntityID]

  static let names = ["open", "dialogues", "overdue", "due", "unsent", "review"]

  init(_ context: Context) throws {
    let today = FuzzyDate(day: context.today)
    let fortnight = FuzzyDate(day: context.today.adding(days: 14))
    dialogues = try context.store.ids(
      ListQuery(.dialogue, filter: Filter(terms: [.init(.since(today))]), limit: 3))
    overdue = try context.store.overdueIDs(asOf: context.today)
    due = try context.store.ids(
      ListQuery(
        .action, filter: Filter(terms: [.init(.since(today)), .init(.until(fortnight))])))
  }

  func json(_ context: Context) throws -> JSON {
    func list(_ ids: [EntityID]) throws -> JSON {
      let records = try ids.compactMap { try context.store.record($0) }
      return .array(try records.map { try RecordJSON.encode($0) { try context.fullID($0) } })
    }
    let current = try context.current()
    return .object([
      .init("open", try current.map { .string(try context.fullID($0)) } ?? .null),
      .init("dialogues", try list(dialogues)), .init("overdue", try list(overdue)),
      .init("due", try list(due)),
      .init("unsent", .int(Int64(try context.store.replica.unsentCount()))),
      .init("review", .int(Int64(try context.store.replica.review().count))),
    ])
  }
}
