import ArgumentParser
import ChangeLog
import DossierModel
import DossierPages
import DossierStore
import SQLite

struct Export: StoreCommand {
  static let configuration = CommandConfiguration(
    abstract: "Write dossiers as Markdown, all records as JSON lines, or a calendar.",
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
  @Option(name: .customLong("as"), help: "md, jsonl or ics.") var format = "md"
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
    default:
      throw Failure(
        "bad-format", exit: 64, "cannot export \"\(format)\"",
        details: ["formats: md, jsonl, ics; for a spreadsheet: dossier actions --format csv"],
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
