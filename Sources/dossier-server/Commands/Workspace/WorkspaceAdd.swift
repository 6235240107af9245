import ArgumentParser
import ChangeLog
import LogStore
import SyncServer

struct WorkspaceAdd: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "add", abstract: "Add a workspace.")

  @Argument var name: String
  @OptionGroup var data: DataOptions

  @Option(
    help: ArgumentHelp(
      "It is encrypted: the server orders and keeps what it cannot read. This member founds it, with the code that is printed.",
      valueName: "name"))
  var encryptedBy: String?

  func run() throws {
    let accounts = try Accounts(in: data.folder())
    if let owner = encryptedBy { return try found(accounts, owner) }
    let added = try accounts.addWorkspace(
      named: name, id: WorkspaceID(bytes: Edge.random(16)), now: Edge.now())
    Output.give("\(added.id)")
    Output.tell("workspace \"\(name)\" has no members yet")
    Output.tell(
      "  to add one: dossier-server user add NAME --role owner --workspace \(Failure.quoted(name))")
  }

  private func found(_ accounts: Accounts, _ owner: String) throws {
    var options = ServingOptions()
    options.data = data
    let expires = Edge.now() + ValidTime.twoDays.seconds
    let code = try accounts.addEncryptedWorkspace(
      named: name, id: WorkspaceID(bytes: Edge.random(16)), owner: owner,
      secret: Edge.random(Accounts.secretSize), pin: try options.pin(), expires: expires)
    Output.give(code.text)
    Output.tell(
      "\(owner) founds the encrypted workspace \"\(name)\" with it, until \(UTCTime(seconds: expires))"
    )
    Output.tell("  on that device: dossier join CODE")
  }
}
