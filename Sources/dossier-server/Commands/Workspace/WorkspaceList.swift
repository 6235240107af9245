import ArgumentParser
import LogStore

struct WorkspaceList: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "list", abstract: "List the workspaces.")

  @OptionGroup var data: DataOptions
  @OptionGroup var output: JSONOption

  func run() throws {
    let workspaces = try Accounts(in: data.folder()).workspaces()
    if output.json {
      let list = workspaces.map {
        JSON.object([("id", .text("\($0.id)")), ("name", .text($0.name))])
      }
      Output.give(JSON.list(list).encoded)
    } else {
      Output.give(workspaces.map { ["\($0.id)", $0.name] }, heading: ["ID", "NAME"])
    }
  }
}
