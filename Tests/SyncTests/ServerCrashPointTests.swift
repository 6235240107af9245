import ChangeLog
import Glibc
import SQLite
import Testing

/// Kills the server, and the administrator's program beside it, at one call to the disk after another.
@Suite(
  "A server that dies at a call to the disk", .onFiles,
  .enabled(if: getuid() == 0, "only root may interfere"))
struct ServerCrashPointTests {
  /// The only log of a server's files.
  private func log(in data: String) throws -> [ChangesetID] {
    let connection = try Connection(path: data + "/log.db", mode: .readOnly)
    return try connection.all("SELECT id FROM changeset ORDER BY position") {
      Digest(bytes: $0.blob(0))
    }
  }

  @Test(
    "What it takes is there whole or not at all, and there when it said so",
    arguments: [("pwrite64", 9), ("fdatasync", 1)])
  func serving(call: String, step: Int) throws {
    let server = try ServerUnderTest()
    var ann = try server.join(server.firstInvite, as: Author(1))
    var expected: [ChangesetID] = []
    var deaths = 0
    for point in stride(from: 1, to: 400, by: step) {
      let fault = try DiskFault(of: call, at: "\(point)", as: "signal=SIGKILL", in: server)
      let invite = try server.invite("ann")
      let waiting = try ann.author.write(count: 2, size: 3000)
      let answer = try? ann.post(ann.request(waiting))
      let isTaken = answer?.status == 200
      let joined = isTaken ? try? server.join(invite, as: Author(UInt64(point + 2))) : nil
      let isDead = server.stop() == -SIGKILL
      fault.end()
      try server.start()
      let there = try log(in: server.data)
      #expect(there == expected || there == expected + waiting.map(\.id), "\(call) \(point)")
      if isTaken { #expect(there.count == expected.count + 2, "\(call) \(point)") }
      #expect(try ann.post(ann.request(waiting)).status == 200)
      expected += waiting.map(\.id)
      // Nobody who came in is out again; whoever was told nothing may come in yet.
      if let joined {
        #expect(
          try server.post(
            server.syncPath(ann.workspace), joined.request().encoded, token: joined.joined.token
          ).status == 200)
      }
      guard isDead else { break }
      deaths += 1
    }
    print("\(call): \(deaths) points")
    #expect(deaths > 1)
    #expect(try log(in: server.data) == expected)
    #expect(try server.admin("check").err.contains("sound"))
    #expect(server.stop() == 0)
  }

  /// Runs a command that dies at a call.
  ///
  /// - Returns: its status, minus SIGKILL when it died.
  private func run(_ words: [String], dyingAt point: Int, in server: ServerUnderTest) throws
    -> Int32
  {
    let calls = "pwrite64,fdatasync,fsync,ftruncate,unlink,rename,linkat,link"
    let result = try ServerProgram.run(
      words + ["--data", server.data],
      behind: [
        "strace", "-f", "-qq", "-o", "/dev/null", "-e", "trace=\(calls)", "-e",
        "inject=\(calls):signal=SIGKILL:when=\(point)",
      ])
    return result.status
  }

  /// - Parameter isDone: looks whether the command was carried out, and expects that all is sound.
  private func everywhere(
    _ server: ServerUnderTest, stride step: Int = 1, _ words: (Int) throws -> [String],
    isDone: (Int) throws -> Bool
  ) throws {
    var deaths = 0
    for point in stride(from: 1, to: 400, by: step) {
      let words = try words(point)
      let status = try run(words, dyingAt: point, in: server)
      try server.admin("check")
      let isDone = try isDone(point)
      guard status != 0 else {
        #expect(isDone, "\(words) \(point)")
        break
      }
      #expect(status == -SIGKILL || status == 128 + SIGKILL, "\(words) \(point): \(status)")
      deaths += 1
    }
    print("\(deaths) points")
    #expect(deaths > 1)
    #expect(try server.get("/ready").status == 200)
  }

  @Test("A member is there or not")
  func member() throws {
    let server = try ServerUnderTest()
    try everywhere(server) {
      ["user", "add", "m\($0)"]
    } isDone: { point in
      // Named twice he is known, once he is made: either way he is there then, once.
      let again = try ServerProgram.run(["user", "add", "m\(point)", "--data", server.data])
      #expect(again.status == 0 || again.status == 73, "\(again.err)")
      _ = try server.join(server.invite("m\(point)"), as: Author(UInt64(point)))
      return again.status == 73
    }
  }

  @Test("A device is out or in, and out when it was said")
  func revoked() throws {
    let server = try ServerUnderTest()
    var device: TestDevice?
    try everywhere(server) { point in
      let joined = try server.join(server.invite("ann"), as: Author(UInt64(point)))
      device = joined
      return ["device", "revoke", joined.joined.device]
    } isDone: { point in
      let device = try #require(device)
      let status = try device.post(device.request()).status
      #expect(status == 200 || status == 403)
      let again = try ServerProgram.run(
        ["device", "revoke", device.joined.device, "--data", server.data])
      #expect(again.status == 0, "\(again.err)")
      #expect(try device.post(device.request()).status == 403)
      return status == 403
    }
  }

  @Test("A backup is whole or has not got its name")
  func backup() throws {
    let server = try ServerUnderTest()
    var ann = try server.join(server.firstInvite, as: Author(1))
    _ = try ann.sync(ann.author.write(count: 3))
    let folder = try TemporaryFolder()
    try everywhere(server, stride: 3) {
      ["backup", folder.path + "/\($0)"]
    } isDone: { point in
      let file = folder.path + "/\(point)"
      guard access(file, F_OK) == 0 else { return false }
      let restored = try ServerProgram.run(["restore", file, "--into", file + ".restored"])
      #expect(restored.status == 0, "\(restored.err)")
      #expect(try log(in: file + ".restored").count == 3)
      return true
    }
  }
}
