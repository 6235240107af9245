import ArgumentParser
import ChangeLog
import DossierModel
import DossierStore
import ReplicaStore
import SQLite
import SyncClient

struct Sync: AsyncParsableCommand {
  static let configuration = CommandConfiguration(abstract: "Exchange changes with the team.")

  @OptionGroup var options: GlobalOptions
  @Flag(help: "Say what waits; exchange nothing.") var status = false
  @Option(
    help: ArgumentHelp(
      "Say of one record what is sent, what waits and why; exchange nothing.", valueName: "REF"))
  var explain: String?
  @Option(
    name: .customLong("to"),
    help: ArgumentHelp(
      "Without a network: write a bundle, or add to a shared folder.", valueName: "FILE|DIR"))
  var target: String?
  @Option(
    name: .customLong("from"),
    help: ArgumentHelp(
      "Without a network: take a bundle, or what is new in a shared folder.",
      valueName: "FILE|DIR"))
  var source: String?
  @Option(
    name: .customLong("for"),
    help: ArgumentHelp(
      "Only what this member or machine lacks, by the last bundle it made.", valueName: "NAME"))
  var receiver: String?
  @Flag(help: "Give the server a snapshot now, for those who join later.") var snapshot = false
  @Flag(help: "Take a bundle of a machine that is not known here.") var trust = false
  @Flag(help: "Say what would be written or taken.") var dryRun = false

  func run() async throws {
    let context = try Context(options)
    if status { return try printStatus(context) }
    if let explain { return try SyncExplanation(context, explain).print() }
    if source != nil || target != nil {
      let sync = BundleSync(context, isDryRun: dryRun)
      if let source { try sync.read(from: source, trusts: trust) }
      if let target { try sync.write(to: target, for: receiver) }
      return
    }
    let line = try await SyncRun(context, givesSnapshot: snapshot).run()
    context.report(line)
  }

  func validate() throws {
    guard receiver == nil || target != nil else { throw ValidationError("--for goes with --to") }
    guard !trust || source != nil else { throw ValidationError("--trust goes with --from") }
    guard !dryRun || source != nil || target != nil else {
      throw ValidationError("--dry-run goes with --to and --from")
    }
  }

  private func printStatus(_ context: Context) throws {
    let store = context.store
    let identity = try store.replica.identity()
    let unsent = try store.replica.unsentCount()
    let waiting = try store.replica.waitingCount()
    let review = try store.replica.review().count
    let refused = try store.replica.refused()
    if context.wantsJSON {
      return try context.answer(
        object: .object([
          .init("unsent", .int(Int64(unsent))), .init("waiting", .int(Int64(waiting))),
          .init("review", .int(Int64(review))), .init("refused", .int(Int64(refused.count))),
          .init("position", .int(Int64(identity.cursor.position))),
        ]), of: ["unsent", "waiting", "review", "refused", "position"])
    }
    try context.refuseFields()
    say("remote     \(try store.setting("remote.address") ?? "none (dossier join CODE)")")
    if let last = try store.setting("sync.last").flatMap({ UInt64($0) }) {
      say("last sync  \(Machine.text(Timestamp(milliseconds: last)))")
    }
    say("to send    \(unsent)")
    if waiting > 0 { say("waiting    \(waiting) for changes that are not here yet") }
    say("to review  \(review)")
    for (id, reason) in refused { say("refused    \(id.description.prefix(12))  \(reason)") }
  }
}

/// One sync from the command line: lock, exchange, one line for the person.
struct SyncRun {
  private let context: Context
  private let givesSnapshot: Bool

  /// - Parameter givesSnapshot: whether the server is given a snapshot even if it has a recent one.
  init(_ context: Context, givesSnapshot: Bool = false) {
    self.context = context
    self.givesSnapshot = givesSnapshot
  }

  private func follow(_ report: SyncSession.Report, _ progress: Progress) {
    let state = "sent \(report.sent), received \(report.received)"
    progress.set(state)
    if context.options.verbose { tell("exchange \(report.exchanges): \(state)") }
  }

  func run() async throws -> String {
    let store = context.store
    guard let address = try store.setting("remote.address"),
      let token = try store.setting("remote.token").flatMap({ Token(text: $0) })
    else {
      throw Failure(
        "no-remote", exit: 78, "this store has no remote",
        details: ["an owner of a workspace gives you an invite code"], fix: "dossier join CODE")
    }
    guard let lock = try FileLock(path: store.folder + "/sync.lock") else {
      throw Failure("busy", exit: 75, "another sync of this store is running")
    }
    defer { withExtendedLifetime(lock) {} }
    try store.set("changes.before-sync", to: String(store.replica.lastNumber()))
    let remote = HTTPRemote(address: try ServerAddress(address), token: token)
    do {
      let report = try await context.working("exchanging") { progress in
        try await SyncSession(
          store.replica, with: remote, snapshotDistance: givesSnapshot ? 1 : 10_000,
          onStep: { follow($0, progress) }
        ).run()
      }
      if report.reissued != nil {
        // The new name must be introduced, and that change sent.
        try store.introduceAgain()
        _ = try await SyncSession(store.replica, with: remote).run()
      }
      try store.set("sync.last", to: String(Machine.surroundings().now()))
      return try line(report)
    } catch {
      var failure = Failure(explaining: error)
      if failure.exit == 69 {
        let unsent = try store.replica.unsentCount()
        var known =
          "nothing is lost: \(count(unsent, "change")) \(unsent == 1 ? "waits" : "wait") here"
        if let last = try store.setting("sync.last").flatMap({ UInt64($0) }) {
          known += ", last sync \(Machine.text(Timestamp(milliseconds: last)))"
        }
        failure.details.append(known)
      }
      throw failure
    }
  }

  private func line(_ report: SyncSession.Report) throws -> String {
    let authors = try context.store.authors()
    let members = Set(report.writers.map { authors[$0]?.member ?? $0.description })
    var lines = [
      "sent \(report.sent), received \(report.received)"
        + (members.isEmpty ? "" : " from \(count(members.count, "member"))")
    ]
    let review = try context.store.replica.review().count
    if review > 0 { lines[0] += "; \(count(review, "value")) to review (dossier review)" }
    if report.givenBack > 0 {
      lines.append("the server had lost \(count(report.givenBack, "change")); they were given back")
    }
    if let reissued = report.reissued {
      lines.append(
        "this store was copied or restored; it has a new name now"
          + (reissued > 0 ? ", and \(count(reissued, "unsent change")) kept" : ""))
    }
    if let reason = report.snapshotRefused {
      lines.append("the server did not take a snapshot of what is here: \(reason)")
    } else if report.isSnapshotTaken {
      lines.append("the server has a snapshot of what is here, for those who join later")
    } else if givesSnapshot {
      lines.append("there was no snapshot to be given: the server has this one, or something waits")
    }
    if report.setAside > 0 {
      lines.append(
        "the server refuses \(count(report.setAside, "change")) of colleagues that yours were built on;"
          + " they are set aside, yours were sent without them")
    }
    for (id, reason) in report.refused + report.quarantined {
      lines.append("refused \(id.description.prefix(12)): \(reason)")
    }
    return lines.joined(separator: "\n")
  }

  private func count(_ number: Int, _ word: String) -> String {
    "\(number) \(word)\(number == 1 ? "" : "s")"
  }
}
