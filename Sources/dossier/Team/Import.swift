import ArgumentParser
import DossierModel
import DossierStore
import SQLite

struct Import: StoreCommand {
  static let configuration = CommandConfiguration(
    abstract: "Take records from a file, all or nothing.",
    discussion: """
      jsonl: one record a line, as specified in schema/import.md. md: minutes, line by line as for take, to the dialogue
      of --dialogue or the one that is open.
      """)
  static let createsStore = true

  @OptionGroup var options: GlobalOptions
  @Argument(help: "The file.") var file: String
  @Option(name: .customLong("as"), help: "The format: jsonl or md.") var format = "jsonl"
  @OptionGroup var place: PlaceOptions
  @Flag(help: "Save the good lines when some are bad.") var partial = false
  @Flag(help: "Say what would happen; save nothing.") var dryRun = false

  func run(_ context: Context) throws {
    guard format == "jsonl" || format == "md" else {
      throw Failure(
        "bad-format", exit: 64, "cannot import \"\(format)\"", details: ["formats: jsonl, md"],
        input: format)
    }
    guard let bytes = try Files.read(file) else {
      throw Failure("no-file", exit: 66, "there is no file \"\(file)\"", input: file)
    }
    if format == "md" { return try importMinutes(bytes, context) }
    let report: ImportReport
    do {
      report = try context.store.importRecords(bytes, partial: partial, dryRun: dryRun)
    } catch StoreError.badImport(let problems) {
      throw Failure(
        "bad-import", exit: 65,
        problems.count == 1
          ? "one line cannot be imported" : "\(problems.count) lines cannot be imported",
        details: lines(problems) + ["nothing was saved"],
        fix: "dossier import \(file) --partial   to save the good lines", input: file)
    }
    for line in lines(report.problems) { tell("  " + line) }
    context.report(
      "\(dryRun ? "would add" : "added") \(report.added), changed \(report.changed), unchanged \(report.unchanged)"
        + (report.problems.isEmpty ? "" : ", refused \(report.problems.count)"))
    if !report.problems.isEmpty { throw ExitCode(65) }
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

  private func lines(_ problems: [ImportProblem]) -> [String] {
    problems.prefix(20).map { problem in
      "\(file):\(problem.line): \(problem.field.isEmpty ? "" : problem.field + ": ")\(problem.reason)"
    } + (problems.count > 20 ? ["… and \(problems.count - 20) more"] : [])
  }
}
