import ArgumentParser
import LogStore
import SyncServer

struct Migrate: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "migrate",
    abstract:
      "Move a server from files into a PostgreSQL database, or back. It must not be serving.",
    discussion: """
      Everything goes along under its name: devices notice nothing. The folder of the new server gets the settings,
      certificate and keys of this one. What stood here stays, and must not be served any more.
      """)

  @Argument(help: "The folder of the new server: empty or missing.") var dir: String

  @Option(
    help: ArgumentHelp(
      "Its PostgreSQL database, as with init; without it logs and accounts become files.",
      valueName: "info"))
  var database: String?

  @OptionGroup var data: DataOptions

  func validate() throws {
    if let database { try Init.refusePassword(in: database) }
  }

  func run() throws {
    let (folder, file) = try data.configured()
    guard (folder.database == nil) != (database == nil) else {
      throw Failure(
        exit: .usage, code: "same-kind",
        message: database == nil
          ? "both would be files" : "both would be databases",
        hints: [
          database == nil
            ? "say where to: --database \"host=... dbname=...\""
            : "nothing was moved; PostgreSQL copies a database better itself (pg_dump, pg_restore)"
        ])
    }
    let other = DataFolder(path: dir, database: database)
    try other.create()
    let moved = try folder.move(to: other)
    try other.keep(companionsOf: folder)
    var settings = file
    settings.database = database
    settings.setCertificate(
      file.certificate.map(folder.absolute), key: file.key.map(folder.absolute))
    try other.keep(configuration: settings.text + "\n")
    Output.tell(
      "moved \(moved.changesets) changesets of \(moved.workspaces) workspaces into \(dir)")
    Output.tell("  look at it: dossier-server check --data \(Failure.quoted(dir))")
    Output.tell("  start it:   dossier-server serve --data \(Failure.quoted(dir))")
    Output.tell("  and never again from \(folder.path)")
  }
}
