import ArgumentParser
import ChangeLog
import DossierModel
import DossierStore

struct Done: StoreCommand {
  static let configuration = CommandConfiguration(abstract: "Close action items.")

  @OptionGroup var options: GlobalOptions
  @Argument(help: ArgumentHelp("Action items.", valueName: "REF")) var references: [String]
  @Option(help: ArgumentHelp("The day it was met; today when absent.", valueName: "DATE"))
  var met: String?
  @Option(help: ArgumentHelp("It will not be done, for this reason.", valueName: "WHY"))
  var drop: String?
  @Option(help: "How it was done.") var how: String?

  func run(_ context: Context) throws {
    try context.store.transaction {
      let actions = try context.find(references, [.action])
      let day = try met.map { try context.date($0) } ?? FuzzyDate(day: context.today)
      guard var state = Parts(of: .actionState) else { return }
      state["is"] = .text(drop == nil ? "done" : "dropped")
      state["on"] = day.value
      state["how"] = (drop ?? how).map { .text($0) }
      try context.store.write("done") { draft in
        for action in actions { try draft.put(.actionState, state.value, on: action.id) }
      }
      for action in actions {
        context.report(
          "\(action.short)  \(drop == nil ? "done" : "dropped") \(met == nil ? day.display : day.reading) · \(action.title)"
        )
      }
    }
  }
}

struct Reopen: StoreCommand {
  static let configuration = CommandConfiguration(abstract: "Open closed action items again.")

  @OptionGroup var options: GlobalOptions
  @Argument(help: ArgumentHelp("Action items.", valueName: "REF")) var references: [String]

  func run(_ context: Context) throws {
    try context.store.transaction {
      let actions = try context.find(references, [.action])
      guard var state = Parts(of: .actionState) else { return }
      state["is"] = .text("open")
      try context.store.write("reopen") { draft in
        for action in actions { try draft.put(.actionState, state.value, on: action.id) }
      }
      for action in actions { context.report("\(action.short)  open · \(action.title)") }
    }
  }
}
