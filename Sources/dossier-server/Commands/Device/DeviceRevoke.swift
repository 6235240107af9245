import ArgumentParser
import LogStore

struct DeviceRevoke: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "revoke", abstract: "Shut a device out for ever, from now on.")

  @Argument(help: "Its id, or a beginning of it that no other has.")
  var id: String

  @OptionGroup var workspace: WorkspaceOptions

  func run() throws {
    let (accounts, workspace) = try workspace.open()
    let device = try accounts.revoke(id, in: workspace.id, now: Edge.now())
    Output.tell("\(device.id) (\(device.name) of \(device.member.name)) is shut out")
    Output.tell("  what it has sent stays; what it has not sent stays on it")
  }
}
