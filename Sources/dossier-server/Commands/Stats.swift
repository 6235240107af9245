import ArgumentParser
import LogStore
import SyncServer

struct Stats: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Show what is stored, and how far each device has read.")

  @OptionGroup var data: DataOptions

  @Option(help: ArgumentHelp("Only this workspace.", valueName: "name"))
  var workspace: String?

  @OptionGroup var output: JSONOption

  func run() throws {
    let folder = try data.folder()
    let accounts = try Accounts(in: folder)
    let log = try LogReader(in: folder)
    let chosen = try workspace.map { [try accounts.workspace(named: $0)] }
    let reports = try (chosen ?? accounts.workspaces()).map {
      WorkspaceReport(
        workspace: $0, statistics: try log.statistics(of: $0.id),
        devices: try accounts.devices(of: $0.id))
    }
    if output.json {
      Output.give(JSON.list(reports.map(\.json)).encoded)
    } else {
      Output.give(
        reports.map(\.summary),
        heading: ["WORKSPACE", "CHANGESETS", "BYTES", "WRITERS", "DEVICES"])
      let devices = reports.flatMap(\.rows)
      if Output.isTerminal, !devices.isEmpty { Output.give("") }
      Output.give(
        devices, heading: ["WORKSPACE", "DEVICE", "MEMBER", "NAME", "LAST CONTACT", "LAG"])
      for report in reports {
        for fork in report.statistics.forks {
          Output.tell(
            "in \(report.workspace.name) a store of device \(fork.device) was copied or restored, or its key is in other hands:"
              + " two branches were written as \(fork.writer)")
        }
      }
    }
  }
}

/// What `stats` says of one workspace.
private struct WorkspaceReport {
  let workspace: WorkspaceAccount
  let statistics: LogReader.Statistics
  let devices: [Device]

  var summary: [String] {
    [
      workspace.name, "\(statistics.changesets)", "\(statistics.bytes)", "\(statistics.writers)",
      "\(devices.count)",
    ]
  }

  var rows: [[String]] {
    devices.map { device in
      let contact = statistics.contacts[device.id]
      let last = contact.map { "\(UTCTime(seconds: $0.at))" }
      return [
        workspace.name, device.id, device.member.name, device.name,
        device.isRevoked ? "revoked" : last ?? "never", "\(lag(contact))",
      ]
    }
  }

  var json: JSON {
    .object([
      ("workspace", .text(workspace.name)), ("id", .text("\(workspace.id)")),
      ("changesets", .number(statistics.changesets)), ("bytes", .number(statistics.bytes)),
      ("writers", .number(statistics.writers)),
      (
        "forks",
        .list(
          statistics.forks.map {
            .object([("writer", .text("\($0.writer)")), ("device", .text($0.device))])
          })
      ),
      (
        "devices",
        .list(
          devices.map { device in
            let contact = statistics.contacts[device.id]
            return .object([
              ("id", .text(device.id)), ("member", .text(device.member.name)),
              ("name", .text(device.name)), ("revoked", .optional(device.revokedAt)),
              ("lastContact", .optional(contact?.at)), ("lag", .number(lag(contact))),
            ])
          })
      ),
    ])
  }

  /// How many changesets the device had not read when it was last here.
  private func lag(_ contact: LogReader.Contact?) -> Int {
    max(0, statistics.changesets - (contact?.position ?? 0))
  }
}
