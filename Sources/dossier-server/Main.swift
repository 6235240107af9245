import ArgumentParser
import LogStore

/// `dossier-server`: the server of a team, and all its administrator does with it.
@main
struct DossierServer: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "dossier-server",
    abstract: "Keeps a team's dossiers level: stores what devices send and hands it out.",
    version: "0.1.0",
    subcommands: [
      Init.self, Serve.self, User.self, DeviceGroup.self, WorkspaceGroup.self, Check.self,
      Stats.self, Compact.self, Backup.self, Restore.self, Renew.self, Migrate.self,
    ])

  static func main() async {
    do {
      var command = try parseAsRoot()
      if var asynchronous = command as? any AsyncParsableCommand {
        try await asynchronous.run()
      } else {
        try command.run()
      }
    } catch let failure as Failure {
      failure.printAndExit()
    } catch let error as StoreError {
      Failure(error).printAndExit()
    } catch {
      guard exitCode(for: error) == .validationFailure else { exit(withError: error) }
      Slip(message(for: error)).failure.printAndExit()
    }
  }
}
