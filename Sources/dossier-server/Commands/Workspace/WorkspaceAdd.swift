import ArgumentParser
import ChangeLog
import LogStore

struct WorkspaceAdd: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "add", abstract: "Add a workspace.")

  @Argument var name: String
  @OptionGroup var data: DataOptions

  func run() throws {
    let accounts = try Accounts(in: data.folder())
    let added = try accounts.addWorkspace(
      named: name, id: WorkspaceID(bytes: Edge.random(16)), now: Edge.now())
    Output.give("\(added.id)")
    Output.tell("workspace \"\(name)\" has no members yet")
    Output.tell(
      "  to add one: dossier-server user add NAME --role owner --workspace \(Failure.quoted(name))")
  }
}
