import ChangeLog
import Glibc
import Testing

/// Every route, asked by everybody, for every workspace: the whole table against a real server.
@Suite("Who may do what over HTTP, the whole matrix")
struct ServerAccessMatrixTests {
  enum Caller: CaseIterable {
    case nobody, malformedToken, unknownToken
    case owner, editor, reader
    case revoked, disabled
    /// The owner of the other workspace; of this one no member.
    case stranger
    case revokedStranger
  }

  enum Route: CaseIterable {
    /// A sync that only reads, and one that brings a changeset.
    case pull, push
    /// A sync whose message names another workspace than its address.
    case crossed
    /// The same address, another method.
    case getSync
    /// Waiting for news, where there is some already.
    case watch
    case health, unknown
  }

  enum Target: CaseIterable {
    case team, other, nonexistent, malformed
  }

  /// What must be answered, written down from the protocol document and not from the server's code.
  private func expected(_ caller: Caller, _ route: Route, _ target: Target) -> Int {
    switch route {
    case .health: return 200
    case .unknown, .getSync: return 404
    case .pull, .push, .crossed, .watch: break
    }
    switch caller {
    case .nobody, .malformedToken, .unknownToken: return 401
    default: break
    }
    let isStranger = caller == .stranger || caller == .revokedStranger
    guard target == (isStranger ? .other : .team) else { return 404 }
    switch caller {
    case .revoked, .revokedStranger, .disabled: return 403
    default: return route == .crossed ? 400 : 200
    }
  }

  @Test func everyRouteAnswersEverybodyAsTheProtocolSays() throws {
    let server = try ServerUnderTest()
    let world = try Cast(server)
    var answers = 0
    for caller in Caller.allCases {
      for route in Route.allCases {
        var foreign: [String] = []
        for target in Target.allCases {
          let answer = try world.ask(caller, route, target)
          let expectation = expected(caller, route, target)
          #expect(answer.status == expectation, "\(caller) \(route) \(target): \(answer.text)")
          if expectation == 404 { foreign.append("\(answer.status) \(answer.text)") }
          if answer.status == 200, route == .push {
            let verdicts = try SyncResponse(decoding: answer.body).verdicts
            if caller == .reader {
              #expect(verdicts == [.refused(.readOnly)])
            } else {
              #expect(verdicts.count == 1 && verdicts.allSatisfy(\.isAccepted), "\(caller)")
            }
          }
          answers += 1
        }
        // What is there and not for you looks like what is not there at all.
        #expect(Set(foreign).count <= 1, "\(caller) \(route): \(foreign)")
      }
    }
    #expect(answers == 10 * 7 * 4)
    // Four wrote: the owner, the editor, the stranger in a log of their own; nobody else left a trace.
    let team = try world.devices[.owner]!.sync()
    #expect(team.head.position == 2)
    #expect(try world.devices[.stranger]!.sync().head.position == 1)
    try server.admin("check")
  }

  @Test func anInviteOpensItsOwnWorkspaceOnceAndTellsNothingOfOthers() throws {
    let server = try ServerUnderTest()
    let world = try Cast(server)
    let good = try server.invite("ed")
    let late = try server.admin("user", "invite", "ed", "--workspace", "team", "--valid", "1s")
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
    devices[.owner] = try server.join(server.firstInvite, as: Author(1))
    for (number, (caller, role)) in [
      (Caller.editor, "editor"), (.reader, "reader"), (.revoked, "editor"), (.disabled, "editor"),
    ].enumerated() {
      let name = ["ed", "rea", "rev", "dis"][number]
      try server.admin("user", "add", name, "--role", role)
      devices[caller] = try server.join(server.invite(name), as: Author(UInt64(number) + 2))
    }
    try server.admin("workspace", "add", "other")
    try server.admin("user", "add", "sam", "--role", "owner", "--workspace", "other")
    devices[.stranger] = try server.join(server.invite("sam", to: "other"), as: Author(10))
    devices[.revokedStranger] = try server.join(server.invite("sam", to: "other"), as: Author(11))
    other = devices[.stranger]!.workspace
    for (caller, workspace) in [(Caller.revoked, "team"), (.revokedStranger, "other")] {
      let device = String(devices[caller]!.joined.device.prefix(10))
      try server.admin("device", "revoke", device, "--workspace", workspace)
    }
    try server.admin("user", "disable", "dis", "--workspace", "team")
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
    case .unknown: return try get("/v1/workspaces/\(address(target))/members", credentials)
    case .getSync: return try get(path, credentials)
    case .watch:
      return try get("/v1/workspaces/\(address(target))/watch?after=99", credentials)
    case .pull, .push, .crossed:
      // Who is nobody sends what the owner would.
      var author = devices[caller]?.author ?? devices[.owner]!.author
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
