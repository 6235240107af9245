import ArgumentParser
import ChangeLog
import LogStore
import SyncServer

struct UserList: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "list", abstract: "List the members.")

  @OptionGroup var workspace: WorkspaceOptions
  @OptionGroup var output: JSONOption

  func run() throws {
    let (accounts, workspace) = try workspace.open()
    let members = try accounts.members(of: workspace.id)
    if output.json {
      let list = members.map {
        JSON.object([
          ("name", .text($0.name)), ("role", .text($0.role.rawValue)),
          ("disabled", .optional($0.disabledAt)),
        ])
      }
      Output.give(JSON.list(list).encoded)
    } else {
      Output.give(
        members.map { member in
          let since = member.disabledAt.map { "disabled \(UTCTime(seconds: $0))" }
          return [member.name, member.role.rawValue, since ?? "active"]
        }, heading: ["NAME", "ROLE", "STATE"])
    }
  }
}
