import ChangeLog
import Glibc
import LogStore
import SQLite
import Testing

@Suite("A server's backup, taken while it serves, and the drill")
struct ServerBackupTests {
  @Test("Data of a newer version are refused, and stay as they are", .onFiles)
  func newer() throws {
    let server = try ServerUnderTest()
    #expect(server.stop() == 0)
    let log = try Connection(path: server.data + "/log.db", mode: .readWrite)
    try log.execute("UPDATE schema_version SET version = 99")
    let backup = server.data + ".backup"
    for command in [["check"], ["serve", "--listen", "127.0.0.1:0"], ["backup", backup]] {
      let result = try ServerProgram.run(command + ["--data", server.data])
      #expect(result.status == 76, "\(command): \(result.err)")
      #expect(result.err.contains("newer version"))
    }
    #expect(try log.first("SELECT version FROM schema_version", row: { $0.int(0) }) == 99)
    #expect(access(backup, F_OK) != 0)
  }

  @Test("What is damaged is not backed up as if it were whole", .onFiles)
  func damaged() throws {
    let server = try ServerUnderTest()
    var ann = try server.join(server.firstInvite, as: Author(1))
    for _ in 0..<20 { _ = try ann.sync(ann.author.write(count: 2, size: 3000)) }
    #expect(server.stop() == 0)
    let descriptor = open(server.data + "/log.db", O_WRONLY | O_CLOEXEC)
    defer { close(descriptor) }
    let nonsense = [UInt8](repeating: 0xff, count: 2000)
    for page in 3...8 { pwrite(descriptor, nonsense, nonsense.count, page * 4096 + 100) }
    let folder = try TemporaryFolder()
    let result = try server.admin("backup", folder.path + "/backup", exits: 65)
    #expect(result.err.contains("the data is damaged"), "\(result.err)")
    #expect(access(folder.path + "/backup", F_OK) != 0)
  }

  @Test(
    "What came after the backup is brought back by the devices, and tokens and roles still hold",
    .onFiles)
  func drill() throws {
    let server = try ServerUnderTest()
    try server.admin("user", "add", "rea", "--role", "reader")
    var ann = try server.join(server.firstInvite, as: Author(1))
    let reader = try server.join(server.invite("rea"), as: Author(2))
    let (first, second) = (try ann.author.write("before"), try ann.author.write("after"))
    let before = try ann.sync([first])
    let folder = try TemporaryFolder()
    let file = folder.path + "/backup"
    try server.admin("backup", file)
    let mode = try #require(Self.mode(of: file))
    #expect(mode == 0o600)
    let after = try ann.sync([second])
    #expect(after.head.position == 2)
    // The machine burns; another is made of the backup.
    server.stop(SIGKILL)
    try Self.empty(server.data)
    let restored = try ServerProgram.run(["restore", file, "--into", server.data])
    #expect(restored.status == 0, "\(restored.err)")
    try server.admin("check")
    try server.start()
    let answer = try ann.post(ann.request(cursor: after.head))
    let response = try SyncResponse(decoding: answer.body)
    guard case .diverged(let marks) = response.page else {
      Issue.record("it did not notice: \(response.page)")
      return
    }
    // The same changesets up to the backup, in a log of another name.
    #expect(marks.contains { $0.position == 1 && $0.hash == before.head.hash })
    #expect(marks.allSatisfy { $0.log != before.head.log })
    let again = try SyncResponse(
      decoding: ann.post(ann.request([first, second], cursor: marks[0])).body)
    #expect(again.head.position == 2 && again.head.hash == after.head.hash)
    #expect(try reader.sync().head.position == 2)
  }

  @Test(
    "A backup that is taken while devices push has all that was acknowledged before it", .onFiles)
  func underLoad() throws {
    let server = try ServerUnderTest()
    var ann = try server.join(server.firstInvite, as: Author(1))
    let folder = try TemporaryFolder()
    var pushed: [ChangesetID] = []
    func push(_ count: Int) throws {
      for _ in 0..<count {
        let changeset = try ann.author.write(String(repeating: "x", count: 20_000))
        pushed.append(changeset.id)
        #expect(try ann.sync([changeset]).verdicts == [.accepted(position: pushed.count)])
      }
    }
    for round in 1...3 {
      try push(5)
      let before = pushed.count
      let (file, restored) = (folder.path + "/backup-\(round)", folder.path + "/\(round)")
      let backup = try Child(
        ServerProgram.path, ["backup", file, "--data", server.data], out: "/dev/null",
        err: folder.path + "/err")
      try push(10)
      #expect(backup.wait() == 0, "\(ServerProgram.read(folder.path + "/err"))")
      for arguments in [["restore", file, "--into", restored], ["check", "--data", restored]] {
        let result = try ServerProgram.run(arguments)
        #expect(result.status == 0, "\(result.err)")
      }
      let held = try LogDatabase(in: DataFolder(path: restored))
        .log(of: ann.workspace, newID: LogBody.id).entries(after: 0, limit: .max / 2).map(\.id)
      #expect(held.count >= before && held == Array(pushed.prefix(held.count)))
    }
  }

  @Test("A backup is never written over, and one is never restored over data", .onFiles)
  func refusals() throws {
    let server = try ServerUnderTest()
    let folder = try TemporaryFolder()
    let file = folder.path + "/backup"
    try server.admin("backup", file)
    let again = try server.admin("backup", file, exits: 73)
    #expect(again.err.contains("is there already"))
    let over = try ServerProgram.run(["restore", file, "--into", server.data])
    #expect(over.status == 73 && over.err.contains("is not empty"))
    let missing = try ServerProgram.run(["restore", file + "x", "--into", folder.path + "/new"])
    #expect(missing.status == 66)
  }

  @Test(
    "What is no backup is refused and leaves nothing", .onFiles,
    arguments: ["text", "store", "cut"])
  func foreign(kind: String) throws {
    let server = try ServerUnderTest()
    let folder = try TemporaryFolder()
    let file = folder.path + "/backup"
    switch kind {
    case "text": try TemporaryFolder.write("this is no database", to: file)
    // A database of another kind.
    case "store": try #require(Self.copy(server.data + "/accounts.db", to: file))
    default:
      try server.admin("backup", file)
      #expect(truncate(file, 20_000) == 0)
    }
    let target = folder.path + "/new"
    let result = try ServerProgram.run(["restore", file, "--into", target])
    #expect(result.status == 65, "\(result.err)")
    #expect(result.err.contains("is no backup of a server") == (kind != "cut"), "\(result.err)")
    for name in ["log.db", "accounts.db"] { #expect(access(target + "/" + name, F_OK) != 0) }
  }

  private static func mode(of path: String) -> mode_t? {
    var status = stat()
    return stat(path, &status) == 0 ? status.st_mode & 0o777 : nil
  }

  private static func empty(_ folder: String) throws {
    let child = try Child(
      "/bin/sh", ["-c", "rm -rf '\(folder)'"], out: "/dev/null", err: "/dev/null")
    #expect(child.wait() == 0)
  }

  private static func copy(_ path: String, to target: String) -> Bool {
    (try? Child("/bin/cp", [path, target], out: "/dev/null", err: "/dev/null").wait()) == 0
  }
}
