import ArgumentParser
import ChangeLog
import DossierModel
import DossierStore
import ReplicaStore

struct Sync: AsyncParsableCommand {
  static let configuration = CommandConfiguration(abstract: "Exchange changes with the team.")

  @OptionGroup var options: GlobalOptions
  @Flag(help: "Say what waits; exchange nothing.") var status = false
  @Flag(help: "Stay, and exchange as soon as somebody has something new, until interrupted.")
  var watch = false
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
    if watch { return try await SyncWatch(context: context).run() }
    try await SyncRun(context, givesSnapshot: snapshot).run()
  }

  func validate() throws {
    guard receiver == nil || target != nil else { throw ValidationError("--for goes with --to") }
    guard !watch || (source == nil && target == nil && !status && explain == nil) else {
      throw ValidationError("--watch goes with a server alone")
    }
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
    if let refusal = try context.shutOut { say("shut out   \(refusal)") }
    say("to send    \(unsent)")
    if waiting > 0 { say("waiting    \(waiting) for changes that are not here yet") }
    say("to review  \(review)")
    for (id, reason) in refused { say("refused    \(id.description.prefix(12))  \(reason)") }
  }
}
