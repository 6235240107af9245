import ArgumentParser
import ChangeLog
import LogStore

struct UserAdd: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "add", abstract: "Add a member.")

  @Argument var name: String

  @Option(
    help: ArgumentHelp("owner, editor or reader (default: editor).", valueName: "role"),
    transform: Role.parse)
  var role = Role.editor

  @OptionGroup var workspace: WorkspaceOptions

  func run() throws {
    let (accounts, workspace) = try workspace.open()
    try accounts.addMember(name, role: role, to: workspace.id, now: Edge.now())
    Output.tell("\(name) is \(role.rawValue) of \(workspace.name)")
    Output.tell("  to let a device in: dossier-server user invite \(Failure.quoted(name))")
  }
}
