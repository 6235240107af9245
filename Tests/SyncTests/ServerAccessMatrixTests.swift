import ChangeLog
import Glibc
import Testing

/// Every route, asked by everybody, for every workspace: the whole table against a real server.
@Suite("Who may do what over HTTP, the whole matrix")
struct ServerAccessMatrixTests {
  enum Caller: Hashable {
    case nobody, malformedToken, unknownToken
    case device(role: Role, state: State, of: Home)

    static let all =
      [nobody, malformedToken, unknownToken]
      + Role.allCases.flatMap { role in
        State.allCases.flatMap { state in
          Home.allCases.map { .device(role: role, state: state, of: $0) }
        }
      }

    /// Short enough for the name of a member.
    var name: String {
      guard case .device(let role, let state, let home) = self else { return "nobody" }
      return "\(role)-\(state)-\(home)"
    }
  }

  /// The device is as it should be, was revoked, its member was disabled, or it came in again and shows what it showed before.
  enum State: String, CaseIterable { case good, revoked, disabled, superseded }
  /// The workspace it joined.
  enum Home: String, CaseIterable { case team, other }

  enum Route: CaseIterable {
    /// A sync that brings a changeset which is sealed where nothing is encrypted, and is not where all is.
    case pushUnfit
    /// A sync that only reads, and one that brings a changeset.
    case pull, push
    /// A sync that says who else belongs to the workspace.
    case say
    /// A sync whose message names another workspace than its address.
    case crossed
    /// The same address, another method.
    case getSync
    /// Waiting for news, where there is some already.
    case watch
    /// Entering with the secret of no invite.
    case join
    case health, ready, unknown
  }

  enum Target: CaseIterable {
    case team, other, nonexistent, malformed
  }

  /// What must be answered, written down from the protocol document and not from the server's code.
  private func expected(_ caller: Caller, _ route: Route, _ target: Target) -> Int {
    switch route {
    case .health, .ready: return 200
    case .unknown, .getSync: return 404
    case .join: return target == .malformed ? 404 : 403
    case .pull, .push, .pushUnfit, .say, .crossed, .watch: break
    }
    guard case .device(_, let state, let home) = caller, state != .superseded else { return 401 }
    guard target == (home == .team ? .team : .other) else { return 404 }
    guard state == .good else { return 403 }
    return route == .crossed ? 400 : 200
  }

  @Test(arguments: [false, true])
  func everyRouteAnswersEverybodyAsTheProtocolSays(isEncrypted: Bool) throws {
    let server = try ServerUnderTest(isEncrypted: isEncrypted)
    let world = try Cast(server, isEncrypted: isEncrypted)
    for caller in Caller.all {
      for route in Route.allCases {
        var refused: [Int: Set<String>] = [:]
        for target in Target.allCases {
          let answer = try world.ask(caller, route, target)
          let expectation = expected(caller, route, target)
          #expect(answer.status == expectation, "\(caller) \(route) \(target): \(answer.text)")
          if expectation == 404 || route == .join {
            refused[expectation, default: []].insert(answer.text)
          }
          if answer.status == 200 { try expectContent(of: answer, to: caller, route) }
        }
        // What is there and not for you looks like what is not there at all.
        #expect(refused.values.allSatisfy { $0.count == 1 }, "\(caller) \(route): \(refused)")
      }
    }
    // An owner and an editor of each wrote, and the owner said who else belongs to it; nobody else left a trace.
    for home in Home.allCases {
      let owner = try #require(world.devices[.device(role: .owner, state: .good, of: home)])
      #expect(try owner.sync().head.position == 2)
      let names = try owner.membership().members.map(\.name).filter { $0.hasPrefix("by-") }
      #expect(names == ["by-owner-good-\(home)"])
    }
    try server.admin("check")
  }

  /// Who may do it at all is told whether this was done.
  private func expectContent(of answer: HTTPAnswer, to caller: Caller, _ route: Route) throws {
    guard case .device(let role, _, _) = caller else { return }
    switch route {
    case .push:
      let verdicts = try SyncResponse(decoding: answer.body).verdicts
      if role == .reader {
        #expect(verdicts == [.refused(.readOnly)])
      } else {
        #expect(verdicts.count == 1 && verdicts.allSatisfy(\.isAccepted), "\(caller)")
      }
    case .pushUnfit:
      let verdicts = try SyncResponse(decoding: answer.body).verdicts
      #expect(verdicts == [.refused(role == .reader ? .readOnly : .malformed)], "\(caller)")
    case .say:
      let refusals = try SyncResponse(decoding: answer.body).membership.refusals
      #expect(refusals == [role == .owner ? nil : .notAllowed], "\(caller)")
    default: break
    }
  }

  @Test func anInviteOpensItsOwnWorkspaceOnceAndTellsNothingOfOthers() throws {
    let server = try ServerUnderTest()
    let world = try Cast(server)
    let good = try server.invite("editor-good", to: "team")
    let late = try server.admin(
      "user", "invite", "editor-good", "--workspace", "team", "--valid", "1s")
    let expired = try InviteCode(text: late.out)
    try server.admin("user", "add", "gone", "--workspace", "team")
    let disabled = try server.invite("gone")
    try server.admin("user", "disable", "gone", "--workspace", "team")
    let unknown = [UInt8](repeating: 7, count: good.secret.count)
    // A machine nobody knows each time; the cast has the numbers below.
    var newcomer: UInt64 = 100
    func join(_ secret: [UInt8], _ target: Target) throws -> (status: Int, text: String) {
      newcomer += 1
      let request = try JoinRequest(
        good.with(secret: secret), deviceName: "laptop", key: Author(newcomer).key)
      let answer = try server.post(
        "/v1/workspaces/\(world.address(target))/devices", request.encoded)
      return (answer.status, answer.status == 200 ? "" : answer.text)
    }
    // One word for every secret that does not fit, wherever it is shown.
    let wrong = try join(unknown, .team)
    #expect(wrong.status == 403)
    for target in [Target.other, .nonexistent] {
      for secret in [unknown, good.secret, disabled.secret] {
        #expect(try join(secret, target) == wrong, "\(target)")
      }
    }
    #expect(try join(good.secret, .malformed).status == 404)
    #expect(try join(disabled.secret, .team).status == 403)
    #expect(try join(good.secret, .team).status == 200)
    #expect(try join(good.secret, .team).status == 403)
    repeat { usleep(100_000) } while try join(expired.secret, .team).status == 200
    #expect(try join(expired.secret, .team).status == 403)
  }
}

/// Whoever says who belongs to a workspace: the administrator of its server, or the owner of an encrypted one.
private protocol Gatekeeper {
  func letIn(_ name: String, as role: Role, _ author: Author) throws -> TestDevice
  /// The device gets another token.
  func letInAgain(_ name: String, _ author: Author) throws
  func revoke(_ device: TestDevice) throws
  func disable(_ name: String) throws
  /// What devices that are in seal with by now.
  var seal: Author.Seal? { get }
}

private struct PlainWorkspace: Gatekeeper {
  let server: ServerUnderTest
  let name: String
  let seal: Author.Seal? = nil

  func letIn(_ member: String, as role: Role, _ author: Author) throws -> TestDevice {
    try server.admin("user", "add", member, "--role", role.rawValue, "--workspace", name)
    return try server.join(server.invite(member, to: name), as: author)
  }

  func letInAgain(_ member: String, _ author: Author) throws {
    _ = try server.join(server.invite(member, to: name), as: author)
  }

  func revoke(_ device: TestDevice) throws {
    try server.admin("device", "revoke", device.joined.device, "--workspace", name)
  }

  func disable(_ member: String) throws {
    try server.admin("user", "disable", member, "--workspace", name)
  }
}

extension EncryptedWorkspace: Gatekeeper {
  var seal: Author.Seal? { newestSeal }

  func letIn(_ member: String, as role: Role, _ author: Author) throws -> TestDevice {
    try say(.member(name: member, role: role, heads: []))
    return try join(member, as: author)
  }

  func letInAgain(_ member: String, _ author: Author) throws { _ = try join(member, as: author) }

  func revoke(_ device: TestDevice) throws {
    try say(.revoke(key: device.author.key.publicKey, heads: []))
  }

  func disable(_ member: String) throws { try say(.member(name: member, role: nil, heads: [])) }
}

/// One device for every kind of caller.
private struct Cast {
  typealias Caller = ServerAccessMatrixTests.Caller
  typealias Home = ServerAccessMatrixTests.Home
  typealias Route = ServerAccessMatrixTests.Route
  typealias Target = ServerAccessMatrixTests.Target
  let server: ServerUnderTest
  private(set) var devices: [Caller: TestDevice] = [:]
  private let other: WorkspaceID
  /// An entry of each membership log.
  private var causes: [WorkspaceID: Digest] = [:]
  /// What nobody was given.
  private let strangeSeal = Author.Seal(epoch: 1, key: EpochKey(bytes: Array(0..<32)))

  init(_ server: ServerUnderTest, isEncrypted: Bool = false) throws {
    self.server = server
    let gatekeepers: [Home: any Gatekeeper]
    if isEncrypted {
      let code = try server.admin("workspace", "add", "other", "--encrypted-by", "olga").out
      gatekeepers = try [
        .team: EncryptedWorkspace(on: server, founding: server.firstInvite, as: Author(80)),
        .other: EncryptedWorkspace(on: server, founding: InviteCode(text: code), as: Author(81)),
      ]
    } else {
      try server.admin("workspace", "add", "other")
      gatekeepers = [
        .team: PlainWorkspace(server: server, name: "team"),
        .other: PlainWorkspace(server: server, name: "other"),
      ]
    }
    for (number, caller) in Caller.all.enumerated() {
      guard case .device(let role, let state, let home) = caller else { continue }
      let (name, gatekeeper) = ("\(role)-\(state)", gatekeepers[home]!)
      let device = try gatekeeper.letIn(name, as: role, Author(UInt64(number) + 1))
      devices[caller] = device
      switch state {
      case .good: break
      case .revoked: try gatekeeper.revoke(device)
      case .disabled: try gatekeeper.disable(name)
      case .superseded: try gatekeeper.letInAgain(name, device.author)
      }
    }
    other = devices[.device(role: .owner, state: .good, of: .other)]!.workspace
    for (caller, device) in devices {
      guard case .device(_, .good, let home) = caller else { continue }
      devices[caller]!.author.seal = gatekeepers[home]!.seal
      causes[device.workspace] = try device.membership().last
    }
  }

  func address(_ target: Target) -> String {
    switch target {
    case .team: "\(server.firstInvite.workspace)"
    case .other: "\(other)"
    case .nonexistent: "\(WorkspaceID(high: 5, low: 5))"
    case .malformed: "..%2Fteam"
    }
  }

  private func workspace(_ target: Target) -> WorkspaceID {
    switch target {
    case .team: server.firstInvite.workspace
    case .other: other
    case .nonexistent, .malformed: WorkspaceID(high: 5, low: 5)
    }
  }

  func ask(_ caller: Caller, _ route: Route, _ target: Target) throws -> HTTPAnswer {
    let path = "/v1/workspaces/\(address(target))/sync"
    let credentials = authorization(caller)
    switch route {
    case .health: return try get("/health", credentials)
    case .ready: return try get("/ready", credentials)
    case .join:
      var code = server.firstInvite
      (code.workspace, code.secret) = (workspace(target), [UInt8](repeating: 7, count: 32))
      let request = try JoinRequest(code, deviceName: "laptop", key: Author(99).key)
      return try server.post(
        "/v1/workspaces/\(address(target))/devices", request.encoded, extra: credentials)
    case .unknown: return try get("/v1/workspaces/\(address(target))/members", credentials)
    case .getSync: return try get(path, credentials)
    case .watch:
      return try get("/v1/workspaces/\(address(target))/watch?after=99", credentials)
    case .pull, .push, .pushUnfit, .say, .crossed:
      // Who is nobody sends what the owner would.
      let owner = Caller.device(role: .owner, state: .good, of: .team)
      var author = (devices[caller] ?? devices[owner]!).author
      author.workspace = workspace(target)
      if route == .pushUnfit { author.seal = author.seal == nil ? strangeSeal : nil }
      var request = SyncRequest(workspace: workspace(target), cursor: .start, own: author.head)
      switch route {
      case .crossed: request.workspace = WorkspaceID(high: 6, low: 6)
      case .push, .pushUnfit: request.changesets = [try author.write().bytes]
      case .say:
        let entry = try MembershipEntry(
          .member(name: "by-\(caller.name)", role: .owner, heads: []), in: workspace(target),
          after: causes[workspace(target)] ?? .zero, at: 1, signedBy: author.key)
        request.membership.entries = [entry.bytes]
      default: break
      }
      return try server.post(path, request.encoded, extra: credentials)
    }
  }

  private func authorization(_ caller: Caller) -> String {
    switch caller {
    case .nobody: ""
    case .malformedToken: "Authorization: Bearer ../../etc/passwd\r\n"
    case .unknownToken:
      "Authorization: Bearer \(Token(bytes: [UInt8](repeating: 3, count: 32))!.text)\r\n"
    default: "Authorization: Bearer \(devices[caller]!.joined.token.text)\r\n"
    }
  }

  private func get(_ path: String, _ extra: String) throws -> HTTPAnswer {
    let head = "GET \(path) HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\(extra)\r\n"
    return try server.send(Array(head.utf8))
  }
}

extension Verdict {
  fileprivate var isAccepted: Bool {
    if case .accepted = self { true } else { false }
  }
}
