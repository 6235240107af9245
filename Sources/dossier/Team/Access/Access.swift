import ArgumentParser
import ChangeLog
import DossierModel
import DossierStore
import ReplicaStore

/// Who belongs to the team by the signed log: members, their roles, their devices.
struct Access: StoreCommand {
  static let configuration = CommandConfiguration(
    abstract: "Who may read and write here, on which devices, as it was signed for.")

  @OptionGroup var options: GlobalOptions
  @Flag(help: "Those who are shut out, too.") var all = false
  @Option(
    help: ArgumentHelp(
      "Say whether this is the recovery code of this encrypted workspace, and opens all of it; - reads standard input.",
      valueName: "CODE"))
  var checkRecovery: String?

  private static let fields = ["member", "role", "device", "name", "since", "state"]

  func run(_ context: Context) throws {
    let membership = try context.store.replica.membership()
    guard !membership.isEmpty else {
      throw Failure(
        "no-members", exit: 78, "nobody signed for the members of this workspace",
        details: ["a server keeps such a log; here whoever has the changes is in"],
        fix: "dossier members")
    }
    if let code = checkRecovery { return try check(code, membership, context) }
    let own = Row.Own(
      key: context.store.replica.publicKey, isShutOut: try context.shutOut != nil)
    let rows = rows(membership, own: own)
    if context.wantsJSON { return try context.answer(objects: rows.map(\.json), of: Self.fields) }
    try context.refuseFields()
    context.show(Table(header: Self.fields, rows: rows.map(\.cells)))
  }

  private func check(_ code: String, _ membership: Membership, _ context: Context) throws {
    let text = code == "-" ? readLine() ?? "" : code
    let invite = try? InviteCode(text: text)
    let key = try invite.map { try DeviceKey(seed: $0.secret) }
    let keys = key.map { membership.keys(of: $0) } ?? [:]
    guard membership.isEncrypted, invite?.workspace == membership.workspace,
      key?.publicKey == membership.administrator, keys.count == Int(membership.epoch)
    else {
      throw Failure(
        "not-recovery", exit: 1,
        membership.isEncrypted
          ? "this is not the recovery code of this workspace"
          : "this workspace is not encrypted: it has no recovery code")
    }
    context.report(
      "the recovery code is good: it opens all that was written here, and lets a device of an owner in"
    )
  }

  private func rows(_ membership: Membership, own: Row.Own) -> [Row] {
    membership.members.flatMap { member in
      let devices = membership.devices.filter {
        $0.member.utf8.elementsEqual(member.name.utf8)
          && (all || ($0.revoked == nil && member.role != nil))
      }
      guard !devices.isEmpty else {
        return all || member.role != nil ? [Row(member: member, device: nil, own: own)] : []
      }
      return devices.map { Row(member: member, device: $0, own: own) }
    }
  }
}

/// A member with one device, or with none yet.
private struct Row {
  let member: Membership.Member
  let device: Membership.Device?
  let own: Own

  struct Own {
    let key: PublicKey
    /// As the server said, who need not have told why.
    let isShutOut: Bool
  }

  private var state: String {
    if member.role == nil { return "shut out" }
    guard let device else { return "no device" }
    if device.revoked != nil { return "revoked" }
    guard device.key == own.key else { return "in" }
    return own.isShutOut ? "this device, shut out" : "this device"
  }

  private var since: String {
    Machine.text(Timestamp(milliseconds: device?.revoked ?? device?.since ?? member.since))
  }

  var cells: [String] {
    [
      member.name, member.role?.rawValue ?? "none", device?.key.deviceID ?? "", device?.name ?? "",
      since, state,
    ]
  }

  var json: JSON {
    .object(
      zip(["member", "role", "device", "name", "since", "state"], cells).map {
        .init($0, .string($1))
      })
  }
}
