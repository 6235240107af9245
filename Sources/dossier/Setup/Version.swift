import ArgumentParser
import ChangeLog
import DossierModel
import SQLite

struct Version: ParsableCommand {
  static let text = "dossier 0.1.0"

  static let configuration = CommandConfiguration(
    abstract: "Version of the program and its formats.")

  @OptionGroup var options: GlobalOptions

  func run() {
    if options.json || options.format == .json {
      return say(
        JSON.object([
          .init("version", .string(String(Self.text.dropFirst("dossier ".count)))),
          .init("changeset_format", .int(Int64(Header.format))),
          .init("protocol", .int(Int64(SyncRequest.version))),
          .init("sqlite", .string(Connection.libraryVersion)),
        ]).line)
    }
    say(Self.text)
    say(
      "changeset format \(Header.format), protocol \(SyncRequest.version), SQLite \(Connection.libraryVersion)"
    )
  }
}
