import ArgumentParser

struct DeviceGroup: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "device", abstract: "Which machines members use.",
    subcommands: [DeviceList.self, DeviceRevoke.self])
}
