import ArgumentParser
import DossierModel
import DossierStore

struct Timeline: StoreCommand {
  static let configuration = CommandConfiguration(
    abstract: "Dialogues, acts, documents and due dates in order of time.",
    discussion: "Of one partnership all of it; of everything a quarter back and a quarter ahead.")

  static let isPaged = true

  @OptionGroup var options: GlobalOptions
  @Argument(help: ArgumentHelp("A partnership or a party.", valueName: "REF")) var reference:
    String?
  @Option(help: ArgumentHelp("From here on.", valueName: "DATE")) var since: String?
  @Option(help: ArgumentHelp("Up to here.", valueName: "DATE")) var until: String?

  /// Of everything only so many days back and ahead are shown.
  private static let window = 91

  func run(_ context: Context) throws {
    var terms: [Filter.Term] = []
    if let reference { terms.append(.init(.inside(reference))) }
    if let first = try since.map({ try context.date($0) })
      ?? (reference == nil && until == nil
        ? FuzzyDate(day: context.today.adding(days: -Self.window)) : nil)
    {
      terms.append(.init(.since(first)))
    }
    if let last = try until.map({ try context.date($0) })
      ?? (reference == nil && since == nil
        ? FuzzyDate(day: context.today.adding(days: Self.window)) : nil)
    {
      terms.append(.init(.until(last)))
    }
    let kinds: [Kind] = [.dialogue, .act, .document, .action]
    let records = try context.store.transaction {
      try kinds.flatMap { kind in
        try context.store.records(
          ListQuery(kind, filter: Filter(terms: terms), includesClosed: true))
      }
    }.filter { $0.mainDate?.earliest != nil || $0.mainDate?.latest != nil }
      .sorted(by: RecordGraph.isOrderedBefore)
    if context.wantsJSON {
      return try context.answer(
        objects: records.map { record in
          .object([
            .init("date", .string(record.mainDate?.display ?? "")),
            .init("type", .string(record.kind.name)),
            .init("id", .string(try context.fullID(record.id))),
            .init("title", .string(try title(record, context))),
          ])
        }, of: ["date", "type", "id", "title"])
    }
    try context.refuseFields()
    var table = Table(header: ["date", "what", "id", "title"])
    var isPast = true
    for record in records {
      if isPast, let day = record.mainDate?.latest, day >= context.today {
        isPast = false
        if context.terminal.isOutputTerminal, !table.rows.isEmpty {
          table.rows.append(["\(context.today)", "— today —", "", ""])
        }
      }
      table.rows.append([
        record.mainDate?.display ?? "", what(record),
        try context.store.short(record.id, record.kind), try title(record, context),
      ])
    }
    context.show(table)
    if table.rows.isEmpty { reportNothing(context) }
  }

  private func reportNothing(_ context: Context) {
    guard reference == nil, since == nil, until == nil else {
      return context.report("nothing has a date here")
    }
    let (first, last) = (
      context.today.adding(days: -Self.window), context.today.adding(days: Self.window)
    )
    context.report("nothing has a date between \(first) and \(last)")
    context.report("  what was before: dossier timeline --until today")
  }

  private func what(_ record: Record) -> String {
    switch record.kind {
    case .action: record.isOpen ? "due" : record.openState ?? "done"
    case .dialogue: record.text(.state) ?? "dialogue"
    case .act: "act"
    default: record.text(.kind) ?? record.kind.name
    }
  }

  private func title(_ record: Record, _ context: Context) throws -> String {
    guard record.kind == .act else { return record.title }
    let party = try record.reference(.actParty).map { try context.name($0) } ?? "unknown party"
    let place = try record.reference(.actIn).map { try context.name($0) } ?? ""
    return [party, record.text(.actWhat) ?? "", place].filter { !$0.isEmpty }.joined(separator: " ")
  }
}
