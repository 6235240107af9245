import ArgumentParser
import ChangeLog
import SQLite

struct Version: ParsableCommand {
  static let text = "dossier 0.1.0"

  static let configuration = CommandConfiguration(
    abstract: "Version of the program and its formats.")

  func run() {
    say(Self.text)
    say(
      "changeset format \(Header.format), protocol \(SyncRequest.version), SQLite \(Connection.libraryVersion)"
    )
  }
}
