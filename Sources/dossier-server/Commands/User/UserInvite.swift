import ArgumentParser
import ChangeLog
import LogStore
import SyncServer

struct UserInvite: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "invite", abstract: "Print a code that lets one device of a member in, once.")

  @Argument var name: String

  @Option(help: "For how long: 90s, 30m, 48h, 7d.")
  var valid = ValidTime.twoDays

  @OptionGroup var workspace: WorkspaceOptions

  func run() throws {
    let (accounts, workspace) = try workspace.open()
    let expires = Edge.now() + valid.seconds
    let invite = try accounts.invite(
      name, to: workspace.id, secret: Edge.random(Accounts.secretSize), pin: try serving().pin(),
      expires: expires, now: Edge.now())
    Output.give(invite.text)
    Output.tell("for one device of \(name), until \(UTCTime(seconds: expires))")
  }

  private func serving() -> ServingOptions {
    var options = ServingOptions()
    options.data = workspace.data
    return options
  }
}
