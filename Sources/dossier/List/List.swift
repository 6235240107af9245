import ArgumentParser
import DossierModel
import DossierStore

/// What one plural word lists.
protocol Listing {
  static var word: String { get }
  static var kind: Kind { get }
  static var columns: [String] { get }
  static var preset: [Filter.Test] { get }
  /// Narrows further by what a query cannot see.
  static func includes(_ record: Record, _ context: Context) throws -> Bool
}

extension Listing {
  static var word: String { kind.plural }
  static var preset: [Filter.Test] { [] }
  static func includes(_ record: Record, _ context: Context) -> Bool { true }
}

extension Failure {
  static func check(limit: Int, least: Int = 0) throws {
    guard limit < least else { return }
    throw Failure(
      "bad-limit", exit: 64, "a limit is \(least) or more, not \"\(limit)\"", input: "\(limit)")
  }
}

/// A plural word: lists its records.
struct List<Words: Listing>: StoreCommand {
  static var configuration: CommandConfiguration {
    CommandConfiguration(
      commandName: Words.word, abstract: "List \(Words.word).",
      discussion: """
        FILTER: by:WHO with:WHO in:REF +topic kind:WORD state:WORD on:DATE before:DATE after:DATE since:DATE \
        until:DATE due.by:DATE due:none not:FILTER "free words"
        """)
  }

  static var isPaged: Bool { true }

  @OptionGroup var options: GlobalOptions
  @Argument(help: ArgumentHelp("What to narrow the list to.", valueName: "FILTER"))
  var filters: [String] = []
  @Flag(help: "Closed ones too.") var all = false
  @Option(help: ArgumentHelp("date, title or id.", valueName: "ORDER")) var sort: String?
  @Option(help: ArgumentHelp("At most so many.", valueName: "N")) var limit: Int?
  @Option(name: .shortAndLong, help: ArgumentHelp("Same as in:REF.", valueName: "REF"))
  var partnership: String?
  @Option(name: .shortAndLong, help: ArgumentHelp("Same as in:REF.", valueName: "REF"))
  var dialogue: String?

  @Option(
    help: ArgumentHelp(
      "How parties stood at the end of that day: the last act of each, certain by then.",
      valueName: "DATE", visibility: Words.kind == .act ? .default : .hidden)) var asOf: String?

  func run(_ context: Context) throws {
    var filter = try Filter(filters, dates: context.dates)
    filter.terms += Words.preset.map { Filter.Term($0) }
    for place in [partnership, dialogue].compactMap({ $0 }) {
      filter.terms.append(.init(.inside(place)))
    }
    var order = ListQuery.Sort.date
    if let sort {
      guard let known = ListQuery.Sort(rawValue: sort) else {
        throw Failure(
          "bad-sort", exit: 64, "cannot sort by \"\(sort)\"", details: ["sorts: date, title, id"],
          input: sort)
      }
      order = known
    }
    if let limit { try Failure.check(limit: limit) }
    if asOf != nil, Words.kind != .act {
      throw Failure(
        "unknown-option", exit: 64, "--as-of is for acts; \(Words.word) have before: and since:",
        fix: "dossier \(Words.word) before:2025", input: asOf)
    }
    if let asOf { return try StandingList(asOf, filter, order, limit).run(context) }
    let query = ListQuery(
      Words.kind, filter: filter, sort: order, limit: limit, includesClosed: all)
    let records = try context.store.transaction {
      try context.store.records(query).filter { try Words.includes($0, context) }
    }
    try context.list(records, Words.kind, defaults: Words.columns)
    if records.isEmpty, !context.wantsJSON { context.report("no \(Words.word)") }
  }
}
