import ArgumentParser
import ChangeLog
import LogStore

struct Init: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "init",
    abstract: "Make a new server with one workspace and one member, and print the first invite.")

  @Argument(help: "A folder that is empty or missing.")
  var dir: String

  @Option(help: ArgumentHelp("What the first workspace is called.", valueName: "name"))
  var workspace = "team"

  @Option(help: ArgumentHelp("Who its first member is (default: you).", valueName: "name"))
  var user: String?

  @Option(help: ArgumentHelp("Where devices find the server.", valueName: "url"))
  var address = "http://\(Serve.defaultListen)"

  @Option(
    help: ArgumentHelp(
      "For a server in the place of one that was lost: its workspace, as dossier whoami prints it. "
        + "The devices bring back what it had.", valueName: "id"))
  var workspaceID: String?

  func validate() throws {
    if let workspaceID, Hexadecimal.decode(workspaceID)?.count != 16 {
      throw ValidationError("--workspace-id is 32 hexadecimal digits")
    }
    guard address.hasPrefix("http://") || address.hasPrefix("https://"),
      !address.unicodeScalars.contains(where: { $0.value <= 0x20 || $0.value == 0x7f })
    else { throw ValidationError("--address is an URL: https://dossier.example.org") }
  }

  func run() throws {
    let folder = DataFolder(path: dir)
    let name = user ?? Edge.environment("USER") ?? "owner"
    try folder.create()
    try LogDatabase.create(in: folder)
    let accounts = try Accounts.create(in: folder, address: address)
    let invite = try accounts.transaction {
      let added = try accounts.addWorkspace(
        named: workspace,
        id: WorkspaceID(bytes: workspaceID.flatMap { Hexadecimal.decode($0) } ?? Edge.random(16)))
      try accounts.addMember(name, role: .owner, to: added.id)
      return try accounts.invite(
        name, to: added.id, secret: Edge.random(Accounts.secretSize),
        expires: Edge.now() + ValidTime.twoDays.seconds)
    }
    Output.give(invite.text)
    Output.tell("workspace \"\(workspace)\" in \(folder.path), first member \"\(name)\"")
    Output.tell("  start it:      dossier-server serve --data \(Failure.quoted(folder.path))")
    Output.tell("  on the device: dossier join CODE     (the line above, once, within 48 hours)")
  }
}
