import ArgumentParser
import ChangeLog
import LogStore

struct UserRole: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "role", abstract: "Change what a member may do.")

  @Argument var name: String

  @Argument(help: "owner, editor or reader.", transform: Role.parse)
  var role: Role

  @OptionGroup var workspace: WorkspaceOptions

  func run() throws {
    let (accounts, workspace) = try workspace.open()
    try accounts.setRole(role, of: name, in: workspace.id, now: Edge.now())
    Output.tell("\(name) is \(role.rawValue) of \(workspace.name) from the next request on")
  }
}
