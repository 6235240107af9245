import ArgumentParser
import ChangeLog
import DossierModel
import DossierPages
import DossierStore
import SQLite

struct Brief: StoreCommand {
  static let configuration = CommandConfiguration(
    abstract: "The paper for the next dialogue, from what was noted since the last.",
    discussion: """
      Who sits across the table and in which post, what they promised and what we owe, where they stood last, what was \
      decided, lines to take, what came since.
      """)

  static let isPaged = true

  @OptionGroup var options: GlobalOptions
  @Argument(
    help: ArgumentHelp(
      "A dialogue, or a partnership for its next one; the next of all when absent.",
      valueName: "REF"))
  var reference: String?
  @Option(
    help: ArgumentHelp("News from here on; since the last dialogue when absent.", valueName: "DATE")
  )
  var since: String?
  @Option(
    name: .shortAndLong,
    help: ArgumentHelp("A file to write; standard output when absent.", valueName: "FILE"))
  var output: String?

  func run(_ context: Context) throws {
    let since = try since.map { try context.date($0) }
    let text = try context.store.transaction {
      let id = try dialogue(context)
      let graph = try context.store.graph()
      guard let record = graph[id] else {
        throw Failure("deleted", exit: 66, "that dialogue is deleted")
      }
      return BriefPage(record, graph, today: context.today, since: since).text
    }
    guard let output, output != "-" else { return sayRaw(text) }
    guard !Files.exists(output) else {
      throw Failure(
        "exists", exit: 73, "\(output) exists", details: ["nothing was written"], input: output)
    }
    try Files.writePrivately(Array(text.utf8), to: output, mode: 0o644)
    context.report("wrote \(output)")
  }

  private func dialogue(_ context: Context) throws -> EntityID {
    var terms = [Filter.Term(.since(FuzzyDate(day: context.today)))]
    if let reference {
      let found = try context.store.find(reference, [.dialogue, .partnership])
      if found.kind == .dialogue { return found.id }
      terms.append(.init(.inside(reference)))
    } else if let current = try context.current() {
      if try context.store.found(current)?.kind == .dialogue { return current }
      terms.append(.init(.inside(ShortID.full(current, .partnership))))
    }
    let next = try context.store.ids(ListQuery(.dialogue, filter: Filter(terms: terms), limit: 1))
    guard let first = next.first else {
      throw Failure(
        "no-dialogue", exit: 66, "no dialogue is planned\(reference.map { " in \"\($0)\"" } ?? "")",
        details: ["the next one must be there to be prepared"],
        fix:
          "dossier new dialogue NAME --in \(reference.map(Shell.word) ?? "PARTNERSHIP") --on DATE")
    }
    return first
  }
}
