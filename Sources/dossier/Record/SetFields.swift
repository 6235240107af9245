import ArgumentParser
import ChangeLog
import DossierModel
import DossierStore
import ReplicaStore

struct SetFields: StoreCommand {
  static let configuration = CommandConfiguration(
    commandName: "set", abstract: "Give fields a value.",
    discussion:
      "FIELD=VALUE puts, FIELD= empties; of a set, FIELD+=VALUE adds and FIELD-=VALUE removes.")

  @OptionGroup var options: GlobalOptions
  @Argument(help: ArgumentHelp("The record.", valueName: "REF")) var reference: String
  @Argument(help: ArgumentHelp("What to set.", valueName: "FIELD=VALUE")) var assignments: [String]

  func run(_ context: Context) throws {
    try context.store.transaction {
      let found = try context.store.find(reference)
      let parsed = try assignments.map { try Assignment($0, kind: found.kind) }
      let before = try context.store.replica.state(of: found.id)
      try context.store.write("set") { draft in
        for assignment in parsed { try context.apply(assignment, to: found.id, &draft) }
      }
      guard let record = try context.store.record(found.id) else { return }
      for assignment in parsed {
        // The reading of a date is always told.
        let text =
          try record.date(assignment.field)?.reading ?? context.cell(record, assignment.field.name)
        context.report(
          "\(found.short)  \(assignment.field.name): \(text.isEmpty ? "(empty)" : text)")
        let former = before?.conflicts.first { $0.number == assignment.field.number }
        for value in former?.distinctValues ?? [] {
          let other = try context.text(value, assignment.field.type)
          if other != text { context.report("  decided against: \(other)") }
        }
      }
    }
  }
}

struct Tag: StoreCommand {
  static let configuration = CommandConfiguration(
    abstract: "Add topics with +topic, remove them with -topic.",
    discussion: "Put -- before the first -topic.")

  @OptionGroup var options: GlobalOptions
  @Argument(help: ArgumentHelp("The record.", valueName: "REF")) var reference: String
  @Argument(
    parsing: .captureForPassthrough, help: ArgumentHelp("+topic or -topic.", valueName: "±topic"))
  var tags: [String]

  func run(_ context: Context) throws {
    try context.store.transaction {
      let found = try context.store.find(reference)
      let wanted = tags.filter { $0 != "--" }
      guard !wanted.isEmpty else {
        throw Failure(
          "no-tags", exit: 64, "say +topic or -topic", fix: "dossier help tag")
      }
      try context.store.write("tag") { draft in
        for tag in wanted {
          guard !tag.hasPrefix("--") else {
            throw Failure(
              "bad-tag", exit: 64, "\"\(tag)\" stands behind the record, where topics are",
              details: ["nothing was saved; options come before it"],
              fix: "dossier tag \(tag) \(Shell.word(reference)) +topic", input: tag)
          }
          guard let sign = tag.first, sign == "+" || sign == "-" else {
            throw Failure(
              "bad-tag", exit: 64, "\"\(tag)\" does not begin with + or -",
              fix: "dossier tag \(Shell.word(reference)) \(Shell.word("+" + tag))", input: tag)
          }
          guard tag.count > 1 else {
            throw Failure("bad-tag", exit: 64, "\"\(tag)\" names no topic", input: tag)
          }
          let name = String(tag.dropFirst())
          if sign == "+" {
            try draft.add(.topics, .entity(try context.topic(name, &draft)), on: found.id)
          } else {
            let topic = try context.store.find(name, [.topic])
            guard try draft.remove(.topics, .entity(topic.id), from: found.id) else {
              throw Failure(
                "not-there", exit: 66, "\(found.short) \(found.title) has no topic \"\(name)\"",
                input: name)
            }
          }
        }
      }
      if let record = try context.store.record(found.id) {
        context.report("\(found.short)  topics: \(try context.cell(record, "topics"))")
      }
    }
  }
}

struct Link: StoreCommand {
  static let configuration = CommandConfiguration(abstract: "Relate one record to another.")

  @OptionGroup var options: GlobalOptions
  @Argument(help: ArgumentHelp("The record.", valueName: "REF")) var reference: String
  @Argument(help: ArgumentHelp("The other one.", valueName: "REF")) var other: String
  @Option(
    name: .customLong("as"),
    help: "related, parent, follows, amends, implements, about; or a word of yours.")
  var relation = "related"
  @Flag(help: "Take the relation away.") var remove = false

  func run(_ context: Context) throws {
    try context.store.transaction {
      let found = try context.store.find(reference)
      let target = try context.store.find(other)
      guard found.id != target.id else { throw Context.sameRecord }
      try context.store.write("link") { draft in
        let parent = found.kind == target.kind ? found.kind.field(named: "parent") : nil
        if relation == "parent", let parent {
          try draft.put(parent, remove ? nil : .entity(target.id), on: found.id)
        } else {
          let value = Value.list([.text(relation), .entity(target.id)])
          if remove {
            guard try draft.remove(.links, value, from: found.id) else {
              throw Failure(
                "not-there", exit: 66,
                "\(found.title) is not related to \(target.title) as \"\(relation)\"",
                fix: "dossier show \(found.short)", input: relation)
            }
          } else {
            try draft.add(.links, value, on: found.id)
          }
        }
      }
      context.report("\(found.title) · \(relation)\(remove ? " no more" : "") · \(target.title)")
    }
  }
}
