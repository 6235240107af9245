import ChangeLog
import Glibc
import Testing

@Suite("Waiting for news over HTTP")
struct ServerWatchTests {
  @Test("Whoever waits hears of a colleague's change, and only then")
  func news() throws {
    let server = try ServerUnderTest()
    try server.admin("user", "add", "bob")
    var ann = try server.join(server.firstInvite, as: Author(1))
    let bob = try server.join(server.invite("bob"), as: Author(2))
    let path = server.watchPath(bob.workspace, after: 0)
    let heard = try Waiting(server, path, bob)
    _ = try ann.sync([try ann.author.write("news")])
    #expect(heard.answer() == "1\n200")
    // What is there already is told at once.
    #expect(try server.get(path, token: bob.joined.token).text == "1\n")
  }

  @Test("What is sent again and was here already wakes nobody")
  func sentAgain() throws {
    let server = try ServerUnderTest()
    try server.admin("user", "add", "bob")
    var ann = try server.join(server.firstInvite, as: Author(1))
    let bob = try server.join(server.invite("bob"), as: Author(2))
    let first = try ann.author.write("once")
    _ = try ann.sync([first])
    let heard = try Waiting(server, server.watchPath(bob.workspace, after: 1), bob)
    _ = try ann.sync([first])
    _ = try ann.sync([try ann.author.write("twice")])
    #expect(heard.answer() == "2\n200")
  }

  @Test("Whoever waits hears at once that somebody else came in")
  func members() throws {
    let server = try ServerUnderTest()
    try server.admin("user", "add", "bob")
    let ann = try server.join(server.firstInvite, as: Author(1))
    let start = ContinuousClock.now
    let heard = try Waiting(server, server.watchPath(ann.workspace, after: 0), ann)
    _ = try server.join(server.invite("bob"), as: Author(2))
    #expect(heard.answer() == "0\n200")
    // Less than the 50 seconds after which everybody is answered.
    #expect(ContinuousClock.now - start < .seconds(40))
  }

  @Test("Nobody waits for ever: a server that has nothing to tell says so")
  func nothing() throws {
    let server = try ServerUnderTest(configuration: "watch-seconds: 1\n")
    let ann = try server.join(server.firstInvite, as: Author(1))
    let answer = try server.get(
      server.watchPath(ann.workspace, after: 0), token: ann.joined.token)
    #expect(answer.status == 200 && answer.text == "0\n")
  }

  @Test("Who is revoked while waiting hears nothing more")
  func revoked() throws {
    let server = try ServerUnderTest()
    try server.admin("user", "add", "bob")
    var ann = try server.join(server.firstInvite, as: Author(1))
    let bob = try server.join(server.invite("bob"), as: Author(2))
    let path = server.watchPath(bob.workspace, after: 0)
    let heard = try Waiting(server, path, bob)
    try server.admin("device", "revoke", bob.joined.device)
    _ = try ann.sync([try ann.author.write("not for bob")])
    #expect(heard.answer().hasSuffix("\n403"))
  }

  @Test("A server that is told to stop lets everybody go")
  func stop() throws {
    let server = try ServerUnderTest()
    let ann = try server.join(server.firstInvite, as: Author(1))
    let path = server.watchPath(ann.workspace, after: 0)
    let heard = try Waiting(server, path, ann)
    #expect(server.stop() == 0)
    #expect(heard.answer() == "0\n200")
  }

  @Test("Who goes away while waiting leaves no connection behind")
  func departure() async throws {
    let port = try ServerProgram.freePort()
    let server = try ServerUnderTest(configuration: "metrics: 127.0.0.1:\(port)\n")
    let ann = try server.join(server.firstInvite, as: Author(1))
    func counts() throws -> [Substring] {
      try server.get("/metrics", port: port).text.split(separator: "\n").filter {
        $0.hasPrefix("dossier_watchers ") || $0.hasPrefix("dossier_connections ")
      }
    }
    let heard = try (0..<3).map { _ in
      try Waiting(server, server.watchPath(ann.workspace, after: 0), ann)
    }
    while try counts().last != "dossier_watchers 3" { usleep(10_000) }
    for one in heard { one.goAway() }
    // Long before the 50 seconds after which they would have been answered.
    for _ in 0..<2000 where try counts() != ["dossier_connections 0", "dossier_watchers 0"] {
      try await Task.sleep(for: .milliseconds(10))
    }
    #expect(try counts() == ["dossier_connections 0", "dossier_watchers 0"])
  }

  @Test("Two thousand who wait are all told")
  func thousands() throws {
    let count = min(2000, RawConnection.mostDescriptors() - 1000)
    let port = try ServerProgram.freePort()
    let server = try ServerUnderTest(
      configuration: "requests-per-minute: 1000000\nmetrics: 127.0.0.1:\(port)\n")
    var ann = try server.join(server.firstInvite, as: Author(1))
    let ask = """
      GET \(server.watchPath(ann.workspace, after: 0)) HTTP/1.1\r
      Host: l\r
      Connection: close\r
      Authorization: Bearer \(ann.joined.token.text)\r\n\r\n
      """
    let waiting = try (0..<count).map { _ in
      try RawConnection.open(Array(ask.utf8), port: server.port)
    }
    defer { for descriptor in waiting { close(descriptor) } }
    func watchers() throws -> Bool {
      try server.get("/metrics", port: port).text.contains("\ndossier_watchers \(count)\n")
    }
    for _ in 0..<3000 where try !watchers() { usleep(10_000) }
    #expect(try watchers())
    _ = try ann.sync([try ann.author.write("news")])
    for descriptor in waiting {
      let said = try HTTPAnswer(reading: RawConnection.readAll(descriptor))
      try #require(said.status == 200 && said.text == "1\n", "\(said.text)")
    }
  }

  @Test("A position that is none is refused", arguments: ["", "?after=-1", "?after=x", "?after="])
  func malformed(query: String) throws {
    let server = try ServerUnderTest()
    let ann = try server.join(server.firstInvite, as: Author(1))
    let path = "/v1/workspaces/\(ann.workspace)/watch\(query)"
    #expect(try server.get(path, token: ann.joined.token).status == 400)
  }
}

/// A request that waits for its answer in a process of its own.
final class Waiting {
  private let folder: TemporaryFolder
  private let child: Child

  init(_ server: ServerUnderTest, _ path: String, _ device: TestDevice) throws {
    folder = try TemporaryFolder()
    child = try Child(
      "/usr/bin/curl",
      [
        "-s", "-w", "%{http_code}", "-H", "Authorization: Bearer \(device.joined.token.text)",
        "http://127.0.0.1:\(server.port)\(path)",
      ], out: folder.path + "/out", err: "/dev/null")
    // Until it waits; when it is late, it is told what is new all the same.
    usleep(300_000)
  }

  func goAway() {
    child.send(SIGKILL)
    child.wait()
  }

  /// The answer with its status behind it.
  func answer() -> String {
    child.wait()
    return ServerProgram.read(folder.path + "/out")
  }
}
