import ChangeLog
import Glibc
import Testing

@Suite("A server whose disk is full, or fails", .onFiles)
struct ServerDiskTests {
  @Test(
    "A full disk takes nothing by halves, goes on giving, and takes again when there is room",
    .enabled(if: getuid() == 0, "only root may mount"))
  func full() throws {
    let server = try ServerUnderTest(diskSize: 24 << 20)
    try server.admin("user", "add", "bob")
    var ann = try server.join(server.firstInvite, as: Author(1))
    let bob = try server.join(server.invite("bob"), as: Author(2))
    var acknowledged: [ChangesetID] = []
    var waiting: [Changeset] = [try ann.author.write("small")]
    var statuses: Set<Int> = []
    /// - Returns: whether the server took what waits.
    func push() throws -> Bool {
      let answer = try ann.post(ann.request(waiting))
      statuses.insert(answer.status)
      guard answer.status == 200 else {
        #expect(answer.status == 507 && answer.headers["retry-after"] != nil, "\(answer.text)")
        return false
      }
      acknowledged += waiting.map(\.id)
      waiting = []
      return true
    }
    #expect(try push())
    for free in [0, 4, 16, 64, 256, 1024] {
      let filler = try Filler("/proc/\(server.process)/root\(server.data)", leaving: free << 10)
      for size in [10, 30_000, 300_000] {
        if waiting.isEmpty { waiting = try ann.author.write(count: 2, size: size) }
        _ = try push()
        // Whoever only reads is served, however long ago it was here last.
        let read = try bob.sync()
        #expect(read.head.position == acknowledged.count)
      }
      filler.remove()
      if !waiting.isEmpty { #expect(try push()) }
    }
    #expect(statuses == [200, 507])
    #expect(try bob.sync(wantsOwnBytes: true).head.position == acknowledged.count)
    try server.admin("check")
    #expect(server.stop() == 0)
  }

  @Test(
    "A disk that fails costs nothing that was acknowledged, and is used again when it works again",
    .enabled(if: getuid() == 0, "only root may interfere"), arguments: ["fdatasync", "pwrite64"])
  func fails(call: String) throws {
    let server = try ServerUnderTest()
    var device = try server.join(server.firstInvite, as: Author(1))
    var acknowledged = 0
    /// - Returns: the statuses of as many tries as it took, or of three.
    func push() throws -> [Int] {
      let waiting = try device.author.write(count: 2, size: 3000)
      var statuses: [Int] = []
      while statuses.count < 3, statuses.last != 200 {
        statuses.append(try device.post(device.request(waiting)).status)
      }
      try #require(statuses.last == 200, "\(call): \(statuses)")
      acknowledged += 2
      return statuses
    }
    var statuses: Set<Int> = []
    for number in 1...6 {
      let fault = try DiskFault(of: call, at: "\(number)", in: server)
      while acknowledged < number * 20 { statuses.formUnion(try push()) }
      fault.end()
    }
    #expect(statuses == [200, 503], "\(call)")

    let fault = try DiskFault(of: call, at: "1+", in: server)
    let waiting = try device.author.write(count: 2)
    #expect(try device.post(device.request(waiting)).status == 503)
    // Who reads is served all the same, unless SQLite cannot even make the file by which readers find the newest page.
    #expect(try device.post(device.request()).status == (call == "pwrite64" ? 503 : 200))
    fault.end()
    let response = try SyncResponse(decoding: device.post(device.request(waiting)).body)
    #expect(response.head.position == acknowledged + 2)
    #expect(server.stop() == 0)
    try server.admin("check")
  }
}

/// A system call that fails in a process that runs, or at which it dies.
final class DiskFault {
  private let tracer: Child
  private let folder = try? TemporaryFolder()

  /// - Parameters:
  ///   - when: which of its calls fail: "3", or "3+" for all from the third on.
  ///   - fault: what then happens, as strace says it.
  init(
    of call: String, at when: String, as fault: String = "error=EIO", in server: ServerUnderTest
  ) throws {
    let said = (folder?.path ?? "/tmp") + "/said"
    tracer = try Child(
      "strace",
      [
        "-f", "-o", "/dev/null", "-e", "trace=\(call)", "-e",
        "inject=\(call):\(fault):when=\(when)", "-p", "\(server.process)",
      ], out: said, err: said)
    for _ in 0..<1000 where !ServerProgram.read(said).contains("attached") { usleep(5000) }
  }

  func end() {
    tracer.send(SIGTERM)
    tracer.wait()
  }
}

/// A file that takes the room of a disk.
struct Filler {
  private let path: String

  init(_ folder: String, leaving free: Int) throws {
    path = folder + "/filler"
    // A program that another test starts meanwhile must not hold the room after the file is gone.
    let descriptor = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0o600)
    try #require(descriptor >= 0, "\(path): \(errno)")
    defer { close(descriptor) }
    let block = [UInt8](repeating: 1, count: 4096)
    var size = 0
    while case let count = write(descriptor, block, block.count), count > 0 { size += count }
    #expect(errno == ENOSPC)
    ftruncate(descriptor, max(0, size - free))
  }

  func remove() {
    truncate(path, 0)
    unlink(path)
  }
}
