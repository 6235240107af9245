import ArgumentParser
import ChangeLog
import DossierModel
import DossierPages
import DossierStore
import SQLite

struct Export: StoreCommand {
  static let configuration = CommandConfiguration(
    abstract: "Write dossiers as Markdown, all records as JSON lines, a table, or a calendar.",
    discussion:
      "A file that was changed by hand since the last export is not overwritten without --force.")

  @OptionGroup var options: GlobalOptions
  @Argument(help: ArgumentHelp("Partnerships; all when none are named.", valueName: "REF"))
  var references: [String] = []
  @Option(
    name: .shortAndLong, help: ArgumentHelp("Where to; - is standard output.", valueName: "DIR|-"))
  var output: String
  @Option(
    name: .customLong("for"),
    help: ArgumentHelp(
      "Only what may leave the house, for that reader outside; all of it for one of us.",
      valueName: "PARTY")) var reader: String?
  @Option(name: .customLong("as"), help: "md, jsonl, csv or ics.") var format = "md"
  @Option(help: ArgumentHelp("csv: which records.", valueName: "KIND")) var kind: String?
  @Flag(help: "Overwrite what was changed by hand.") var force = false
  @Flag(help: "Show what differs; write nothing.") var diff = false

  func run(_ context: Context) throws {
    switch format {
    case "md": try pages(context)
    case "jsonl":
      let text = try context.store.transaction {
        try context.store.exportRecords(reader == nil ? nil : graph(context))
      }
      if output == "-" { return sayRaw(text) }
      try Files.writePrivately(Array(text.utf8), to: output, mode: 0o644)
      context.report("wrote \(output)")
    case "ics": try calendar(context)
    case "csv": try table(context)
    default:
      throw Failure(
        "bad-format", exit: 64, "cannot export \"\(format)\"",
        details: ["formats: md, jsonl, csv, ics"],
        input: format)
    }
  }

  /// What the reader may have.
  private func graph(_ context: Context) throws -> RecordGraph {
    let whole = try context.store.graph()
    guard let reader else { return whole }
    let party = try context.party(reader)
    guard try !context.store.us().contains(party) else { return whole }
    let clearance = Clearance(whole)
    if let summary = clearance.summary { tell(summary) }
    return clearance.graph
  }

  /// All records of a kind with all their fields, for a spreadsheet.
  private func table(_ context: Context) throws {
    guard let kind = try kind.map({ try Kind(argument: $0) }) else {
      throw Failure(
        "unknown-kind", exit: 64, "say which records: a table has those of one kind",
        details: ["kinds: " + Kind.allCases.map(\.name).joined(separator: ", ")],
        fix: "dossier export --as csv --kind action -o \(Shell.word(output))")
    }
    let text = try context.store.transaction {
      let records = try graph(context).all(kind)
      let fields = kind.fields.filter { field in
        !field.isInternal && records.contains { !$0.elements(field).isEmpty }
      }
      return CSV.text(
        header: ["id"] + fields.map(\.name),
        rows: try records.map { record in
          try [context.fullID(record.id)] + fields.map { try context.cell(record, $0.name) }
        })
    }
    if output == "-" { return sayRaw(text) }
    try Files.writePrivately(Array(text.utf8), to: output, mode: 0o644)
    context.report("wrote \(output)")
  }

  private func calendar(_ context: Context) throws {
    let calendar = CalendarFile(try context.store.transaction { try graph(context) })
    if output == "-" { return sayRaw(calendar.text) }
    try Files.writePrivately(Array(calendar.text.utf8), to: output, mode: 0o644)
    let left = calendar.leftOut
    context.report(
      "wrote \(output)" + (left > 0 ? "; \(left) without certain days are not in it" : ""))
  }

  private func pages(_ context: Context) throws {
    let (pages, wanted) = try context.store.transaction {
      let wanted = try context.find(references, [.partnership])
      return (Pages(try graph(context)), wanted)
    }
    let texts = wanted.isEmpty ? pages.all() : wanted.compactMap { pages.dossier($0.id) }
    if output == "-" {
      for page in texts { sayRaw(page.text) }
      return
    }
    var folder = try ExportFolder(path: output)
    let changed = try folder.changedByHand(texts)
    if diff {
      for page in texts { for line in try folder.difference(page) { say(line) } }
      return
    }
    guard changed.isEmpty || force else {
      throw Failure(
        "changed-by-hand", exit: 73,
        "\(output)/\(changed[0].path) was changed by hand since the last export",
        details: [
          "\(changed[0].what); nothing was written (0 of \(texts.count) files)"
        ] + changed.dropFirst().prefix(9).map { "also \($0.path)" },
        fix: "dossier export \(references.joined(separator: " ")) -o \(output) --diff   or --force"
          .replacing("  -o", with: " -o"))
    }
    let written = try folder.write(texts, isWhole: wanted.isEmpty)
    context.report("wrote \(written) of \(texts.count) files to \(output)")
  }
}
