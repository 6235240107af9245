import ArgumentParser
import ChangeLog
import DossierModel
import DossierStore
import ReplicaStore
import SQLite

struct Doctor: StoreCommand {
  static let configuration = CommandConfiguration(
    abstract: "What is wrong with the store, and what to type; ends with 1 when anything is.")

  @OptionGroup var options: GlobalOptions

  func run(_ context: Context) throws {
    if newKey { return try context.makeNewKey() }
    if settle { return try context.settleSplitViews() }
    let findings = try context.working("looking at everything") { (_: Progress) in
      try self.findings(context)
    }
    if context.wantsJSON {
      try context.answer(objects: findings.map(\.json), of: ["subject", "good", "problem"])
    } else {
      try context.refuseFields()
      try show(findings, context)
    }
    if findings.contains(where: { $0.problem != nil }) {
      guard rebuild else { throw ExitCode(1) }
    }
    if rebuild {
      try context.store.replica.rebuild()
      context.report("all tables were made anew from the log")
    }
  }

  private func show(_ findings: [Finding], _ context: Context) throws {
    for finding in findings {
      say(
        "\(finding.problem == nil ? "ok " : "BAD")  \(finding.subject)\(finding.problem.map { ": \($0)" } ?? "")"
      )
    }
    say("     \(Version.text), SQLite \(Connection.libraryVersion), \(context.store.folder)")
    let waiting = try Unsaved.count()
    if waiting > 0 {
      say(
        "     \(waiting) text\(waiting == 1 ? "" : "s") that could not be saved wait in \(Context.unsavedFolder)"
      )
    }
  }

  private func findings(_ context: Context) throws -> [Finding] {
    var findings: [Finding] = []
    findings.append(try Finding("database file", context.store.integrity()))
    findings.append(
      Finding(
        "log: chain, hashes, signatures", Self.problem { try context.store.replica.checkLog() }))
    let deviations = try context.store.replica.deviations()
    findings.append(
      Finding(
        "records against the log",
        deviations.isEmpty
          ? nil
          : "\(deviations.count) records are not what the log says; try: dossier doctor --rebuild"))
    let tables = try context.store.tablesFollowFromLog()
    findings.append(
      Finding(
        "lists and search against the log",
        tables ? nil : "they differ; try: dossier doctor --rebuild"))
    findings.append(
      Finding(
        "key of this device",
        context.store.hasKey
          ? nil
          : "\(context.store.folder)/device.key is missing or another's: nothing can be written; try: dossier join CODE   or dossier doctor --new-key"
      ))
    findings.append(Finding("file modes", try openFiles(context.store.folder)))
    findings.append(Finding("clock", try clock(context)))
    findings.append(Finding("waiting", try waiting(context)))
    findings.append(Finding("remote", try remote(context)))
    findings.append(Finding("what the server shows everybody", try splitViews(context)))
    return findings
  }

  @Flag(help: "Make all tables anew from the log.") var rebuild = false
  @Flag(help: "Go on with a new key, because that of this device is lost.") var newKey = false
  @Flag(help: "What the server showed people differently was looked into, and is told no more.")
  var settle = false

  private struct Finding {
    let subject: String
    let problem: String?

    init(_ subject: String, _ problem: String?) {
      self.subject = subject
      self.problem = problem
    }

    var json: JSON {
      .object([
        .init("subject", .string(subject)), .init("good", .bool(problem == nil)),
        .init("problem", problem.map(JSON.string) ?? .null),
      ])
    }
  }

  private static func problem(_ check: () throws -> Void) -> String? {
    do {
      try check()
      return nil
    } catch { return Failure(explaining: error).message }
  }

  private func openFiles(_ folder: String) throws -> String? {
    let open = try [folder, folder + "/dossier.db", folder + "/device.key"].filter {
      try Files.isOpenToOthers($0)
    }
    return open.isEmpty
      ? nil
      : "others can read \(open.joined(separator: ", ")); try: chmod go-rwx \(open.joined(separator: " "))"
  }

  private func clock(_ context: Context) throws -> String? {
    if let problem = try context.clockProblem { return problem }
    let latest = try context.store.replica.latest(200).map { $0.changeset.header }
    let now = Machine.surroundings().now()
    let authors = try context.store.authors()
    let day: UInt64 = 86_400_000
    guard let ahead = latest.first(where: { $0.clock.milliseconds > now + day }) else { return nil }
    let hours = (ahead.clock.milliseconds - now) / 3_600_000
    return
      "\(authors[ahead.writer]?.device ?? "a device") is \(hours) h ahead of this machine; harmless, but its times are shown wrong"
  }

  /// Work that only this machine has, for longer than a week.
  private func remote(_ context: Context) throws -> String? {
    guard try context.store.setting("remote.address") != nil else { return nil }
    if let refusal = try context.shutOut {
      return "the server lets this device in no more: \(refusal)"
    }
    let unsent = try context.store.replica.unsentCount()
    guard unsent > 0 else { return nil }
    let waits =
      "\(unsent) change\(unsent == 1 ? "" : "s") \(unsent == 1 ? "is" : "are") on this machine alone"
    guard let last = try context.store.setting("sync.last").flatMap({ UInt64($0) }) else {
      return waits + ", and it has never synced; try: dossier sync"
    }
    let now = Machine.surroundings().now()
    let week: UInt64 = 7 * 86_400_000
    guard now > last, now - last > week else { return nil }
    return waits + ", last sync \(Machine.text(Timestamp(milliseconds: last))); try: dossier sync"
  }

  private func splitViews(_ context: Context) throws -> String? {
    let open = try context.store.replica.splitViews().filter { !$0.isSettled }
    guard let first = open.first else { return nil }
    var shown =
      "it showed this machine two logs under one name: what it had at number \(first.here.position) is not there any more"
    if let changeset = first.changeset {
      let author = try context.store.authors()[changeset.header.writer]
      let whom = author.map { "\($0.member) on \($0.device)" } ?? "somebody"
      shown =
        "it showed \(whom) another log than this machine, under one name: change \(changeset.id.description.prefix(12)) was signed knowing of a log that at number \(first.here.position) is not the one here"
    }
    return shown
      + (open.count > 1 ? ", and \(open.count - 1) more" : "")
      + "; noticed \(Machine.text(first.noticed)). Either it was set back without dossier-server restore or renew, which give the log a new name, or it keeps words from people: ask whoever runs it, and exchange bundles with your colleagues (dossier sync --to FILE); when it is settled: dossier doctor --settle"
  }

  private func waiting(_ context: Context) throws -> String? {
    let refused = try context.store.replica.refused()
    let waiting = try context.store.replica.waitingCount()
    var problems: [String] = []
    if !refused.isEmpty {
      problems.append("the remote refused \(refused.count) changes (dossier sync --status)")
    }
    if waiting > 0 { problems.append("\(waiting) changes wait for others that are not here yet") }
    return problems.isEmpty ? nil : problems.joined(separator: "; ")
  }
}

extension Context {
  fileprivate func settleSplitViews() throws {
    let open = try store.replica.splitViews().count { !$0.isSettled }
    guard open > 0 else {
      throw Failure(
        "nothing-waits", exit: 66, "the server showed everybody the same, as far as is known here")
    }
    try store.replica.settleSplitViews()
    report("settled; the changes that show it stay in the store")
  }

  /// Takes a new key in the place of the one that is lost, without a network.
  fileprivate func makeNewKey() throws {
    guard !store.hasKey else {
      throw Failure(
        "exists", exit: 73, "the key of this device is here, and good",
        details: [
          "nothing was changed", "a device that was shut out comes in again with a new one:",
        ], fix: "dossier join CODE --new-key")
    }
    let key = try store.newKey()
    try store.transaction {
      try store.startNewWriter(with: key)
      try store.introduceAgain()
    }
    if let former = try store.settleKey() { report("what stood in its place is in \(former)") }
    report("this machine has a new key, and writes under a new name")
    if try store.setting("remote.address") != nil {
      report(
        "  the team does not know it yet: ask for an invite, then dossier join CODE\n"
          + "  what is written until then waits here")
    } else {
      report("  who took bundles of this machine says --trust to the next one, once")
    }
  }
}
