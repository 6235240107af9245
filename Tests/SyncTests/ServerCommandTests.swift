import ChangeLog
import Glibc
import SQLite
import Testing

@Suite("The administrator's commands")
struct ServerCommandTests {
  @Test("A second server on the same data is refused, and the first goes on", .onFiles)
  func secondServe() throws {
    let server = try ServerUnderTest()
    let device = try server.join(server.firstInvite, as: Author(1))
    let second = try server.admin("serve", "--listen", "127.0.0.1:0", exits: 75)
    #expect(second.err.hasPrefix("dossier-server: another process serves"))
    #expect(try device.sync().head.position == 0)
  }

  @Test("TERM and INT end it well, and the next one starts", arguments: [SIGTERM, SIGINT])
  func graceful(signal: Int32) throws {
    let server = try ServerUnderTest()
    var device = try server.join(server.firstInvite, as: Author(1))
    let note = try device.author.write()
    _ = try device.sync([note])
    #expect(server.stop(signal) == 0)
    try server.start()
    #expect(try device.sync([note]).verdicts == [.accepted(position: 1)])
  }

  @Test("What is on the way when it is told to stop is taken and answered first")
  func gracefulHalfWay() throws {
    let server = try ServerUnderTest()
    var device = try server.join(server.firstInvite, as: Author(1))
    let note = try device.author.write(String(repeating: "x", count: 100_000))
    let bytes = device.bytes(of: device.request([note]))
    let half = try RawConnection.open(Array(bytes.prefix(50_000)), port: server.port)
    defer { close(half) }
    // The head is read, and some of the body.
    usleep(200_000)
    kill(server.process, SIGTERM)
    // It listens no more.
    var isListening = true
    for _ in 0..<1000 where isListening {
      usleep(10_000)
      let late = try? RawConnection.open(port: server.port)
      if let late { close(late) }
      isListening = late != nil
    }
    #expect(!isListening)
    let rest = Array(bytes.dropFirst(50_000))
    #expect(send(half, rest, rest.count, Int32(MSG_NOSIGNAL)) == rest.count)
    let answer = try HTTPAnswer(reading: RawConnection.readAll(half))
    #expect(answer.status == 200)
    #expect(try SyncResponse(decoding: answer.body).verdicts == [.accepted(position: 1)])
    #expect(server.stop(0) == 0)
    try server.start()
    #expect(try device.sync().head.position == 1)
  }

  @Test(
    "Anything but loopback is refused",
    arguments: ["0.0.0.0:1", "[::]:1", "host:1", "10.0.0.1:1", "127.1:1", "127.0.0.1.evil.org:1"])
  func notLoopback(address: String) throws {
    let folder = try TemporaryFolder()
    let result = try ServerProgram.run(["serve", "--data", folder.path, "--listen", address])
    #expect(result.status == 78)
    #expect(result.err.contains("without TLS"))
  }

  @Test("init keeps its files private and leaves a full folder alone")
  func initialise() throws {
    let folder = try TemporaryFolder()
    let data = folder.path + "/a/b"
    let made = try ServerProgram.run(["init", data, "--address", "https://dossier.example.org"])
    #expect(made.status == 0)
    #expect(try InviteCode(text: made.out).address == "https://dossier.example.org")
    #expect(mode(data) == 0o700)
    for file in ["log.db", "accounts.db", "server.lock"] {
      #expect(mode("\(data)/\(file)") == 0o600, "\(file)")
    }
    let again = try ServerProgram.run(["init", data])
    #expect(again.status == 73 && again.out.isEmpty)
    #expect(again.err.hasPrefix("dossier-server: \(data) is not empty\n  "))
    #expect(try ServerProgram.run(["init", "/proc/nothing"]).status == 74)
  }

  @Test("Each refusal has its exit code and a way out")
  func refusals() throws {
    let server = try ServerUnderTest()
    try server.admin("user", "add", "ann", exits: 73)
    try server.admin("user", "add", "a\nb", exits: 64)
    try server.admin("user", "add", "eve", "--role", "king", exits: 64)
    try server.admin("user", "role", "nobody", "editor", exits: 66)
    try server.admin("user", "invite", "nobody", exits: 66)
    try server.admin("user", "invite", "ann", "--valid", "0h", exits: 64)
    try server.admin("device", "list", "nobody", exits: 66)
    try server.admin("device", "revoke", "v-nothing", exits: 66)
    try server.admin("workspace", "add", "team", exits: 73)
    try server.admin("user", "list", "--workspace", "none", exits: 66)
    try server.admin("workspace", "add", "two")
    let which = try server.admin("user", "list", exits: 64)
    #expect(which.err.contains("--workspace team | two"))
    let folder = try TemporaryFolder()
    let none = try ServerProgram.run(["user", "list", "--json", "--data", folder.path])
    #expect(none.status == 78)
    #expect(none.err.hasPrefix(#"{"error":{"code":"not-set-up","exit":78,"#))
  }

  @Test("check and stats read while the server writes")
  func whileServing() throws {
    let server = try ServerUnderTest()
    var device = try server.join(server.firstInvite, as: Author(1))
    let written = try device.author.write(count: 3)
    _ = try device.sync(written)
    #expect(try server.admin("check").err == "sound: 3 changesets of 1 writers\n")
    let bytes = written.reduce(0) { $0 + $1.bytes.count }
    let stats = try server.admin("stats", "--json").out
    #expect(stats.contains(#""changesets":3,"bytes":\#(bytes),"writers":1"#))
    #expect(stats.contains(#""id":"\#(device.joined.device)""#) && stats.contains(#""lag":0"#))
    #expect(try device.sync([device.author.write()]).verdicts == [.accepted(position: 4)])
    let members = try server.admin("user", "list", "--json").out
    #expect(members == "[{\"name\":\"ann\",\"role\":\"owner\",\"disabled\":null}]\n")
  }

  @Test("check says where a flipped byte is, and exits 1", .onFiles)
  func damaged() throws {
    let server = try ServerUnderTest()
    var device = try server.join(server.firstInvite, as: Author(1))
    _ = try device.sync([try device.author.write("a text to be damaged")])
    server.stop()
    // A server that was stopped the hard way leaves its last commits in the journal.
    try Connection(path: server.data + "/log.db").execute("PRAGMA wal_checkpoint(TRUNCATE)")
    try flip("damaged", in: server.data + "/log.db")
    let check = try server.admin("check", exits: 1)
    #expect(check.out.contains("position 1\tthe bytes do not fit the id"))
    try server.admin("check", "--json", exits: 1)
    try flip("SQLite format", in: server.data + "/log.db")
    #expect(try server.admin("check", exits: 1).out.hasPrefix("log.db\t"))
  }

  private func mode(_ path: String) -> UInt32 {
    var status = stat()
    return stat(path, &status) == 0 ? status.st_mode & 0o777 : 0
  }

  /// Damages the last place where a file has a text.
  private func flip(_ text: String, in path: String) throws {
    let file = try #require(fopen(path, "r+e"))
    defer { fclose(file) }
    var bytes = [UInt8](repeating: 0, count: 1 << 20)
    let count = fread(&bytes, 1, bytes.count, file)
    let place = try #require(
      (0..<count).reversed().first { bytes[$0...].starts(with: text.utf8) })
    fseek(file, place, SEEK_SET)
    fputc(Int32(bytes[place] ^ 1), file)
  }
}
