import ArgumentParser
import ChangeLog
import DossierStore
import ReplicaStore

/// Lets a device of somebody in: an owner's word, which the server keeps and everybody checks.
struct Invite: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Print a code that lets one device of somebody in, once. Owners may.")

  @OptionGroup var options: GlobalOptions
  @Argument(help: "Who: a member, or somebody new.") var name: String
  @Option(
    help: ArgumentHelp("What somebody new may do: owner, editor or reader.", valueName: "role"))
  var role = "editor"
  @Option(help: ArgumentHelp("For how many hours.", valueName: "hours")) var valid = 48

  func validate() throws {
    guard (1...8760).contains(valid) else { throw ValidationError("--valid is 1 to 8760 hours") }
  }

  func run() async throws {
    let context = try Context(options)
    let role = try AccessStatement.role(role)
    let secret = Machine.secret(32)
    let inviting = try DeviceKey(seed: secret)
    var expires: UInt64 = 0
    let entries = try await AccessStatement(context).say(to: inviting.sealingKey) {
      membership, replica in
      // By the earlier of two clocks, the server's as it was heard a moment ago: neither makes an invite last.
      let now = try min(Machine.surroundings().now(), context.serverTime())
      expires = now + UInt64(valid) * 3_600_000
      var statements: [MembershipEntry.Statement] = []
      if membership.member(name) == nil {
        statements.append(.member(name: name, role: role, heads: []))
      }
      return statements + [
        .invite(
          member: name, key: inviting.publicKey, expires: expires)
      ]
    }
    let store = context.store
    let code = InviteCode(
      address: try store.setting("remote.address") ?? "",
      workspace: try store.replica.identity().workspace, member: name, secret: secret,
      pin: try store.setting("remote.pin").flatMap { Hexadecimal.decode($0) } ?? [],
      membershipHead: entries.last?.id ?? .zero,
      encryption: try store.replica.membership().isEncrypted ? .sealed : .none)
    say(code.text)
    tell("for one device of \(name), until \(Machine.text(Timestamp(milliseconds: expires)))")
    tell("  on that device: dossier join CODE")
    if let problem = try context.clockProblem { tell(problem) }
  }
}

/// Says what a member may do.
struct Grant: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Say what a member may do: owner, editor, reader or none. Owners may.")

  @OptionGroup var options: GlobalOptions
  @Argument(help: "Who.") var name: String
  @Argument(help: "owner, editor, reader, or none to shut all devices of the member out.")
  var role: String

  func run() async throws {
    let context = try Context(options)
    let role = self.role == "none" ? nil : try AccessStatement.role(self.role)
    _ = try await AccessStatement(context).say { membership, replica in
      guard membership.member(name) != nil else {
        throw AccessStatement.nobody(name, membership)
      }
      let others = membership.members.filter { $0.role == .owner && $0.name != name }
      guard role == .owner || membership.member(name)?.role != .owner || !others.isEmpty else {
        throw AccessStatement.lastOwner(name)
      }
      let statement = MembershipEntry.Statement.member(name: name, role: role, heads: [])
      let heads = try replica.heads(of: membership.closed(by: statement))
      return [.member(name: name, role: role, heads: heads)]
    }
    context.report(
      role.map { "\(name) is \($0.rawValue) from now on" }
        ?? "\(name) is shut out from now on; what was sent before stays")
  }
}

/// Shuts a device out.
struct Revoke: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Shut a device out for ever, such as one that was lost. Owners may.")

  @OptionGroup var options: GlobalOptions
  @Argument(help: ArgumentHelp("Its id, as dossier access prints it, or its name.")) var device:
    String

  func run() async throws {
    let context = try Context(options)
    var found: Membership.Device?
    _ = try await AccessStatement(context).say { membership, replica in
      let matching = membership.devices.filter {
        $0.revoked == nil && ($0.key.deviceID.hasPrefix(device) || $0.name == device)
      }
      guard let one = matching.first, matching.count == 1 else {
        throw AccessStatement.noDevice(device, matching)
      }
      found = one
      return [.revoke(key: one.key, heads: try replica.heads(of: [one.key]))]
    }
    guard let found else { return }
    context.report(
      "\(found.name) of \(found.member) is shut out; what it sent stays, what it has not sent stays on it"
    )
  }
}

/// What an owner says of the members: level with the server first, then said, then heard back.
struct AccessStatement {
  private let context: Context

  init(_ context: Context) { self.context = context }

  /// How often to begin again when a colleague was faster.
  private static let attempts = 5

  /// - Parameters:
  ///   - recipient: with what keys are sealed to the invite that is among them.
  ///   - statements: made of what is known after a sync.
  /// - Returns: the entries that the server has now.
  func say(
    to recipient: SealingKey? = nil,
    _ statements: (Membership, Replica) throws -> [MembershipEntry.Statement]
  ) async throws -> [MembershipEntry] {
    let replica = context.store.replica
    for attempt in 1...Self.attempts {
      try replica.dropRefusedStatements()
      _ = try await SyncRun(context).report()
      let membership = try replica.membership()
      guard membership.role(of: replica.publicKey) == .owner else {
        throw Failure(
          "not-allowed", exit: 77, "only an owner may say who belongs to the team",
          details: ["nothing was changed"] + Self.owners(membership), fix: "dossier access")
      }
      let entries = try statements(membership, replica).map { statement in
        if case .invite = statement { return try replica.say(statement, to: recipient) }
        return try replica.say(statement)
      }
      _ = try await SyncRun(context).report(isFirst: false)
      let refused = try replica.refusedStatements().filter { pair in
        entries.contains { $0.id == pair.entry.id }
      }
      guard let first = refused.first else { return entries }
      try replica.dropRefusedStatements()
      guard [.stale, .unknownCause].contains(first.reason), attempt < Self.attempts else {
        throw Failure(
          "not-allowed", exit: 77, "the server did not take it: \(first.reason)",
          details: ["nothing was changed"], fix: "dossier access")
      }
    }
    return []
  }

  private static func owners(_ membership: Membership) -> [String] {
    let names = membership.members.filter { $0.role == .owner }.map(\.name)
    return names.isEmpty ? [] : ["owners: " + names.joined(separator: ", ")]
  }

  static func role(_ word: String) throws -> ChangeLog.Role {
    guard let role = ChangeLog.Role(rawValue: word) else {
      throw Failure(
        "bad-value", exit: 64, "\"\(word)\" is no role",
        details: ["roles: owner, editor, reader; dossier grant takes none too"],
        input: word)
    }
    return role
  }

  /// Nobody could say anything about members any more, in an encrypted workspace not even the administrator.
  static func lastOwner(_ name: String) -> Failure {
    Failure(
      "last-owner", exit: 77, "\(name) is the only owner",
      details: ["nothing was changed; somebody else must be an owner first"],
      fix: "dossier grant NAME owner", input: name)
  }

  static func nobody(_ name: String, _ membership: Membership) -> Failure {
    Failure(
      "no-such-record", exit: 66, "no member is called \"\(name)\"",
      details: ["members: " + membership.members.map(\.name).joined(separator: ", ")],
      fix: "dossier invite \(name)", input: name)
  }

  static func noDevice(_ name: String, _ found: [Membership.Device]) -> Failure {
    found.isEmpty
      ? Failure(
        "no-such-record", exit: 66, "no device that is in has the id or name \"\(name)\"",
        fix: "dossier access", input: name)
      : Failure(
        "ambiguous-id", exit: 66, "\(found.count) devices are called \"\(name)\"",
        details: found.map { "\($0.key.deviceID)  \($0.name) of \($0.member)" }, input: name)
  }
}
