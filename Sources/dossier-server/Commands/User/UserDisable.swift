import ArgumentParser
import LogStore

struct UserDisable: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "disable", abstract: "Shut all devices of a member out, from now on.")

  @Argument var name: String
  @OptionGroup var workspace: WorkspaceOptions

  func run() throws {
    let (accounts, workspace) = try workspace.open()
    try accounts.setDisabled(true, name, in: workspace.id, now: Edge.now())
    Output.tell("\(name) is shut out of \(workspace.name) from the next request on")
    Output.tell("  to let them in again: dossier-server user enable \(Failure.quoted(name))")
  }
}
