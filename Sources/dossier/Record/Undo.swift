import ArgumentParser
import ChangeLog
import DossierModel
import DossierPages
import DossierStore
import ReplicaStore

struct Undo: StoreCommand {
  static let configuration = CommandConfiguration(
    abstract: "Take back your last command on this machine, or one of the list that ops shows.",
    discussion: "Safe after a sync: what others have built on since stays as it is.")

  @OptionGroup var options: GlobalOptions
  @Argument(help: ArgumentHelp("Its number in ops; the last one when absent.", valueName: "N"))
  var number: Int?
  @Flag(help: "Also what a colleague, or another machine of yours, did.") var others = false

  func run(_ context: Context) throws {
    guard let number else { return try context.report(context.store.undo(), "undid") }
    guard number > 0,
      let command = try context.store.commands(number).last, command.number == number
    else {
      throw Failure(
        "no-such-command", exit: 66, "there is no command \(number)",
        details: ["nothing was taken back"], fix: "dossier ops",
        input: "\(number)")
    }
    guard command.isOwn || others else {
      let author = try context.store.authors()[command.logged.changeset.header.writer]
      throw Failure(
        "not-yours", exit: 77,
        "command \(number) is by \(author.map { "\($0.member) on \($0.device)" } ?? "somebody else")",
        details: ["nothing was taken back"], fix: "dossier undo \(number) --others")
    }
    guard !command.isUndone else {
      throw Failure("undone", exit: 73, "command \(number) is undone already", fix: "dossier ops")
    }
    try context.report(context.store.undo(command), "undid")
  }
}

struct Redo: StoreCommand {
  static let configuration = CommandConfiguration(abstract: "Take back the last undo.")

  @OptionGroup var options: GlobalOptions

  func run(_ context: Context) throws {
    try context.report(context.store.redo(), "did again")
  }
}

struct Ops: StoreCommand {
  static let configuration = CommandConfiguration(
    abstract: "The last commands of everybody: who, when, what; undo N takes one back.")

  @OptionGroup var options: GlobalOptions
  @Option(help: ArgumentHelp("At most so many.", valueName: "N")) var limit = 20
  @Flag(help: "Only those of this machine.") var mine = false

  func run(_ context: Context) throws {
    try Failure.check(limit: limit, least: 1)
    let authors = try context.store.authors()
    var table = Table(header: ["n", "when", "who", "command", "records", ""])
    var objects: [JSON] = []
    for command in try context.store.commands(limit) where command.isOwn || !mine {
      let logged = command.logged
      let who = authors[logged.changeset.header.writer]
      let titles = try context.titles(of: logged)
      let marks = [
        command.isUndone ? "undone" : "", logged.isSent ? "" : "waits to sync",
      ].filter { !$0.isEmpty }
      if context.wantsJSON {
        objects.append(
          .object([
            .init("number", .int(Int64(command.number))),
            .init("at", .int(Int64(logged.changeset.header.clock.milliseconds))),
            .init("by", .string(who?.member ?? "")), .init("device", .string(who?.device ?? "")),
            .init("command", .string(logged.body.intent)),
            .init("records", .array(titles.map { .string($0) })),
            .init("undone", .bool(command.isUndone)), .init("sent", .bool(logged.isSent)),
          ]))
      } else {
        table.rows.append([
          "\(command.number)", Machine.text(logged.changeset.header.clock),
          who.map { "\($0.member) on \($0.device)" } ?? "unknown writer", logged.body.intent,
          titles.joined(separator: ", "), marks.joined(separator: ", "),
        ])
      }
    }
    if context.wantsJSON {
      return try context.answer(
        objects: objects,
        of: ["number", "at", "by", "device", "command", "records", "undone", "sent"])
    }
    try context.refuseFields()
    context.show(table)
  }
}

extension Context {
  /// What the records a command changed are called: at most three, and how many more.
  func titles(of logged: Logged) throws -> [String] {
    var seen: [String] = []
    var count = 0
    var known: Set<EntityID> = []
    for entity in logged.body.operations.map(\.entity) where known.insert(entity).inserted {
      guard let found = try store.found(entity) else { continue }
      count += 1
      if seen.count < 3 { seen.append("\(found.short) \(found.title)") }
    }
    return seen + (count > 3 ? ["… \(count - 3) more"] : [])
  }

  /// Prints rows: aligned on a terminal, separated by tabs in a pipe, or for a spreadsheet.
  fileprivate func report(_ report: UndoReport?, _ verb: String) throws {
    guard let report else {
      throw Failure(
        "nothing-to-undo", exit: 66,
        verb == "undid" ? "there is nothing to take back" : "there is no undo to take back")
    }
    guard report.count > 0 || report.skipped.isEmpty else {
      throw Failure(
        "changed-since", exit: 73,
        "\(report.intent) was changed again since; nothing was taken back",
        details: report.skipped.map { "\($0.short)  \($0.title)" }
          + ["an earlier command can be taken back all the same: dossier ops, dossier undo N"],
        fix: report.skipped.first.map { "dossier log \($0.short)" })
    }
    let logged = try store.replica.changeset(report.changeset)
    let titles = try logged.map { try self.titles(of: $0) } ?? []
    self.report(
      "\(verb) \(report.intent): \(report.count) \(report.count == 1 ? "change" : "changes")"
        + (titles.isEmpty ? "" : " · " + titles.joined(separator: ", ")))
    for found in report.skipped {
      self.report("  \(found.short) was changed again since and stays as it is · \(found.title)")
    }
  }
}
