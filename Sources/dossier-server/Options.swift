import ArgumentParser
import ChangeLog
import LogStore

/// Where the server's data is.
struct DataOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "The folder with the server's data (default: $DOSSIER_SERVER_DATA, else dossier-server in"
        + " $XDG_DATA_HOME).",
      valueName: "dir"))
  var data: String?

  func folder() throws -> DataFolder {
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
