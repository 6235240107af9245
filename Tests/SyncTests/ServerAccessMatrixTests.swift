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
  }

  enum Role: String, CaseIterable { case owner, editor, reader }
  /// The device is as it should be, was revoked, or its member was disabled.
  enum State: String, CaseIterable { case good, revoked, disabled }
  /// The workspace it joined.
  enum Home: String, CaseIterable { case team, other }

  enum Route: CaseIterable {
    /// A sync that only reads, and one that brings a changeset.
    case pull, push
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
    case .pull, .push, .crossed, .watch: break
    }
    guard case .device(_, let state, let home) = caller else { return 401 }
    guard target == (home == .team ? .team : .other) else { return 404 }
    guard state == .good else { return 403 }
    return route == .crossed ? 400 : 200
  }

  @Test func everyRouteAnswersEverybodyAsTheProtocolSays() throws {
    let server = try ServerUnderTest()
    let world = try Cast(server)
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
          if answer.status == 200, route == .push { try expectVerdict(of: caller, in: answer) }
        }
        // What is there and not for you looks like what is not there at all.
        #expect(refused.values.allSatisfy { $0.count == 1 }, "\(caller) \(route): \(refused)")
      }
    }
    // An owner and an editor of each wrote; nobody else left a trace.
    for home in Home.allCases {
      let owner = try #require(world.devices[.device(role: .owner, state: .good, of: home)])
      #expect(try owner.sync().head.position == 2)
    }
    try server.admin("check")
  }

  private func expectVerdict(of caller: Caller, in answer: HTTPAnswer) throws {
    let verdicts = try SyncResponse(decoding: answer.body).verdicts
    if case .device(.reader, _, _) = caller {
      #expect(verdicts == [.refused(.readOnly)])
    } else {
      #expect(verdicts.count == 1 && verdicts.allSatisfy(\.isAccepted), "\(caller)")
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

/// One device for every kind of caller.
private struct Cast {
  typealias Caller = ServerAccessMatrixTests.Caller
  typealias Route = ServerAccessMatrixTests.Route
  typealias Target = ServerAccessMatrixTests.Target
  let server: ServerUnderTest
  private(set) var devices: [Caller: TestDevice] = [:]
  private let other: WorkspaceID

  init(_ server: ServerUnderTest) throws {
    self.server = server
    try server.admin("workspace", "add", "other")
    for (number, caller) in Caller.all.enumerated() {
      guard case .device(let role, let state, let home) = caller else { continue }
      let (name, place) = ("\(role)-\(state)", home.rawValue)
      try server.admin("user", "add", name, "--role", role.rawValue, "--workspace", place)
      let device = try server.join(
        server.invite(name, to: place), as: Author(UInt64(number) + 1))
      devices[caller] = device
      switch state {
      case .good: break
      case .revoked:
        try server.admin("device", "revoke", device.joined.device, "--workspace", place)
      case .disabled: try server.admin("user", "disable", name, "--workspace", place)
      }
    }
    other = devices[.device(role: .owner, state: .good, of: .other)]!.workspace
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
    case .pull, .push, .crossed:
      // Who is nobody sends what the owner would.
      let owner = Caller.device(role: .owner, state: .good, of: .team)
      var author = (devices[caller] ?? devices[owner]!).author
      author.workspace = workspace(target)
      let changesets = route == .push ? [try author.write().bytes] : []
      let request = SyncRequest(
        workspace: route == .crossed ? WorkspaceID(high: 6, low: 6) : workspace(target),
        cursor: .start, own: author.head, changesets: changesets)
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
