import ArgumentParser
import ChangeLog
import LogStore
import SyncServer

/// Where the server's data is.
struct DataOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "The folder with the server's data (default: $DOSSIER_SERVER_DATA, else dossier-server in"
        + " $XDG_DATA_HOME, else /var/lib/dossier-server/data).",
      valueName: "dir"))
  var data: String?

  @Option(
    help: ArgumentHelp(
      "The server's settings (default: config.yaml in the folder of the data, else in"
        + " $XDG_CONFIG_HOME/dossier-server or /etc/dossier-server, whichever goes with it).",
      valueName: "file"))
  var config: String?

  /// The folder, and the database that its settings name.
  func folder() throws -> DataFolder { try configured().folder }

  /// The same with all that the settings say.
  func configured() throws -> (folder: DataFolder, file: ConfigurationFile) {
    let places = try places()
    var file = ConfigurationFile(listen: try ListenAddress(ServingOptions.defaultListen))
    for path in config.map({ [$0] }) ?? places.configurations {
      guard let yaml = try Edge.text(of: path) else { continue }
      try file.read(yaml, from: path)
      return (DataFolder(path: places.data, database: file.database), file)
    }
    if let config {
      throw Failure(
        exit: .noSuchThing, code: "no-file", message: "there is no file \"\(config)\"",
        hints: ["nothing was done; without --config the server has its defaults"])
    }
    return (DataFolder(path: places.data), file)
  }

  /// Where the data is, and where its configuration may be, the first one first.
  private struct Places {
    let data: String
    /// Where the configuration may be besides the folder of the data; nil for nowhere else.
    var configuration: String?

    var configurations: [String] {
      [DataFolder(path: data).configuration] + (configuration.map { [$0 + "/config.yaml"] } ?? [])
    }
  }

  /// What is named; else the user's own, when there is one; else the system's, when there is one.
  private func places() throws -> Places {
    let system = Places(
      data: "/var/lib/dossier-server/data", configuration: "/etc/dossier-server")
    if let path = data ?? Edge.environment("DOSSIER_SERVER_DATA") {
      return path == system.data ? system : Places(data: path)
    }
    let own = Edge.userFolder("XDG_DATA_HOME", "/.local/share").map {
      Places(data: $0, configuration: Edge.userFolder("XDG_CONFIG_HOME", "/.config"))
    }
    if let own, Edge.isThere(own.data) || !Edge.isThere(system.data) { return own }
    guard Edge.isThere(system.data) else {
      throw Failure(
        exit: .usage, code: "no-data", message: "nobody said where the data is",
        hints: ["say where: --data DIR"])
    }
    return system
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
