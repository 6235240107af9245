import ArgumentParser
import ChangeLog
import DossierModel
import DossierStore
import ReplicaStore

struct Show: StoreCommand {
  static let configuration = CommandConfiguration(abstract: "All that is known of a record.")

  static let isPaged = true

  @OptionGroup var options: GlobalOptions
  @Argument(help: ArgumentHelp("Records.", valueName: "REF")) var references: [String]
  @Option(
    help: ArgumentHelp(
      "As it was at the end of that day, by the clocks of those who wrote.", valueName: "DATE"))
  var at: String?

  func run(_ context: Context) throws {
    try context.store.transaction {
      let found = try references.map { try context.store.find($0, includeHidden: at != nil) }
      if context.wantsJSON {
        for found in found { try json(found, context) }
      } else {
        for (index, found) in found.enumerated() {
          if index > 0 { say("") }
          try text(found, context)
        }
      }
    }
  }

  /// The record now, or as it was.
  private func record(_ found: Found, _ context: Context) throws -> Record? {
    guard let at else { return try context.store.record(found.id) }
    let date = try context.date(at)
    guard let day = date.latest ?? date.earliest else {
      throw Failure("open-date", exit: 64, "\"\(at)\" has no last day", input: at)
    }
    let time = Machine.end(of: day)
    let replica = context.store.replica
    guard let state = try replica.state(of: found.id, at: time).map(replica.displayed),
      !state.isDeleted, let record = Record(id: found.id, state: state)
    else {
      throw Failure(
        "not-then", exit: 66, "\(found.short) was not there at the end of \(day)",
        fix: "dossier log \(found.short)")
    }
    return record
  }

  private func json(_ found: Found, _ context: Context) throws {
    guard let record = try record(found, context) else { return }
    let names = try context.options.fields.map { try context.fieldNames($0, found.kind) }
    say(try RecordJSON.encode(record, fields: names) { try context.fullID($0) }.line)
  }

  private func text(_ found: Found, _ context: Context) throws {
    guard let record = try record(found, context) else { return }
    let wanted = try context.options.fields.map { try context.fieldNames($0, found.kind) }
    let slug = at == nil ? found.slug : record.text(.slug)
    say([found.short, slug, record.title].compactMap { $0 }.joined(separator: "  "))
    if record.isDeleted {
      say("  deleted; still shown because records belong to it (dossier restore \(found.short))")
    }
    let fields = record.kind.fields.filter {
      !$0.isInternal && !record.elements($0).isEmpty
        && wanted?.contains($0.name)
          ?? ![Field.slug.number, Field.name.number].contains($0.number)
    }
    let width = fields.map(\.name.count).max() ?? 0
    for field in fields {
      let texts = try record.elements(field).map { try context.text($0, field.type) }
      let mark = record.conflicts.contains(field.number) ? "  (to review: dossier review)" : ""
      let label = field.name.replacing("_", with: " ")
      let body = texts.joined(separator: field.isParts ? "\n" : ", ")
      let lines = body.split(separator: "\n", omittingEmptySubsequences: false)
      for (index, line) in lines.enumerated() {
        let name = index == 0 ? label : ""
        let pad = String(repeating: " ", count: width - name.count)
        say("  \(name)\(pad)  \(line)\(index == lines.count - 1 ? mark : "")".trimmingEnd())
      }
    }
    if at != nil || wanted != nil { return }
    for kind in Kind.allCases { try children(of: record, kind, context) }
  }

  /// The records of a kind that belong to this one.
  private func children(of record: Record, _ kind: Kind, _ context: Context) throws {
    let fields = kind.fields.filter { $0.isParent }
    guard !fields.isEmpty else { return }
    let ids = try context.store.sources(of: record.id, kind, in: fields).filter { $0 != record.id }
    guard !ids.isEmpty else { return }
    say("")
    say("\(kind.plural) (\(ids.count))")
    for id in ids.prefix(50) {
      guard let child = try context.store.record(id) else { continue }
      let short = try context.store.short(id, kind)
      let date = child.mainDate?.display ?? ""
      var title = child.title
      if kind == .role || kind == .act { title = "\(try context.cell(child, "party")) · \(title)" }
      if kind == .action { title = (child.isOpen ? "[ ] " : "[x] ") + title }
      say("  " + [short, date, title].filter { !$0.isEmpty }.joined(separator: "  "))
    }
    if ids.count > 50 { say("  … and \(ids.count - 50) more") }
  }
}

extension Field {
  fileprivate var isParts: Bool { if case .parts = type { true } else { false } }
}
