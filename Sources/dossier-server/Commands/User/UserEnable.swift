import ArgumentParser
import LogStore

struct UserEnable: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "enable", abstract: "Let a disabled member in again.")

  @Argument var name: String
  @OptionGroup var workspace: WorkspaceOptions

  func run() throws {
    let (accounts, workspace) = try workspace.open()
    try accounts.setDisabled(false, name, in: workspace.id, now: Edge.now())
    Output.tell("\(name) may enter \(workspace.name) again")
  }
}
