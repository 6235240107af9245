import ArgumentParser
import ChangeLog
import DossierModel
import DossierStore
import ReplicaStore

struct Review: StoreCommand {
  static let configuration = CommandConfiguration(
    abstract: "What waits for a decision, and the decision.",
    discussion: """
      Two people changed one field, or one place of a text, without knowing of each other; one changed what the other \
      deleted; two records look as if they were one. All of it is kept until somebody decides. On a terminal, one \
      after the other with one key each; in a script, or with --list, the list, and:
        review keep REF [FIELD]          the value shown stays (or the record, against its deletion)
        review take REF [FIELD] MARK     the value with that mark in the list
        review edit REF [FIELD]          a value of your own: --text WORDS, or in $EDITOR
        review delete REF                the deletion stands
        review merge REF INTO            they are one: INTO stays
        review apart REF REF             they are not the same; nobody is asked again
      """)

  @OptionGroup var options: GlobalOptions
  @Argument(help: "keep, take, edit, delete, merge or apart, then the record, the field, the mark.")
  var words: [String] = []
  @Option(help: "The text that settles it.") var text: String?
  @Flag(help: "End with 1 when anything waits.") var check = false
  @Flag(help: "Only list, on a terminal too.") var list = false

  func run(_ context: Context) throws {
    if let verb = words.first { return try settle(verb, Array(words.dropFirst()), context) }
    let terminal = context.terminal
    if terminal.isOutputTerminal, terminal.isInputTerminal, !list, !check, !options.noInput,
      !context.wantsJSON
    {
      return try ReviewByKey(context).run()
    }
    try context.store.transaction { try list(context) }
  }

  private func list(_ context: Context) throws {
    let items = try context.reviewItems()
    let authors = try context.store.authors()
    if context.wantsJSON {
      try context.answer(
        objects: items.map { try context.json(of: $0, authors: authors) },
        of: ["id", "title", "field", "values", "deleted", "looks_like"])
    } else {
      for item in items {
        say(try context.lines(of: item, authors: authors).joined(separator: "\n"))
        if let ways = Self.ways(item) { say("   " + ways) }
      }
      if items.isEmpty { context.report("nothing waits for a decision") }
    }
    if check, !items.isEmpty { throw ExitCode(1) }
  }

  /// What can be typed where the marks do not say it.
  private static func ways(_ item: ReviewItem) -> String? {
    switch item {
    case .values: nil
    case .deletion(let found):
      "dossier review keep \(found.short)   or   dossier review delete \(found.short)"
    case .lookAlikes(let one, let other):
      "dossier review merge \(other.short) \(one.short)   or   dossier review apart \(one.short) \(other.short)"
    }
  }

  private func settle(_ verb: String, _ words: [String], _ context: Context) throws {
    switch verb {
    case "merge", "apart":
      guard words.count == 2 else {
        throw Failure(
          "no-record", exit: 64, "which two records?", fix: "dossier review \(verb) REF REF")
      }
      try context.store.transaction {
        let (one, other) = (try context.store.find(words[0]), try context.store.find(words[1]))
        if verb == "merge" {
          try context.merge(one, into: other)
        } else {
          try apart(one, other, context)
        }
      }
    case "keep", "take", "edit", "delete": try decide(verb, words, context)
    default:
      throw Failure(
        "bad-verb", exit: 64, "review cannot \"\(verb)\"",
        details: ["verbs: keep, take, edit, delete, merge, apart"], input: verb)
    }
  }

  private func apart(_ one: Found, _ other: Found, _ context: Context) throws {
    guard one.id != other.id, one.kind == other.kind, [.party, .dialogue].contains(one.kind) else {
      throw Failure(
        "not-alike", exit: 64, "two parties, or two dialogues, can be told apart; these are not",
        details: ["nothing was changed"])
    }
    try context.keepApart(one, other)
  }

  private func decide(_ verb: String, _ words: [String], _ context: Context) throws {
    guard let reference = words.first else {
      throw Failure("no-record", exit: 64, "which record?", fix: "dossier review")
    }
    let found = try context.store.find(reference)
    let items = try context.reviewItems().filter { item in
      if case .lookAlikes = item { return false }
      return item.found.id == found.id
    }
    guard !items.isEmpty else {
      throw Failure("nothing-waits", exit: 66, "nothing of \(found.short) waits for a decision")
    }
    let isDeletion = items.contains { if case .deletion = $0 { true } else { false } }
    if isDeletion, verb == "delete" || (verb == "keep" && words.count == 1) {
      return try context.decide(deletionOf: found, stands: verb == "delete")
    }
    var rest = Array(words.dropFirst())
    let (field, choices) = try values(found, items, &rest)
    switch verb {
    case "take":
      let marked = choices.filter { $0.mark == rest.first?.lowercased() }
      guard marked.count == 1 else {
        throw Failure(
          "bad-mark", exit: 64,
          rest.first.map { "no value of \(field.name) has the mark \"\($0)\"" }
            ?? "say which value",
          details: ["marks: " + choices.map(\.mark).joined(separator: ", ")],
          fix: "dossier review", input: rest.first)
      }
      try context.take(marked[0], field, of: found)
    case "edit":
      guard let text else {
        guard context.terminal.isInputTerminal, !options.noInput else {
          throw Failure("no-text", exit: 64, "say --text WORDS")
        }
        return try context.editReview(field, choices, of: found)
      }
      try context.settle(field, text, of: found)
    case "delete":
      throw Failure(
        "bad-verb", exit: 64, "\(field.name) cannot be deleted here; keep, take or edit it")
    default: try context.take(choices[0], field, of: found)
    }
  }

  private func values(
    _ found: Found, _ items: [ReviewItem], _ rest: inout [String]
  ) throws -> (Field, [ReviewChoice]) {
    let waiting = items.compactMap { item in
      if case .values(_, let field, let choices) = item { (field, choices) } else { nil }
    }
    if let name = rest.first, let value = waiting.first(where: { $0.0.name == name }) {
      rest.removeFirst()
      return value
    }
    guard waiting.count == 1 else {
      throw Failure(
        "which-field", exit: 64, "several fields of \(found.short) wait",
        details: ["fields: " + waiting.map(\.0.name).joined(separator: ", ")])
    }
    return waiting[0]
  }
}
