import ChangeLog
import DossierModel
import DossierStore
import ReplicaStore
import SQLite
import SyncClient

/// The server that a store exchanges with, and what this device shows it.
struct TeamServer {
  private let address: ServerAddress
  private let trust: ServerTrust
  private let token: Token

  init(_ store: Store) throws {
    guard let address = try store.setting("remote.address") else {
      throw Failure(
        "no-remote", exit: 78, "this store has no remote",
        details: ["an owner of a workspace gives you an invite code"], fix: "dossier join CODE")
    }
    guard let token = try store.setting("remote.token").flatMap({ Token(text: $0) }) else {
      throw Failure(
        "token-missing", exit: 78,
        "what this device shows the server \(address) is lost from the store",
        details: ["what you wrote is kept here; with a new invite it stays the device it is"],
        fix: "dossier join CODE")
    }
    self.address = try ServerAddress(address)
    self.token = token
    trust = Self.trust(
      pin: try store.setting("remote.pin").flatMap { Hexadecimal.decode($0) } ?? [])
  }

  /// - Parameter pin: of the invite; empty when somebody vouches for the server.
  static func trust(pin: [UInt8]) -> ServerTrust {
    ServerTrust(pin: pin, authorities: Machine.environment("SSL_CERT_FILE"))
  }

  func session<Value>(_ work: (HTTPRemote) async throws -> Value) async throws -> Value {
    try await HTTPRemote.session(with: address, trusting: trust, showing: token, work)
  }
}

extension Context {
  fileprivate static let shutOutSetting = "sync.shut-out"

  /// Why the server lets this device in no more, as it said in the last sync; nil when it does.
  var shutOut: String? {
    get throws { try store.setting(Self.shutOutSetting).flatMap { $0.isEmpty ? nil : $0 } }
  }
}

extension Context {
  private static let clockSetting = "clock.ahead"

  /// In milliseconds; less than that nobody notices.
  private static let tolerance: Int64 = 5 * 60 * 1000

  /// Keeps how far the clock of this machine is from that of the server, when it is far.
  fileprivate func compareClocks(with serverTime: UInt64?) throws {
    guard let serverTime else { return }
    let ahead = Int64(clamping: Machine.surroundings().now()) - Int64(clamping: serverTime)
    let known = try store.setting(Self.clockSetting) ?? ""
    let told = abs(ahead) < Self.tolerance ? "" : String(ahead)
    if told != known { try store.set(Self.clockSetting, to: told) }
  }

  /// What time it is by the server's clock as the last sync found it, in milliseconds since 1970.
  func serverTime() throws -> UInt64 {
    let ahead = try store.setting(Self.clockSetting).flatMap { Int64($0) } ?? 0
    let (time, overflows) = Int64(clamping: Machine.surroundings().now())
      .subtractingReportingOverflow(ahead)
    return overflows ? .max : UInt64(clamping: time)
  }

  /// What is wrong with the clock of this machine, by that of the server in the last sync; nil when nothing is.
  var clockProblem: String? {
    get throws {
      guard let ahead = try store.setting(Self.clockSetting).flatMap({ Int64($0) }) else {
        return nil
      }
      let minutes = abs(ahead) / 60_000
      let length =
        minutes < 120
        ? "\(minutes) min" : minutes < 2880 ? "\(minutes / 60) h" : "\(minutes / 1440) days"
      return
        "the clock of this machine is \(length) \(ahead > 0 ? "ahead of" : "behind") the server's: what is written here is shown with the wrong time, and without a date of its own it stands in the wrong place of lists"
    }
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

  func run() async throws { try show(await report()) }

  /// One line for the person, and more where something is to be said; or one object.
  func show(_ report: SyncSession.Report) throws {
    guard context.wantsJSON else {
      return context.report(try lines(report).joined(separator: "\n"))
    }
    func json(_ changesets: [(id: ChangesetID, reason: Verdict.Refusal)]) -> JSON {
      .array(
        changesets.map { one in
          .object([
            .init("changeset", .string(one.id.description)), .init("why", .string("\(one.reason)")),
          ])
        })
    }
    let replica = context.store.replica
    let authors = members(report, try context.store.authors())
    let members: [JSON.Member] = [
      .init("sent", .int(Int64(report.sent))), .init("received", .int(Int64(report.received))),
      .init("from", .array(authors.map(JSON.string))),
      .init("exchanges", .int(Int64(report.exchanges))),
      .init("unsent", .int(Int64(try replica.unsentCount()))),
      .init("review", .int(Int64(try replica.review().count))),
      .init("refused", json(report.refused)), .init("quarantined", json(report.quarantined)),
      .init("given_back", .int(Int64(report.givenBack))),
      .init("remarks", .array(try remarks(report).map(JSON.string))),
    ]
    try context.answer(object: .object(members), of: members.map(\.key))
  }

  /// Who wrote what came, by name.
  private func members(
    _ report: SyncSession.Report, _ authors: [WriterID: Author]
  ) -> [String] {
    Set(report.writers.map { authors[$0]?.member ?? $0.description }).sorted()
  }

  /// - Parameter isFirst: whether what comes counts as new since the last sync.
  func report(isFirst: Bool = true) async throws -> SyncSession.Report {
    let store = context.store
    let server = try TeamServer(store)
    guard let lock = try FileLock(path: store.folder + "/sync.lock") else {
      throw Failure("busy", exit: 75, "another sync of this store is running")
    }
    defer { withExtendedLifetime(lock) {} }
    let before = try store.replica.lastNumber()
    do {
      let report = try await server.session { try await exchange($0) }
      if isFirst { try store.set("changes.before-sync", to: String(before)) }
      try store.set("sync.last", to: String(Machine.surroundings().now()))
      if try context.shutOut != nil { try store.set(Context.shutOutSetting, to: "") }
      return report
    } catch {
      // One that came to nothing is no sync; one that broke off behind a page is.
      if isFirst, try store.replica.lastNumber() > before {
        try store.set("changes.before-sync", to: String(before))
      }
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
      // Until the next sync that comes through: whoever looks is told.
      if failure.exit == 77 { try store.set(Context.shutOutSetting, to: failure.message) }
      if failure.exit == 77, try store.replica.unsentCount() > 0 {
        let unsent = try store.replica.unsentCount()
        failure.details.append(
          "\(count(unsent, "change")) never sent: still in dossier export, dossier backup FILE and dossier sync --to FILE"
        )
      }
      throw failure
    }
  }

  private func exchange(_ remote: HTTPRemote) async throws -> SyncSession.Report {
    let store = context.store
    let report = try await context.working("exchanging") { progress in
      try await SyncSession(
        store.replica, with: remote, snapshotDistance: givesSnapshot ? 1 : 10_000,
        onStep: { follow($0, progress) }
      ).run()
    }
    try context.compareClocks(with: remote.serverTime)
    if report.reissued != nil {
      // The new name must be introduced, and that change sent.
      try store.introduceAgain()
      _ = try await SyncSession(store.replica, with: remote).run()
    }
    return report
  }

  private func lines(_ report: SyncSession.Report) throws -> [String] {
    let members = members(report, try context.store.authors())
    var first =
      "sent \(report.sent), received \(report.received)"
      + (members.isEmpty ? "" : " from \(count(members.count, "member"))")
    let review = try context.store.replica.review().count
    if review > 0 { first += "; \(count(review, "value")) to review (dossier review)" }
    return try [first] + remarks(report)
  }

  /// What is not so every day.
  private func remarks(_ report: SyncSession.Report) throws -> [String] {
    var lines: [String] = []
    if report.givenBack > 0 {
      lines.append("the server had lost \(count(report.givenBack, "change")); they were given back")
    }
    if report.isRenamed {
      lines.append(
        "its log has a new name: it was restored, renewed, or took in again what it had lost")
    }
    if report.hasChangedItsPast {
      lines.append(
        "its log is another one now, under the same name: ask whoever runs it whether it was set back without dossier-server restore or renew, which give it a new one; if not, it shows people different things. Once that is clear: dossier doctor --settle"
      )
    }
    if report.splitViews > 0 {
      lines.append(
        "the server showed somebody else another log than this machine (dossier doctor)")
    }
    if report.rewritten > 0 {
      lines.append(
        "\(count(report.rewritten, "unsent change")) of this machine \(report.rewritten == 1 ? "was" : "were") written again under a new name: the former device, or one they were built on, is shut out"
      )
    }
    if let reissued = report.reissued, reissued != report.rewritten || reissued == 0 {
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
    if report.members > 0 {
      lines.append(
        "\(count(report.members, "statement")) about who belongs to the team (dossier access)")
    }
    for (id, reason) in report.refused + report.quarantined {
      lines.append("refused \(id.description.prefix(12)): \(reason)")
    }
    if !report.quarantined.isEmpty {
      lines.append("what they say can be read: dossier quarantine")
    }
    if let problem = try context.clockProblem { lines.append(problem) }
    if !context.store.hasKey {
      lines.append(
        "the key of this device is lost: nothing new can be written here (dossier doctor)")
    } else if try isUnknown() {
      lines.append(
        "the team does not know the new key of this machine: ask for an invite, then dossier join CODE"
      )
    }
    return lines
  }

  /// Whether what is written here waits until a new key is let in.
  private func isUnknown() throws -> Bool {
    let members = try context.store.replica.membership()
    return !members.isEmpty && members.device(context.store.replica.publicKey) == nil
  }

  private func count(_ number: Int, _ word: String) -> String {
    "\(number) \(word)\(number == 1 ? "" : "s")"
  }
}
