import ArgumentParser
import ChangeLog
import LogStore
import SyncServer

struct DeviceList: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "list", abstract: "List the devices, of all members or of one.")

  @Argument(help: "Whose.")
  var name: String?

  @OptionGroup var workspace: WorkspaceOptions
  @OptionGroup var output: JSONOption

  func run() throws {
    let (accounts, workspace) = try workspace.open()
    let devices = try accounts.devices(of: workspace.id, member: name)
    if output.json {
      Output.give(JSON.list(devices.map(Self.json)).encoded)
    } else {
      Output.give(
        devices.map { device in
          let since = device.revokedAt.map { "revoked \(UTCTime(seconds: $0))" }
          return [
            device.id, device.member.name, device.name,
            "\(UTCTime(seconds: device.enrolledAt))", since ?? "active",
          ]
        }, heading: ["ID", "MEMBER", "NAME", "ENROLLED", "STATE"])
    }
  }

  private static func json(_ device: Device) -> JSON {
    .object([
      ("id", .text(device.id)), ("member", .text(device.member.name)),
      ("name", .text(device.name)), ("key", .text(Hexadecimal.encode(device.key.bytes))),
      ("enrolled", .number(device.enrolledAt)), ("revoked", .optional(device.revokedAt)),
    ])
  }
}
