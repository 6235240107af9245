import ArgumentParser
import Glibc

@main
struct Dossier: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "dossier",
    abstract:
      "Partnerships, dialogues and action items: noted offline, level with the team, handed on as Markdown.",
    discussion: """
      A singular word writes, its plural lists. A record is named by its short id (a-7h3n), its slug, its name or \
      acronym. More, on dates, filters, fields and so on: dossier help topics.
      """,
    version: Version.text,
    subcommands: [Now.self, Complete.self],
    groupedSubcommands: [
      CommandGroup(
        name: "Daily",
        subcommands: [
          Open.self, Close.self, Note.self, Action.self, Decide.self, Position.self,
          Statement.self, LineToTake.self, Take.self, Done.self, Reopen.self, Overdue.self,
          Brief.self, Changes.self, Sync.self,
          Export.self,
        ]),
      CommandGroup(
        name: "List",
        subcommands: [
          List<Partnerships>.self, List<Dialogues>.self, List<Notes>.self, List<Actions>.self,
          List<Commitments>.self, List<Decisions>.self, List<Positions>.self,
          List<Statements>.self, List<Lines>.self, List<Parties>.self, List<Documents>.self,
          List<Acts>.self, List<Discrepancies>.self, List<Topics>.self, List<Roles>.self,
          List<Principles>.self, List<Instruments>.self, List<Devices>.self, List<Members>.self,
          Find.self, Timeline.self,
        ]),
      CommandGroup(
        name: "Record",
        subcommands: [
          New.self, Show.self, Edit.self, Log.self, SetFields.self, Tag.self, Link.self, Act.self,
          Role.self, Attend.self, Move.self, Merge.self, Remove.self, Restore.self, Undo.self,
          Redo.self,
          Ops.self,
        ]),
      CommandGroup(
        name: "Team",
        subcommands: [
          Review.self, Quarantine.self, Import.self, Access.self, Invite.self, Grant.self,
          Revoke.self,
        ]),
      CommandGroup(
        name: "Setup",
        subcommands: [
          Initialize.self, Join.self, Whoami.self, Configure.self, Doctor.self, Backup.self,
          Compact.self, Completions.self,
          Version.self,
        ]),
    ])

  static func main() async {
    signal(SIGPIPE, SIG_IGN)
    let arguments = Words.ordered(Array(CommandLine.arguments.dropFirst()))
    do {
      if arguments.count == 2, arguments[0] == "help", let text = HelpTopics.text(arguments[1]) {
        return say(text)
      }
      if arguments[0] == "help" { try HelpTopics.check(Array(arguments.dropFirst())) }
      try Words.checkEncoding()
      try Words.check(arguments[0], in: Self.self)
      var command = try parseAsRoot(arguments)
      if var command = command as? any AsyncParsableCommand {
        try await command.run()
      } else {
        try command.run()
      }
    } catch {
      finish(error, arguments)
    }
  }

  /// Says what went wrong and ends with the code that says it to programs.
  private static func finish(_ error: any Error, _ arguments: [String]) -> Never {
    let code = exitCode(for: error)
    if error is ExitCode { Glibc.exit(code.rawValue) }
    let text = fullMessage(for: error)
    let isParserError = "\(type(of: error))" == "CommandError" || error is ValidationError
    guard isParserError || error is CleanExit else {
      var failure = Failure(explaining: error)
      if arguments.first == "doctor", failure.fix == "dossier doctor" {
        failure.fix = "mv the folder of the store away, then   dossier join CODE"
        failure.details.append(
          "bring it back from a backup; what was synced also comes from the server")
      }
      refuse(Words.told(failure, arguments), arguments)
    }
    // Help and version are answers; the rest is a word the command does not know.
    if code == .success {
      say(text)
      Glibc.exit(0)
    }
    let slip = Slip(message(for: error), in: arguments)
    refuse(Words.told(slip.failure, arguments), arguments)
  }

  private static func refuse(_ failure: Failure, _ arguments: [String]) -> Never {
    tell(arguments.contains("--json") ? failure.json : failure.text)
    Glibc.exit(failure.exit)
  }
}
