import ChangeLog
import ReplicaStore
import Testing

@Suite("What the server does with requests it cannot want")
struct ServerLimitTests {
  @Test("A workspace has so much room; the others have theirs, and everybody may read")
  func quota() throws {
    let server = try ServerUnderTest(configuration: "workspace-megabytes: 1\n")
    var ann = try server.join(server.firstInvite, as: Author(1))
    try server.admin("user", "add", "bob")
    let bob = try server.join(server.invite("bob"), as: Author(2))
    try server.admin("workspace", "add", "other")
    try server.admin("user", "add", "cleo", "--workspace", "other")
    var cleo = try server.join(server.invite("cleo", to: "other"), as: Author(3))
    let size = try ann.author.write(count: 1).map(\.bytes.count)[0]
    ann.author = try Author(1, in: ann.workspace)
    let most = 1 << 20
    _ = try ann.sync(ann.author.write(count: 2, size: most / 4))
    let left = most - 2 * (most / 4 + size + 2)
    let before = ann.author
    let more = try ann.author.write(String(repeating: "x", count: left))
    let answer = try ann.post(ann.request([more]))
    #expect(answer.status == 507 && answer.headers["retry-after"] != nil, "\(answer.text)")
    #expect(answer.text.contains("1 MiB"))
    #expect(try bob.sync().head.position == 2)
    #expect(try cleo.sync(cleo.author.write(count: 2)).head.position == 2)
    ann.author = before
    #expect(try ann.sync([try ann.author.write("less")]).head.position == 3)
    try server.admin("check")
  }

  @Test("A snapshot takes room too: one that finds none keeps nothing, and no words wait for it")
  func snapshotQuota() async throws {
    let server = try ServerUnderTest(configuration: "workspace-megabytes: 1\n")
    let ann = try DeviceReplica(server.join(server.firstInvite, as: Author(1)))
    try ann.write(1, String(repeating: "x", count: 200_000))
    #expect(try await ann.sync(snapshotDistance: 1).isSnapshotTaken)
    let kept = try #require(try ann.device.sync().snapshot)
    #expect(kept.position == 1 && kept.size > 200_000)
    // 600,000 bytes and 200,000 are here, and the next one has 600,000.
    try ann.write(2, String(repeating: "x", count: 400_000))
    let report = try await ann.sync(snapshotDistance: 1)
    #expect(report.sent == 1 && report.snapshotRefused == .tooLarge && !report.isSnapshotTaken)
    #expect(try ann.replica.unsentCount() == 0)
    #expect(try ann.device.sync().snapshot == kept)
    // What is there of it is not in anybody's way.
    try ann.write(3, String(repeating: "x", count: 200_000))
    #expect(try await ann.sync().sent == 1)
    try server.admin("check")
  }

  @Test("A snapshot that finds no room half way leaves that of its first half")
  func snapshotParts() throws {
    let server = try ServerUnderTest(configuration: "workspace-megabytes: 1\n")
    let ann = try server.join(server.firstInvite, as: Author(1))
    try server.admin("user", "add", "bob")
    var bob = try server.join(server.invite("bob"), as: Author(2))
    let bytes = try SignedSnapshot.encode(
      Snapshot(workspace: ann.workspace, writers: [], entries: [], entities: []),
      signedBy: ann.author.key)
    func offer(_ offset: Int, of size: Int, _ count: Int) throws -> HTTPAnswer {
      var request = ann.request()
      let filled = bytes + [UInt8](repeating: 0, count: count)
      request.snapshot = .offers(
        SnapshotPart(
          id: .zero, size: size, offset: offset, bytes: Array(filled.prefix(count))))
      return try ann.post(request)
    }
    // What it will be counts, not what is here of it.
    #expect(try offer(0, of: 1 << 20 + 1, 1000).status == 507)
    let begun = try offer(0, of: 600_000, 300_000)
    #expect(begun.status == 200, "\(begun.text)")
    #expect(
      try SyncResponse(decoding: begun.body).snapshotVerdict == .needs(offset: 300_000))
    let more = try bob.author.write(count: 1, size: 700_000)
    #expect(try bob.sync(more).head.position == 1)
    #expect(try offer(300_000, of: 600_000, 300_000).status == 507)
    #expect(try bob.sync(bob.author.write(count: 1, size: 300_000)).head.position == 2)
  }

  @Test("What proves that a name was used for two branches takes room too")
  func proofs() throws {
    let server = try ServerUnderTest(configuration: "workspace-megabytes: 1\n")
    var ann = try server.join(server.firstInvite, as: Author(1))
    var copy = ann
    _ = try ann.sync([try ann.author.write("one")])
    let fork = try copy.author.write(String(repeating: "x", count: 700_000))
    #expect(try copy.sync([fork]).verdicts == [.refused(.forked)])
    let more = try ann.author.write(String(repeating: "x", count: 700_000))
    #expect(try ann.post(ann.request([more])).status == 507)
  }

  @Test("A reader puts nothing into the log, not even a part of a snapshot")
  func partsOfReaders() throws {
    let server = try ServerUnderTest()
    try server.admin("user", "add", "bob", "--role", "reader")
    let bob = try server.join(server.invite("bob"), as: Author(2))
    for offset in [0, 1] {
      var request = bob.request()
      request.snapshot = .offers(
        SnapshotPart(id: .zero, size: 1 << 28, offset: offset, bytes: [1]))
      let response = try SyncResponse(decoding: bob.post(request).body)
      #expect(response.snapshotVerdict == .refused(.readOnly))
    }
  }

  /// A request of exactly so many bytes, all of it changesets nobody can read.
  private func request(_ device: TestDevice, size: Int) throws -> [UInt8] {
    var request = device.request()
    request.changesets = [[UInt8](repeating: 0, count: size - 300)]
    request.changesets[0].append(
      contentsOf: [UInt8](repeating: 0, count: size - request.encoded.count))
    try #require(request.encoded.count == size)
    return request.encoded
  }

  @Test("The largest request is taken, one byte more is not")
  func bodyLimit() throws {
    let server = try ServerUnderTest()
    let device = try server.join(server.firstInvite, as: Author(1))
    let path = server.syncPath(device.workspace)
    let limit = SyncRequest.maximumSize
    let largest = try server.post(path, request(device, size: limit), token: device.joined.token)
    #expect(largest.status == 200)
    #expect(try SyncResponse(decoding: largest.body).verdicts == [.refused(.tooLarge)])
    // Declared too large: the answer comes before the body.
    let head =
      "POST \(path) HTTP/1.1\r\nHost: l\r\nConnection: close\r\nContent-Length: \(limit + 1)\r\n"
      + "Content-Type: \(WireFormat.contentType)\r\n"
      + "Authorization: Bearer \(device.joined.token.text)\r\n"
    #expect(try server.send(Array("\(head)\r\n".utf8)).status == 413)
    // Not declared: chunks, one byte too many.
    let chunked = head.replacing("Content-Length: \(limit + 1)", with: "Transfer-Encoding: chunked")
    let size = String(limit + 1, radix: 16)
    let body = try request(device, size: limit) + [0]
    let bytes = Array("\(chunked)\r\n\(size)\r\n".utf8) + body + Array("\r\n0\r\n\r\n".utf8)
    let answer = try server.send(bytes)
    #expect(answer.status == 413 && answer.text.contains("\(limit)"))
    #expect(try device.sync().head.position == 0)
  }

  @Test("As many headers as there may be are taken, and as long ones; more are not")
  func headerLimits() throws {
    let server = try ServerUnderTest()
    func status(_ path: String, _ headers: [String]) throws -> Int {
      let lines = ["GET \(path) HTTP/1.1", "Host: l"] + headers + ["Connection: close"]
      return try server.send(Array((lines.joined(separator: "\r\n") + "\r\n\r\n").utf8)).status
    }
    func long(_ size: Int) -> String { String(repeating: "a", count: size) }
    // With Host and Connection.
    let many = (0..<62).map { "X-\($0): a" }
    #expect(try status("/health", many) == 200)
    #expect(try status("/health", many + ["X-63: a"]) == 400)
    let limit = 16 << 10
    #expect(try status("/health", ["X: \(long(limit - 200))"]) == 200)
    #expect(try status("/health", ["X: \(long(limit))"]) == 400)
    let several = (10..<30).map { "X-\($0): \(long(limit / 20))" }
    #expect(try status("/health", several.dropLast()) == 200)
    #expect(try status("/health", several) == 400)
    #expect(try status("/health?\(long(limit - 200))", []) == 200)
    #expect(try status("/health?\(long(limit))", []) == 400)
    #expect(try server.get("/health").status == 200)
  }

  @Test("Wrong types, versions and bytes have each their own answer")
  func wrongRequests() throws {
    let server = try ServerUnderTest()
    let device = try server.join(server.firstInvite, as: Author(1))
    let path = server.syncPath(device.workspace)
    let good = device.request().encoded
    func status(_ body: [UInt8], _ type: String, _ extra: String = "") throws -> HTTPAnswer {
      try server.post(path, body, token: device.joined.token, type: type, extra: extra)
    }
    let type = WireFormat.contentType
    #expect(try status(good, type).status == 200)
    #expect(try status(good, "application/json").status == 415)
    #expect(try status(good, type, "Content-Encoding: gzip\r\n").status == 415)
    #expect(try status([], type).status == 400)
    #expect(try status(good + [0], type).status == 400)
    var newer = good
    newer[0] = 2
    let version = try status(newer, type)
    #expect(version.status == 426 && version.text.contains("protocol 1"))
    #expect(version.headers["content-type"]?.hasPrefix("text/plain") == true)
    let missing = try server.post("/v2/anything", [])
    #expect(missing.status == 404 && missing.headers["dossier-protocol"] == "1")
  }

  @Test("No cut or flipped byte of a request brings the server down")
  func hostile() throws {
    let server = try ServerUnderTest()
    var device = try server.join(server.firstInvite, as: Author(1))
    let path = server.syncPath(device.workspace)
    let good = device.request([try device.author.write()]).encoded
    for length in 0..<good.count {
      let answer = try server.post(path, Array(good[..<length]), token: device.joined.token)
      #expect(answer.status == 400, "cut at \(length)")
    }
    for index in good.indices {
      for mask in [0xff, 0x80, 0x01] as [UInt8] {
        var flipped = good
        flipped[index] ^= mask
        let answer = try server.post(path, flipped, token: device.joined.token)
        #expect([200, 400, 426].contains(answer.status), "flipped at \(index)")
      }
    }
    #expect(server.stop() == 0)
    try server.admin("check")
  }

  @Test(
    "What is not HTTP is refused and the server lives",
    arguments: [
      "GET / HTTP/1.1\r\nHost: a\r\nX: \(String(repeating: "x", count: 20_000))\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: a\r\n\((0..<200).map { "H\($0): 1\r\n" }.joined())\r\n",
      "GARBAGE\r\n\r\n",
      "POST /health HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n",
      "POST /health HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
    ])
  func notHTTP(bytes: String) throws {
    let server = try ServerUnderTest()
    // Either 400 or nothing but a closed connection.
    if let answer = try? server.send(Array(bytes.utf8)) {
      #expect((400...499).contains(answer.status))
    }
    let health = "GET /health HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
    #expect(try server.send(Array(health.utf8)).text == "ok\n")
  }

  @Test("Neither tokens nor invites nor control characters reach the log")
  func log() throws {
    let server = try ServerUnderTest()
    var device = try server.join(server.firstInvite, as: Author(1))
    _ = try device.sync([try device.author.write("canary-text")])
    _ = try server.post("/v1/workspaces/%1b%5b2J%0aforged/sync", [], token: device.joined.token)
    server.stop()
    let log = server.log
    #expect(!log.contains(device.joined.token.text))
    #expect(!log.contains(server.firstInvite.text))
    #expect(!log.contains(Hexadecimal.encode(server.firstInvite.secret)))
    #expect(!log.contains("canary-text"))
    #expect(!log.contains("\u{1b}") && !log.contains("\nforged"))
    #expect(log.contains("status=200"))
  }
}
