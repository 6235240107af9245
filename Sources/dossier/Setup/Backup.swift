import ArgumentParser
import DossierStore

struct Backup: StoreCommand {
  static let configuration = CommandConfiguration(
    abstract: "Write the whole store into one file; dossier init --from FILE brings it back.",
    discussion: """
      Consistent while others write. The file holds the key of this machine: keep it as you keep the machine. A store made \
      from it goes on under a new name, and the next sync brings what came since.
      """)

  @OptionGroup var options: GlobalOptions
  @Argument(help: ArgumentHelp("The file to make.", valueName: "FILE")) var file: String

  func run(_ context: Context) throws {
    do {
      try context.working("writing \(file)") { (_: Progress) in
        try context.store.backUp(to: file)
      }
    } catch StoreError.exists {
      throw Failure(
        "exists", exit: 73, "\(file) exists", details: ["nothing was written"], input: file)
    }
    context.report("wrote \(file)")
  }
}
