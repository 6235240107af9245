import ArgumentParser
import ChangeLog
import DossierModel
import DossierStore
import ReplicaStore

struct Review: StoreCommand {
  static let configuration = CommandConfiguration(
    abstract: "What waits for a decision, and the decision.",
    discussion: """
      Without arguments: the list. Two people changed one field, or one place of a text, without knowing of each \
      other, or one changed what the other deleted; both are kept until somebody decides:
        review keep REF [FIELD]          the value shown stays (or the record, against its deletion)
        review take REF [FIELD] MARK     the value with that mark in the list
        review edit REF [FIELD] --text T a value of your own
        review delete REF                the deletion stands
      """)

  @OptionGroup var options: GlobalOptions
  @Argument(help: "keep, take, edit or delete, then the record, the field and the mark.")
  var words: [String] = []
  @Option(help: "The text that settles it.") var text: String?
  @Flag(help: "End with 1 when anything waits.") var check = false

  func run(_ context: Context) throws {
    try context.store.transaction {
      if let verb = words.first {
        try settle(verb, Array(words.dropFirst()), context)
      } else {
        try list(context)
      }
    }
  }

  private func list(_ context: Context) throws {
    let items = try context.store.replica.review()
    let authors = try context.store.authors()
    if context.wantsJSON {
      return say(
        JSON.array(try items.compactMap { try json($0.entity, $0.field, authors, context) }).line)
    }
    for (entity, number) in items {
      guard let found = try context.store.found(entity),
        let state = try context.store.replica.state(of: entity)
      else { continue }
      guard let number, let field = found.kind.field(number), let values = state[number] else {
        say("\(found.short)  \(found.title)")
        say("   deleted by one, changed by another")
        say("   dossier review keep \(found.short)   or   dossier review delete \(found.short)")
        continue
      }
      say("\(found.short)  \(field.name)  \(found.title)")
      for (index, choice) in try choices(values, of: entity, context).enumerated() {
        let who = authors[choice.writer].map { "\($0.member) on \($0.device)" } ?? "unknown writer"
        let shown = index == 0 ? "shown" : "     "
        let text = Self.beginning(of: try context.text(choice.value, field.type))
        say(
          "   \(choice.mark)  \(shown)  \(text.isEmpty ? "(empty)" : text)"
            + (choice.isMerged
              ? "  · both, as they merged" : "  · \(who), \(Machine.text(choice.clock))"))
      }
    }
    if items.isEmpty { context.report("nothing waits for a decision") }
    if check, !items.isEmpty { throw ExitCode(1) }
  }

  /// Enough to tell one value from another.
  private static func beginning(of text: String) -> String {
    guard text.count > 2000 else { return text }
    return "\(text.prefix(2000))…\n      (\(text.count) characters in all: dossier review --json)"
  }

  /// One of the values to choose from.
  private struct Choice {
    let value: Value
    let writer: WriterID
    let clock: Timestamp
    /// The text that two edits of one place became.
    var isMerged = false

    /// Names this very value: what comes to the list later does not take its place.
    var mark: String {
      var writer = ByteWriter()
      value.encode(into: &writer)
      return String(Base32.encode(Digest(of: writer.bytes).bytes).prefix(3))
    }
  }

  /// Different values, the one shown first: siblings, and of a text with a clash what each author had saved.
  private func choices(
    _ field: FieldState, of entity: EntityID, _ context: Context
  ) throws -> [Choice] {
    var choices: [Choice] = []
    for value in field.alive.reversed() {
      let versions = try context.store.clashingVersions(of: value, in: field.number, of: entity)
      choices.append(
        Choice(
          value: value.value, writer: value.lastChange.writer, clock: value.clock,
          isMerged: !versions.isEmpty))
      choices += versions.map { Choice(value: .text($0.text), writer: $0.writer, clock: $0.clock) }
    }
    var seen: Set<Value> = []
    return choices.filter { seen.insert($0.value).inserted }
  }

  private func json(
    _ entity: EntityID, _ number: FieldNumber?, _ authors: [WriterID: Author], _ context: Context
  ) throws -> JSON? {
    guard let found = try context.store.found(entity),
      let state = try context.store.replica.state(of: entity)
    else { return nil }
    var members: [JSON.Member] = [
      .init("id", .string(try context.fullID(entity))), .init("title", .string(found.title)),
    ]
    if let number, let field = found.kind.field(number), let values = state[number] {
      members.append(.init("field", .string(field.name)))
      let choices = try choices(values, of: entity, context).map { choice in
        JSON.object([
          .init("mark", .string(choice.mark)),
          .init("value", .string(try context.text(choice.value, field.type))),
          .init("by", .string(authors[choice.writer]?.member ?? "")),
          .init("at", .int(Int64(choice.clock.milliseconds))),
          .init("merged", .bool(choice.isMerged)),
        ])
      }
      members.append(.init("values", .array(choices)))
    } else {
      members.append(.init("deleted", .bool(true)))
    }
    return .object(members)
  }

  private func settle(_ verb: String, _ words: [String], _ context: Context) throws {
    guard ["keep", "take", "edit", "delete"].contains(verb) else {
      throw Failure(
        "bad-verb", exit: 64, "review cannot \"\(verb)\"",
        details: ["verbs: keep, take, edit, delete"], input: verb)
    }
    guard let reference = words.first else {
      throw Failure("no-record", exit: 64, "which record?", fix: "dossier review")
    }
    let found = try context.store.find(reference)
    let waiting = try context.store.replica.review().filter { $0.entity == found.id }
    guard !waiting.isEmpty else {
      throw Failure("nothing-waits", exit: 66, "nothing of \(found.short) waits for a decision")
    }
    if waiting.contains(where: { $0.field == nil }), verb == "delete" || words.count == 1,
      verb != "take", verb != "edit"
    {
      try context.store.write("review") { draft in
        if verb == "delete" { try draft.delete(found.id) } else { try draft.restore(found.id) }
      }
      return context.report("\(found.short)  \(verb == "delete" ? "deleted" : "kept")")
    }
    var rest = Array(words.dropFirst())
    let field = try self.field(found, waiting.compactMap(\.field), &rest)
    guard let values = try context.store.replica.state(of: found.id)?[field.number] else { return }
    let choices = try choices(values, of: found.id, context)
    var chosen = choices[0].value
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
      chosen = marked[0].value
    case "edit":
      guard let text else { throw Failure("no-text", exit: 64, "say --text WORDS") }
      try context.store.write("review") { draft in
        try draft.settle(field, try context.value(text, field, &draft), on: found.id)
      }
      return context.report("\(found.short)  \(field.name): \(text)")
    case "delete":
      throw Failure(
        "bad-verb", exit: 64, "\(field.name) cannot be deleted here; keep, take or edit it")
    default: break
    }
    try context.store.write("review") { draft in try draft.settle(field, chosen, on: found.id) }
    context.report("\(found.short)  \(field.name): \(try context.text(chosen, field.type))")
  }

  private func field(_ found: Found, _ waiting: [FieldNumber], _ rest: inout [String]) throws
    -> Field
  {
    let fields = waiting.compactMap { found.kind.field($0) }
    if let name = rest.first, let field = fields.first(where: { $0.name == name }) {
      rest.removeFirst()
      return field
    }
    guard fields.count == 1 else {
      throw Failure(
        "which-field", exit: 64, "several fields of \(found.short) wait",
        details: ["fields: " + fields.map(\.name).joined(separator: ", ")])
    }
    return fields[0]
  }
}
