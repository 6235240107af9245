import ArgumentParser
import DossierModel
import DossierStore
import SQLite

struct Import: StoreCommand {
  static let configuration = CommandConfiguration(
    abstract: "Take records from a file, all or nothing.",
    discussion: "The format is specified in schema/import.md.")
  static let createsStore = true

  @OptionGroup var options: GlobalOptions
  @Argument(help: "The file.") var file: String
  @Option(name: .customLong("as"), help: "The format: jsonl.") var format = "jsonl"
  @Flag(help: "Save the good lines when some are bad.") var partial = false
  @Flag(help: "Say what would happen; save nothing.") var dryRun = false

  func run(_ context: Context) throws {
    guard format == "jsonl" else {
      throw Failure(
        "bad-format", exit: 64, "cannot import \"\(format)\"", details: ["formats: jsonl"],
        input: format)
    }
    guard let bytes = try Files.read(file) else {
      throw Failure("no-file", exit: 66, "there is no file \"\(file)\"", input: file)
    }
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

  private func lines(_ problems: [ImportProblem]) -> [String] {
    problems.prefix(20).map { problem in
      "\(file):\(problem.line): \(problem.field.isEmpty ? "" : problem.field + ": ")\(problem.reason)"
    } + (problems.count > 20 ? ["… and \(problems.count - 20) more"] : [])
  }
}
