import ArgumentParser
import DossierModel
import DossierStore

struct Find: StoreCommand {
  static let configuration = CommandConfiguration(
    abstract: "Full text of everything; ignores case, accents and hyphens.")

  static let isPaged = true

  @OptionGroup var options: GlobalOptions
  @Argument(help: ArgumentHelp("All of these words, or their beginnings.", valueName: "TEXT"))
  var words: [String]
  @Option(help: ArgumentHelp("At most so many.", valueName: "N")) var limit = 50
  @Option(help: ArgumentHelp("Only records of this kind.", valueName: "KIND")) var kind: String?

  func run(_ context: Context) throws {
    try Failure.check(limit: limit)
    let kinds = try kind.map { [try Kind(argument: $0)] } ?? []
    let hits = try context.store.search(
      words.joined(separator: " "), kinds: kinds, limit: limit)
    if context.wantsJSON {
      let objects = try hits.map { hit in
        JSON.object([
          .init("type", .string(hit.found.kind.name)),
          .init("id", .string(try context.fullID(hit.found.id))),
          .init("title", .string(hit.found.title)), .init("excerpt", .string(hit.excerpt)),
        ])
      }
      return try context.answer(objects: objects, of: ["type", "id", "title", "excerpt"])
    }
    try context.refuseFields()
    var table = Table(header: ["id", "title", "excerpt"])
    for hit in hits { table.rows.append([hit.found.short, hit.found.title, hit.excerpt]) }
    context.show(table)
    if hits.isEmpty { context.report("nothing says \"\(words.joined(separator: " "))\"") }
  }
}

extension Kind {
  /// - Throws: ``Failure`` that names the kinds there are.
  init(argument: String) throws {
    guard let kind = Kind(word: argument.lowercased()) else {
      throw Failure(
        "unknown-kind", exit: 64, "there is no kind of record called \"\(argument)\"",
        details: ["kinds: " + Kind.allCases.map(\.name).joined(separator: ", ")], input: argument)
    }
    self = kind
  }
}
