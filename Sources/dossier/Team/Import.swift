import ArgumentParser
import DossierModel
import DossierStore
import SQLite

struct Import: StoreCommand {
  static let configuration = CommandConfiguration(
    abstract: "Take records from a file, all or nothing.",
    discussion: """
      jsonl: one record a line, as specified in schema/import.md. csv: a table, a row a record of --kind, a column a field \
      (--map "Column=field" where it is called otherwise). taskwarrior: what 'task export' writes. ics: events of a calendar \
      as dialogues, its tasks as action items. md: minutes, line by line as for take, to the dialogue of --dialogue or the \
      one that is open; of a folder every .md file is a note, with what its front matter says. The same file imported again makes no record twice.
      """)
  static let createsStore = true

  @OptionGroup var options: GlobalOptions
  @Argument(help: "The file.") var file: String
  @Option(name: .customLong("as"), help: "jsonl, csv, taskwarrior, ics or md.") var format = "jsonl"
  @Option(help: ArgumentHelp("csv: what its rows are.", valueName: "KIND")) var kind: String?
  @Option(
    help: ArgumentHelp(
      "csv: the field of a column; without a field it is passed over. May be repeated.",
      valueName: "COLUMN=FIELD")) var map: [String] = []
  @Option(help: ArgumentHelp("csv: what stands between cells.", valueName: "CHARACTER"))
  var separator = ","
  @OptionGroup var place: PlaceOptions
  @Flag(help: "Save the good lines when some are bad.") var partial = false
  @Flag(help: "Say what would happen; save nothing.") var dryRun = false

  func run(_ context: Context) throws {
    guard !Files.isFolder(file) else {
      if format == "md" { return try importNotes(context) }
      throw Failure(
        "no-file", exit: 66, "\(file) is a folder", details: ["nothing was saved"], input: file)
    }
    guard let bytes = try Files.read(file) else {
      throw Failure("no-file", exit: 66, "there is no file \"\(file)\"", input: file)
    }
    switch format {
    case "jsonl": try importRecords(bytes, nil, context)
    case "md": try importMinutes(bytes, context)
    case "csv", "taskwarrior", "ics":
      let foreign = try foreign(bytes, context)
      for note in foreign.notes { tell("  " + note) }
      try importRecords(foreign.bytes, foreign, context)
    default:
      throw Failure(
        "bad-format", exit: 64, "cannot import \"\(format)\"",
        details: ["formats: jsonl, csv, taskwarrior, ics, md"], input: format)
    }
  }

  func importRecords(
    _ bytes: [UInt8], _ foreign: ForeignFile?, _ context: Context
  ) throws {
    let unread = foreign?.problems ?? []
    func original(_ problems: [ImportProblem]) -> [ImportProblem] {
      (unread + problems.map { foreign?.original($0) ?? $0 }).sorted { $0.line < $1.line }
    }
    let report: ImportReport
    do {
      report = try context.working("importing") { (_: Progress) in
        if !unread.isEmpty, !partial {
          // The others are looked at too: all that is wrong is told at once.
          let rest = try context.store.importRecords(bytes, partial: true, dryRun: true)
          throw StoreError.badImport(rest.problems)
        }
        return try context.store.importRecords(bytes, partial: partial, dryRun: dryRun)
      }
    } catch StoreError.badImport(let found) {
      let problems = original(found)
      let hasGoodOnes = problems.count < unread.count + bytes.split(separator: 0x0a).count
      throw Failure(
        "bad-import", exit: 65,
        problems.count == 1
          ? "one line cannot be imported" : "\(problems.count) lines cannot be imported",
        details: lines(problems, foreign) + ["nothing was saved"],
        fix: hasGoodOnes
          ? "dossier import \(Shell.word(file)) --partial   to save the good ones" : nil,
        input: file)
    }
    let problems = original(report.problems)
    for line in lines(problems, foreign) { tell("  " + line) }
    context.report(
      "\(dryRun ? "would add" : "added") \(report.added), changed \(report.changed), unchanged \(report.unchanged)"
        + (problems.isEmpty ? "" : ", refused \(problems.count)"))
    if !problems.isEmpty { throw ExitCode(65) }
  }

  /// Every line as ``Take`` reads it, all or nothing.
  private func importMinutes(_ bytes: [UInt8], _ context: Context) throws {
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw Failure(
        "bad-text", exit: 65, "\(file) is not valid UTF-8; nothing was saved", input: file)
    }
    struct Back: Error {}
    var problems: [String] = []
    var count = 0
    do {
      try context.store.transaction {
        var scribe = Scribe(context, in: try context.place(place))
        for (number, line) in text.split(separator: "\n", omittingEmptySubsequences: false)
          .enumerated() where !scribe.isOver
        {
          guard let answer = try scribe.take(String(line)), answer.isProblem else { continue }
          problems.append("\(file):\(number + 1): \(answer.text)")
        }
        count = scribe.count
        if dryRun { throw Back() }
      }
    } catch is Back {}
    for problem in problems { tell("  " + problem) }
    context.report("\(dryRun ? "would add" : "added") \(count) records")
  }

  private func lines(_ problems: [ImportProblem], _ foreign: ForeignFile?) -> [String] {
    problems.prefix(20).map { problem in
      let names = foreign?.names ?? []
      let place =
        names.isEmpty ? "\(file):\(problem.line)" : "\(file)/\(names[problem.line - 1])"
      return "\(place): \(problem.field.isEmpty ? "" : problem.field + ": ")\(problem.reason)"
    } + (problems.count > 20 ? ["… and \(problems.count - 20) more"] : [])
  }
}
