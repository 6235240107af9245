import ArgumentParser
import ChangeLog
import LogStore

struct Backup: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Write all of the server into one file, also while it serves.",
    discussion: """
      The file holds log, accounts, certificate and configuration. Whoever has it can be the server: keep it as you keep
      the server itself.
      """)

  @Argument(help: "A file that does not exist yet.") var file: String
  @OptionGroup var data: DataOptions

  func run() throws {
    let folder = try data.folder()
    do { try folder.backUp(to: file) } catch StoreError.notEmpty {
      throw Failure(
        exit: .exists, code: "exists", message: "\"\(file)\" is there already",
        hints: ["nothing was written; give another name"])
    }
    Output.tell("all of \(folder.path) is in \(file)")
    Output.tell("  to try it: dossier-server restore \(Failure.quoted(file)) --into DIR")
  }
}

struct Restore: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Make a server of a backup, in a folder that is empty or missing.",
    discussion: """
      Devices notice with their next sync that the log is another one, and bring back what came after the backup.
      """)

  @Argument(help: "A file that dossier-server backup wrote.") var file: String
  @Option(help: ArgumentHelp("A folder that is empty or missing.", valueName: "dir"))
  var into: String

  func run() throws {
    let folder = DataFolder(path: into)
    try folder.restore(from: file) { LogID(bytes: Edge.random(16)) }
    Output.tell("restored into \(folder.path); devices bring back what came later")
    Output.tell("  look at it: dossier-server check --data \(Failure.quoted(folder.path))")
    Output.tell("  start it:   dossier-server serve --data \(Failure.quoted(folder.path))")
  }
}

struct Renew: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Give the logs new names, after they were set back by other means than restore.",
    discussion: """
      Files that were copied back, a virtual machine's snapshot, a database that was restored or failed over to a \
      standby that lacked something: the log is shorter than what devices have read of it, under the same name, and \
      they would say that the server shows people different things. With new names they compare, and bring back what \
      came later.
      A server over files must not be serving.
      """)

  @OptionGroup var data: DataOptions

  func run() throws {
    let count = try LogDatabase(in: data.folder()).renew { LogID(bytes: Edge.random(16)) }
    Output.tell(
      "\(count) log\(count == 1 ? "" : "s") renamed; devices compare with their next sync")
  }
}
