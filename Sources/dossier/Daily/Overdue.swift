import ArgumentParser
import DossierModel
import DossierStore

struct Overdue: StoreCommand {
  static let configuration = CommandConfiguration(
    abstract: "Action items past their last possible day, ours and theirs.")

  static let isPaged = true

  @OptionGroup var options: GlobalOptions
  @Flag(help: "End with 1 when there are any.") var check = false

  func run(_ context: Context) throws {
    let records = try context.store.overdue(asOf: context.today)
    try context.list(
      records, .action, defaults: ["id", "due", "owners", "text", "partnership", "dialogue"])
    if records.isEmpty { context.report("nothing is overdue") }
    if check, !records.isEmpty { throw ExitCode(1) }
  }
}
