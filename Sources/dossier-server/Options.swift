import ArgumentParser
import ChangeLog
import LogStore
import SyncServer

/// Where the server's data is.
struct DataOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "The folder with the server's data (default: $DOSSIER_SERVER_DATA, else dossier-server in"
        + " $XDG_DATA_HOME).",
      valueName: "dir"))
  var data: String?

  @Option(
    help: ArgumentHelp(
      "The server's settings (default: config.yaml in the folder of the data, when there is one).",
      valueName: "file"))
  var config: String?

  /// The folder, and the database that its settings name.
  func folder() throws -> DataFolder { try configured().folder }

  /// The same with all that the settings say.
  func configured() throws -> (folder: DataFolder, file: ConfigurationFile) {
    let folder = try plainFolder()
    var file = ConfigurationFile(listen: try ListenAddress(ServingOptions.defaultListen))
    let path = config ?? folder.configuration
    if let yaml = try Edge.text(of: path) {
      try file.read(yaml, from: path)
    } else if config != nil {
      throw Failure(
        exit: .noSuchThing, code: "no-file", message: "there is no file \"\(path)\"",
        hints: ["nothing was done; without --config the server has its defaults"])
    }
    return (DataFolder(path: folder.path, database: file.database), file)
  }

  private func plainFolder() throws -> DataFolder {
    if let path = data ?? Edge.environment("DOSSIER_SERVER_DATA") { return DataFolder(path: path) }
    // A relative XDG_DATA_HOME is to be ignored (XDG Base Directory Specification).
    if let xdg = Edge.environment("XDG_DATA_HOME"), xdg.hasPrefix("/") {
      return DataFolder(path: xdg + "/dossier-server")
    }
    guard let home = Edge.environment("HOME") else {
      throw Failure(
        exit: .usage, code: "no-data", message: "nobody said where the data is",
        hints: ["say where: --data DIR"])
    }
    return DataFolder(path: home + "/.local/share/dossier-server")
  }
}

/// Which workspace is meant.
struct WorkspaceOptions: ParsableArguments {
  @OptionGroup var data: DataOptions

  @Option(help: ArgumentHelp("Which workspace, when there are several.", valueName: "name"))
  var workspace: String?

  func open() throws -> (accounts: Accounts, workspace: WorkspaceAccount) {
    let accounts = try Accounts(in: data.folder())
    return (accounts, try accounts.workspace(named: workspace))
  }
}

struct JSONOption: ParsableArguments {
  @Flag(help: "Print JSON.")
  var json = false
}

extension Role {
  static func parse(_ text: String) throws -> Role {
    guard let role = Role(rawValue: text) else {
      throw ValidationError("a role is one of: owner, editor, reader")
    }
    return role
  }
}
