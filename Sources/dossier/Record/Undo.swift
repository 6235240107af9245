import ArgumentParser
import DossierStore

struct Undo: StoreCommand {
  static let configuration = CommandConfiguration(
    abstract: "Take back your last command on this machine.")

  @OptionGroup var options: GlobalOptions

  func run(_ context: Context) throws {
    try context.report(context.store.undo(), "undid")
  }
}

struct Redo: StoreCommand {
  static let configuration = CommandConfiguration(abstract: "Take back the last undo.")

  @OptionGroup var options: GlobalOptions

  func run(_ context: Context) throws {
    try context.report(context.store.redo(), "did again")
  }
}

extension Context {
  fileprivate func report(_ report: UndoReport?, _ verb: String) throws {
    guard let report else {
      throw Failure(
        "nothing-to-undo", exit: 66,
        verb == "undid" ? "there is nothing to take back" : "there is no undo to take back")
    }
    guard report.count > 0 || report.skipped.isEmpty else {
      throw Failure(
        "changed-since", exit: 73,
        "\(report.intent) was changed again since; nothing was taken back",
        details: report.skipped.map { "\($0.short)  \($0.title)" },
        fix: report.skipped.first.map { "dossier log \($0.short)" })
    }
    self.report(
      "\(verb) \(report.intent): \(report.count) \(report.count == 1 ? "change" : "changes")")
    for found in report.skipped {
      self.report("  \(found.short) was changed again since and stays as it is · \(found.title)")
    }
  }
}
