import ArgumentParser
import ChangeLog
import DossierStore
import ReplicaStore
import SQLite
import SyncClient

struct Join: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract:
      "Enter a team's workspace with an invite code or a bundle; what was noted here comes along.")

  @OptionGroup var options: GlobalOptions
  @Argument(
    help: ArgumentHelp(
      "The code from the owner of the workspace; - reads standard input. Or a bundle.",
      valueName: "CODE|FILE"))
  var code: String
  @Option(help: "Your name, when you enter with a bundle.") var name: String?
  @Option(help: "What this machine is called.") var device: String?
  @Flag(help: "Enter with a new key, because the device was shut out.") var newKey = false

  func run() async throws {
    if code != "-", Files.isFolder(code) {
      throw Failure(
        "no-file", exit: 66, "\"\(code)\" is a folder; a bundle is a file",
        details: ["nothing was changed"], fix: "dossier join FILE", input: code)
    }
    if code != "-", let bytes = try Files.read(code) { return try joinWithout(network: bytes) }
    let text = code == "-" ? readLine() ?? "" : code
    let invite: InviteCode
    do { invite = try InviteCode(text: text) } catch { throw Self.failure(text, error) }
    let (context, isNew) = try Context.joining(options, invite, device: device)
    let isSame = try context.store.replica.identity().workspace == invite.workspace
    // Into one's own workspace again: its server was set up anew, or this device's token is lost.
    if try context.store.setting("remote.address") != nil, !isSame {
      throw ReplicaError.alreadyJoined
    }
    if isSame, invite.encryption == .none, try context.store.replica.membership().isEncrypted {
      throw Failure(
        "not-encrypted", exit: 77,
        "this workspace is encrypted, and the code is for one that is not",
        details: [
          "nothing was changed, nothing was sent",
          "whoever keeps the server makes another: dossier-server init --encrypted --workspace-id ID",
        ], fix: "dossier whoami")
    }
    let name = device ?? Machine.hostName
    let now = Machine.surroundings().now()
    let founding = try Self.founding(invite, isSame ? context.store.replica : nil, now)
    let shown = !founding.isEmpty && !isSame
    let takesNewKey = newKey || !context.store.hasKey
    let key = try takesNewKey ? context.store.newKey() : context.store.deviceKey
    let answer: JoinResponse
    do {
      answer = try await HTTPRemote.join(
        invite, trusting: TeamServer.trust(pin: invite.pin), deviceName: name,
        key: key, now: now, founding: founding)
    } catch {
      // Whoever came to nothing with somebody else's code keeps his own name.
      if isNew { try context.store.introduce(member: Machine.userName, device: name) }
      throw Self.failure(error, shows: shown)
    }
    let head = founding.first?.id ?? invite.membershipHead
    let keys = try Self.keys(invite, answer, head)
    try context.store.transaction {
      if takesNewKey { try context.store.startNewWriter(with: key) }
      if isSame {
        try context.store.replica.keep(keys, sealingWith: keys.keys.max())
      } else {
        try context.store.enter(invite.workspace, as: answer.member, holding: keys)
      }
      try context.store.replica.trustMembership(with: head)
      try context.store.replica.begin(with: answer.members)
      try context.store.set("remote.address", to: invite.address)
      try context.store.set("remote.token", to: answer.token.text)
      try context.store.set("remote.pin", to: Hexadecimal.encode(invite.pin))
      try context.store.set("remote.device", to: answer.device)
      try context.store.set("remote.workspace", to: answer.workspaceName)
      try context.store.introduce(member: answer.member, device: name)
    }
    if takesNewKey {
      let former = try context.store.settleKey()
      context.report(
        "this machine has a new key, and writes under a new name"
          + (former.map { "; what stood in its place is in \($0)" } ?? ""))
    }
    context.report("joined \(answer.workspaceName) as \(answer.member) (\(answer.role)) on \(name)")
    try await SyncRun(context).run()
  }

  /// What founds an encrypted workspace; empty for who enters one.
  ///
  /// - Parameter replica: one of that workspace already, whose server was lost.
  private static func founding(
    _ invite: InviteCode, _ replica: Replica?, _ now: UInt64
  ) throws -> [MembershipEntry] {
    guard case .founding = invite.encryption else { return [] }
    if let replica, try !replica.membership().isEmpty {
      guard let known = try replica.foundingAgain(invite) else {
        throw Failure(
          "not-allowed", exit: 77, "only an owner's machine puts this workspace on another server",
          details: ["nothing was changed"], fix: "dossier access")
      }
      return known
    }
    let made = try Founding(invite, now: now, random: Machine.secret)
    // First of all: a machine that dies behind the founding comes in with it.
    show(made.recovery)
    return made.entries
  }

  /// Says of a join that came to nothing here whether the server may have done it all the same.
  ///
  /// - Parameter shown: whether a recovery code was shown.
  private static func failure(_ error: any Error, shows shown: Bool) -> Failure {
    var failure = Failure(explaining: error)
    let void = shown ? ["the recovery code above is void: the next try shows another"] : []
    switch error {
    case SyncError.unreachable, SyncError.untrusted:
      failure.details += ["nothing was changed; the code can be tried again"] + void
      return failure
    case SyncError.refused(403, let text) where text.contains("expired"):
      failure.details += ["if the clock of this machine is wrong, set it and try again"] + void
      return failure
    case SyncError.refused(403, let text) where text.hasSuffix("join with a new key"):
      failure.fix = "dossier join CODE --new-key"
      return failure
    case SyncError.unanswered, SyncError.notOurServer, SyncError.brokenAnswer,
      SyncError.refused(500..., _):
      break
    default:
      failure.details += void
      return failure
    }
    failure.details += [
      "nothing was changed here, but the server may have let this machine in and used the code up",
      "try the code once more; when it is refused as used, a new invite for the same member ends it:",
      "this machine then comes in as the device it is. If it is not to come in, have that device revoked",
    ]
    if shown {
      failure.details.append(
        "when it was used up all the same: join with the recovery code; one shown above is void else"
      )
    }
    return failure
  }

  /// The keys of an encrypted workspace, by epoch; none of another.
  private static func keys(
    _ invite: InviteCode, _ answer: JoinResponse, _ head: Digest
  ) throws -> [UInt64: EpochKey] {
    guard invite.encryption != .none else { return [:] }
    guard let members = try invite.members(in: answer, with: head) else {
      throw ReplicaError.foreignMembers
    }
    return members.keys
  }

  /// The only time that it is anywhere but on paper.
  private static func show(_ recovery: InviteCode) {
    tell("")
    tell("the recovery code of this workspace, shown this once:")
    tell("")
    say(recovery.text)
    tell("")
    tell(
      "it lets a device of an owner in when all others are lost; whoever has it can read everything"
    )
    tell(
      "  print it and lock it away; to see that the copy is good: dossier access --check-recovery -"
    )
  }

  /// What is wrong with words that are no invite code.
  private static func failure(_ text: String, _ error: any Error) -> Failure {
    let shown = text.count <= 24 ? text : text.prefix(24) + "…"
    let make = text.prefix { $0 != "-" }
    let message: String
    if "\(error)".contains("newer") {
      message = "the invite code \"\(shown)\" was made by a newer version of dossier"
    } else if make.lowercased() == "dossier1" {
      message = "the invite code \"\(shown)\" is cut or mistyped"
    } else if text.count > 8, text.contains("-"), make.last?.isNumber == true {
      message = "\"\(shown)\" is a code of another program, or of a newer version: \(make)-"
    } else {
      message = "\"\(shown)\" is no invite code, and no file is called so"
    }
    return Failure(
      "bad-code", exit: 65, message,
      details: [
        "an invite code begins with dossier1- and can be used once; nothing was changed",
        "whoever keeps the server makes another: dossier-server user invite NAME",
      ], input: text)
  }

  /// Enters the workspace of a bundle. Whoever gave it must then take one from here, once with --trust.
  private func joinWithout(network bytes: [UInt8]) throws {
    let bundle = try BundleSync.bundle(bytes, code)
    let member = name ?? Machine.userName
    let machine = device ?? Machine.hostName
    let context: Context
    do { context = try Context(options) } catch StoreError.notSetUp {
      _ = try Context.create(Context.folder(options), name: member, device: machine)
      context = try Context(options)
    }
    let isSame = try context.store.replica.identity().workspace == bundle.workspace
    guard !isSame else {
      throw Failure(
        "already-joined", exit: 73, "this store belongs to the workspace of that bundle already",
        fix: "dossier sync --from \(code)")
    }
    try context.store.transaction {
      try context.store.enter(bundle.workspace, as: member)
      try context.store.replica.take(bundle)
      try context.store.introduce(member: member, device: machine)
    }
    context.report("joined the workspace of \(bundle.maker) as \(member) on \(machine)")
  }
}

extension Context {
  /// The store here, or a new one.
  fileprivate static func joining(
    _ options: GlobalOptions, _ invite: InviteCode, device: String?
  ) throws -> (context: Context, isNew: Bool) {
    do { return (try Context(options), false) } catch StoreError.notSetUp {
      _ = try create(folder(options), name: invite.member, device: device ?? Machine.hostName)
      return (try Context(options), true)
    }
  }
}
