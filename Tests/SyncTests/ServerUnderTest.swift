import ChangeLog
import Glibc
import LogStore
import Testing

/// A real server on loopback, with a workspace "team" and its owner "ann".
final class ServerUnderTest {
  let data: String
  let firstInvite: InviteCode
  private(set) var port: UInt16 = 0
  private var child: Child?
  private let folder: TemporaryFolder
  /// The words before the program's own, when it has a disk of its own.
  private let launcher: [String]
  private var host = "127.0.0.1"

  /// - Parameters:
  ///   - configuration: lines of its `config.yaml`; by default it lets tests ask as often as they like.
  ///   - database: how to reach an empty one; by default the one to test against, when there is one.
  ///   - isEncrypted: whether the workspace is; then ``firstInvite`` founds it.
  ///   - diskSize: of a disk of its own, in bytes, which goes with the process; nil for none. Only root may.
  init(
    configuration: String = "requests-per-minute: 1000000\nfailures-per-minute: 1000000\n",
    database: String? = nil, isEncrypted: Bool = false, diskSize: Int? = nil
  ) throws {
    folder = try TemporaryFolder()
    data = folder.path + "/data"
    launcher = diskSize.map { [data] in Self.withDisk($0, at: data) } ?? []
    let database = try database ?? TestDatabase.fresh()
    let made = try ServerProgram.run(
      ["init", data, "--workspace", "team", "--user", "ann"]
        + (database.map { ["--database", $0] } ?? []) + (isEncrypted ? ["--encrypted"] : []))
    try #require(made.status == 0, "\(made.err)")
    firstInvite = try InviteCode(text: made.out)
    try TemporaryFolder.write(
      TestDatabase.configuration(database) + configuration, to: data + "/config.yaml")
    try start()
  }

  /// Another process at the same database, or one over data that lies there already.
  ///
  /// - Parameter host: where it listens; for another address than this machine's own it needs a certificate.
  init(servingFrom data: String, invite: InviteCode, at host: String = "127.0.0.1") throws {
    folder = try TemporaryFolder()
    self.data = data
    self.host = host
    firstInvite = invite
    launcher = []
    try start()
  }

  func start() throws {
    let portFile = folder.path + "/port"
    unlink(portFile)
    let words =
      launcher + [ServerProgram.path]
      + ["serve", "--data", data, "--listen", "\(host):0", "--port-file", portFile]
    child = try Child(
      words[0], Array(words.dropFirst()), out: folder.path + "/out", err: folder.path + "/err")
    for _ in 0..<2000 where ServerProgram.read(portFile).isEmpty { usleep(5000) }
    port = try #require(UInt16(ServerProgram.read(portFile).dropLast()), "\(log)")
  }

  /// Mounts a disk over the folder where only the process sees it, with what lies there.
  private static func withDisk(_ size: Int, at path: String) -> [String] {
    let script = """
      cp -a '\(path)' '\(path).copy'
      mount -t tmpfs -o size=\(size),mode=700 none '\(path)'
      cp -a '\(path).copy/.' '\(path)'
      exec "$@"
      """
    return ["unshare", "--mount", "sh", "-ec", script, "sh"]
  }

  /// The process that serves.
  var process: pid_t { child?.id ?? 0 }

  /// The most memory that it had, in KiB.
  func peakMemory() throws -> Int {
    let lines = ServerProgram.read("/proc/\(process)/status").split(separator: "\n")
    let line = try #require(lines.first { $0.hasPrefix("VmHWM:") })
    return try #require(line.split(separator: " ").dropLast().last.flatMap { Int($0) })
  }

  /// What it has said so far, over all its starts.
  var log: String { ServerProgram.read(folder.path + "/err") }

  /// - Returns: the exit code, or minus the signal.
  @discardableResult
  func stop(_ signal: Int32 = SIGTERM) -> Int32? {
    child?.send(signal)
    return child?.wait()
  }

  /// Kills it, as a power cut would, after so many microseconds; ``stop(_:)`` collects it.
  func kill(afterMicroseconds delay: UInt32) throws -> Child {
    let id = try #require(child).id
    let seconds = "\(delay / 1_000_000).\(String(1_000_000 + delay % 1_000_000).dropFirst())"
    return try Child(
      "/bin/sh", ["-c", "sleep \(seconds); kill -9 \(id)"], out: "/dev/null", err: "/dev/null")
  }

  @discardableResult
  func admin(_ arguments: String..., exits status: Int32 = 0) throws -> ServerProgram.Result {
    let result = try ServerProgram.run(
      arguments + ["--data", data],
      // Where its disk is.
      behind: launcher.isEmpty ? [] : ["nsenter", "--mount", "--target", "\(process)"])
    #expect(result.status == status, "\(arguments): \(result.err)")
    return result
  }

  func invite(_ name: String, to workspace: String? = nil) throws -> InviteCode {
    let workspace = workspace ?? "team"
    return try InviteCode(text: admin("user", "invite", name, "--workspace", workspace).out)
  }

  /// Goes the whole way in: the device it becomes may sync.
  func join(_ code: InviteCode, as author: Author) throws -> TestDevice {
    let request = try JoinRequest(code, deviceName: "laptop", key: author.key)
    let answer = try post(joinPath(code.workspace), request.encoded)
    try #require(answer.status == 200, "\(answer.text)")
    let joined = try JoinResponse(decoding: answer.body)
    return TestDevice(server: self, workspace: code.workspace, joined: joined, author: author)
  }

  func joinPath(_ workspace: WorkspaceID) -> String { "/v1/workspaces/\(workspace)/devices" }
  func syncPath(_ workspace: WorkspaceID) -> String { "/v1/workspaces/\(workspace)/sync" }

  func post(
    _ path: String, _ body: [UInt8], token: Token? = nil, type: String = WireFormat.contentType,
    extra: String = ""
  ) throws -> HTTPAnswer {
    try send(Self.request(path, body, token: token, type: type, extra: extra))
  }

  /// A whole request, as it travels.
  static func request(
    _ path: String, _ body: [UInt8], token: Token?, type: String = WireFormat.contentType,
    extra: String = ""
  ) -> [UInt8] {
    let authorization = token.map { "Authorization: Bearer \($0.text)\r\n" } ?? ""
    let head =
      "POST \(path) HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\(authorization)"
      + "Content-Type: \(type)\r\nContent-Length: \(body.count)\r\n\(extra)\r\n"
    return Array(head.utf8) + body
  }

  func get(_ path: String, token: Token? = nil, port: UInt16? = nil) throws -> HTTPAnswer {
    let authorization = token.map { "Authorization: Bearer \($0.text)\r\n" } ?? ""
    let head =
      "GET \(path) HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\(authorization)\r\n"
    return try HTTPAnswer(
      reading: RawConnection.exchange(Array(head.utf8), port: port ?? self.port))
  }

  func watchPath(_ workspace: WorkspaceID, after position: Int) -> String {
    "/v1/workspaces/\(workspace)/watch?after=\(position)"
  }

  func send(_ bytes: [UInt8]) throws -> HTTPAnswer {
    try HTTPAnswer(reading: RawConnection.exchange(bytes, port: port))
  }
}

/// A device that joined, and what it writes.
struct TestDevice {
  var server: ServerUnderTest
  let workspace: WorkspaceID
  let joined: JoinResponse
  var author: Author

  init(server: ServerUnderTest, workspace: WorkspaceID, joined: JoinResponse, author: Author) {
    self.server = server
    self.workspace = workspace
    self.joined = joined
    self.author = author
    self.author.workspace = workspace
  }

  func request(
    _ changesets: [Changeset] = [], cursor: Cursor = .start, wantsOwnBytes: Bool = false
  ) -> SyncRequest {
    SyncRequest(
      workspace: workspace, cursor: cursor, own: author.head, wantsOwnBytes: wantsOwnBytes,
      changesets: changesets.map(\.bytes))
  }

  func post(_ request: SyncRequest) throws -> HTTPAnswer {
    try server.post(server.syncPath(workspace), request.encoded, token: joined.token)
  }

  /// The bytes of a request of its own.
  func bytes(of request: SyncRequest) -> [UInt8] {
    ServerUnderTest.request(server.syncPath(workspace), request.encoded, token: joined.token)
  }

  func sync(_ changesets: [Changeset] = [], wantsOwnBytes: Bool = false) throws -> SyncResponse {
    let answer = try post(request(changesets, wantsOwnBytes: wantsOwnBytes))
    try #require(answer.status == 200, "\(answer.text)")
    return try SyncResponse(decoding: answer.body)
  }

  /// Who belongs to the workspace, with every signature checked.
  func membership() throws -> Membership {
    var log = Membership(workspace: workspace)
    for bytes in try sync().membership.entries { try log.append(MembershipEntry(bytes: bytes)) }
    return log
  }
}

extension JoinRequest {
  /// As of now.
  init(_ code: InviteCode, deviceName: String, key: DeviceKey) throws {
    try self.init(code, deviceName: deviceName, key: key, now: UInt64(time(nil)) * 1000)
  }
}

extension InviteCode {
  func with(secret: [UInt8]) -> InviteCode {
    var other = self
    other.secret = secret
    return other
  }
}
