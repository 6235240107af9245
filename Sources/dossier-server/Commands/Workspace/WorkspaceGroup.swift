import ArgumentParser

struct WorkspaceGroup: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "workspace", abstract: "What teams share: one log, one set of members each.",
    subcommands: [WorkspaceAdd.self, WorkspaceList.self])
}
