import ChangeLog
import Glibc
import Testing

/// An encrypted workspace on a real server, and the device of its first owner, who says who belongs to it.
final class EncryptedWorkspace {
  let owner: TestDevice
  private let server: ServerUnderTest
  private let code: InviteCode
  private var log: Membership
  /// That of the invite, until one is sealed to the device itself.
  private var key: EpochKey
  private var invites: UInt8 = 0

  /// Founds it, with the code that whoever keeps the server was given.
  init(on server: ServerUnderTest, founding code: InviteCode, as author: Author) throws {
    (self.server, self.code) = (server, code)
    let founding = try Founding(code, now: Self.now, random: Self.random)
    let request = try JoinRequest(
      code, deviceName: "laptop", key: author.key, now: Self.now, founding: founding.entries)
    let answer = try server.post(server.joinPath(code.workspace), request.encoded)
    try #require(answer.status == 200, "\(answer.text)")
    let joined = try JoinResponse(decoding: answer.body)
    let members = try #require(try code.members(in: joined, with: founding.entries[0].id))
    log = members.log
    key = try #require(members.keys[log.epoch])
    owner = TestDevice(server: server, workspace: code.workspace, joined: joined, author: author)
  }

  private static var now: UInt64 { UInt64(time(nil)) * 1000 }
  private static func random(_ count: Int) -> [UInt8] {
    (0..<count).map { _ in UInt8.random(in: 0...255) }
  }

  /// The newest key, and which epoch it is of.
  var newestSeal: Author.Seal { Author.Seal(epoch: log.epoch, key: key) }

  /// Says it as the owner, with the keys that it has to give.
  func say(_ statement: MembershipEntry.Statement, to recipient: SealingKey? = nil) throws {
    let grant = try log.grant(
      for: statement, to: recipient, at: Self.now, holding: key, random: Self.random)
    let entry = try MembershipEntry(
      statement, in: log.workspace, after: log.last, at: Self.now, giving: grant,
      signedBy: owner.author.key)
    var request = owner.request()
    request.membership = MembershipRequest(head: log.head, entries: [entry.bytes])
    let answer = try owner.post(request)
    try #require(answer.status == 200, "\(answer.text)")
    let refusals = try SyncResponse(decoding: answer.body).membership.refusals
    try #require(refusals == [nil], "\(statement)")
    try log.append(entry)
    key = log.keys(of: owner.author.key)[log.epoch] ?? key
  }

  /// A member's device goes the whole way in; it seals what it writes.
  func join(_ member: String, as author: Author) throws -> TestDevice {
    let secret = Self.random(32)
    let inviting = try DeviceKey(seed: secret)
    try say(
      .invite(member: member, key: inviting.publicKey, expires: Self.now + 3_600_000),
      to: inviting.sealingKey)
    let invite = InviteCode(
      address: code.address, workspace: code.workspace, member: member, secret: secret,
      membershipHead: log.last, encryption: .sealed)
    var device = try server.join(invite, as: author)
    (log, _) = try #require(try invite.members(in: device.joined, with: invite.membershipHead))
    device.author.seal = newestSeal
    return device
  }
}
