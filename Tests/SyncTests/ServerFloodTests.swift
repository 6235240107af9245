import ChangeLog
import Glibc
import Synchronization
import Testing

@testable import SyncServer

@Suite("Clients that ask too much, too often or too slowly")
struct ServerFloodTests {
  @Test("A device that asks too often is told to wait; the others are not")
  func rates() throws {
    let server = try ServerUnderTest(configuration: "requests-per-minute: 5\n")
    try server.admin("user", "add", "bob")
    let ann = try server.join(server.firstInvite, as: Author(1))
    let bob = try server.join(server.invite("bob"), as: Author(2))
    let answers = try (0..<8).map { _ in try ann.post(ann.request()) }
    #expect(answers.prefix(5).allSatisfy { $0.status == 200 })
    #expect(answers[7].status == 429)
    #expect(answers[7].headers["retry-after"] == "60")
    #expect(try bob.post(bob.request()).status == 200)
  }

  @Test("Guessing tokens ends soon, and costs nobody who has one")
  func guesses() throws {
    let server = try ServerUnderTest(
      configuration: "failures-per-minute: 6\ntrust-proxy: true\n")
    let ann = try server.join(server.firstInvite, as: Author(1))
    let path = server.syncPath(ann.workspace)
    func ask(_ token: Token, from address: String) throws -> Int {
      try server.post(
        path, ann.request().encoded, token: token, extra: "X-Forwarded-For: 1.1.1.1, \(address)\r\n"
      ).status
    }
    let guess = Token(bytes: [UInt8](repeating: 9, count: 32))!
    let answers = try (0..<10).map { _ in try ask(guess, from: "10.0.0.1") }
    #expect(answers.first == 401 && answers.last == 429)
    // Elsewhere nobody guessed.
    #expect(try ask(ann.joined.token, from: "10.0.0.2") == 200)
  }

  @Test("A head that comes in drops is not waited for")
  func slowHead() throws {
    let server = try ServerUnderTest(configuration: "head-seconds: 1\n")
    let device = try server.join(server.firstInvite, as: Author(1))
    let slow = try RawConnection.open(Array("GET /health HTTP/1.1\r\nX: ".utf8), port: server.port)
    defer { close(slow) }
    #expect(RawConnection.drip(slow, every: 100_000, atMost: 200) < 200)
    #expect(try device.post(device.request()).status == 200)
  }

  @Test("Who is answered before the body was sent is not waited for longer than others")
  func answeredEarly() throws {
    let server = try ServerUnderTest(configuration: "idle-seconds: 1\n")
    let head =
      "POST \(server.syncPath(.zero)) HTTP/1.1\r\nHost: l\r\nContent-Length: 10\r\n\r\n"
    let connection = try RawConnection.open(Array(head.utf8), port: server.port)
    defer { close(connection) }
    #expect(RawConnection.receive(connection).starts(with: "HTTP/1.1 401"))
    _ = send(connection, "0123456789", 10, Int32(MSG_NOSIGNAL))
    #expect(RawConnection.isClosed(connection, within: 10))
  }

  @Test("Bodies and answers that travel in drops cost the others nothing, and come to an end")
  func slow() throws {
    let server = try ServerUnderTest(
      configuration:
        "slowest-bytes-per-second: 4000000\ngrace-seconds: 10\nrequests-per-minute: 100000\n")
    var ann = try server.join(server.firstInvite, as: Author(1))
    try server.admin("user", "add", "bob")
    let bob = try server.join(server.invite("bob"), as: Author(2))
    for _ in 0..<6 { _ = try ann.sync(try ann.author.write(count: 3, size: 900_000)) }
    func head(_ length: Int, _ device: TestDevice) -> [UInt8] {
      Array(
        ("POST \(server.syncPath(device.workspace)) HTTP/1.1\r\nHost: l\r\n"
          + "Authorization: Bearer \(device.joined.token.text)\r\n"
          + "Content-Type: \(WireFormat.contentType)\r\nContent-Length: \(length)\r\n\r\n").utf8)
    }
    var request = bob.request()
    request.pageSize = 8 << 20
    let body = request.encoded
    // As many as one device may have under way: bodies that do not come, an answer of 8 MiB that is not read.
    let slow = try (0..<3).map { _ in try RawConnection.open(head(1000, bob), port: server.port) }
    let reader = try RawConnection.open(
      head(body.count, bob) + body, port: server.port, takes: 4096)
    defer { for descriptor in slow + [reader] { close(descriptor) } }
    var statuses: [Int] = []
    while statuses.count < 100, statuses.last != 429 {
      usleep(20_000)
      statuses.append(try bob.post(bob.request()).status)
    }
    #expect(statuses.last == 429)
    let end = try SyncResponse(decoding: ann.post(ann.request()).body).head
    for _ in 0..<20 { #expect(try ann.post(ann.request(cursor: end)).status == 200) }
    for descriptor in slow { #expect(RawConnection.isClosed(descriptor, within: 20)) }
    // Ten seconds, and two for 8 MiB.
    usleep(5_000_000)
    #expect(RawConnection.drain(reader) < 8 << 20)
    #expect(try bob.post(bob.request()).status == 200)
  }

  @Test("Whoever is shut out and goes on asking is told to wait, as one who guesses")
  func revokedFlood() throws {
    let server = try ServerUnderTest(configuration: "failures-per-minute: 6\n")
    let ann = try server.join(server.firstInvite, as: Author(1))
    try server.admin("user", "add", "bob")
    let bob = try server.join(server.invite("bob"), as: Author(2))
    #expect(try ann.post(ann.request()).status == 200)
    try server.admin("device", "revoke", bob.joined.device)
    let answers = try (0..<10).map { _ in try bob.post(bob.request()).status }
    #expect(answers.first == 403 && answers.last == 429)
    // From the same address: who has a good token does not pay for it.
    #expect(try ann.post(ann.request()).status == 200)
  }

  @Test(
    "Addresses of one customer count together",
    arguments: [
      ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::9", true),
      ("2001:db8:1:2::1", "2001:db8:1:3::1", false), ("10.0.0.1", "10.0.0.2", false),
      ("::ffff:10.0.0.1", "10.0.0.1", true), ("unknown", "unknown", true),
    ])
  func networks(one: String, other: String, isSame: Bool) {
    #expect((Network.name(of: one) == Network.name(of: other)) == isSame)
  }

  @Test("Ten thousand idle connections keep nobody out, and cost little")
  func manyConnections() throws {
    let count = min(10_000, RawConnection.mostDescriptors() - 1000)
    let server = try ServerUnderTest(configuration: "idle-seconds: 600\nhead-seconds: 600\n")
    var device = try server.join(server.firstInvite, as: Author(1))
    var open: [Int32] = []
    defer { for descriptor in open { close(descriptor) } }
    while open.count < count { open.append(try RawConnection.open(port: server.port)) }
    #expect(try device.sync([device.author.write()]).verdicts == [.accepted(position: 1)])
    let files = try #require(opendir("/proc/\(server.process)/fd"))
    defer { closedir(files) }
    var there = 0
    while readdir(files) != nil { there += 1 }
    #expect(there > count)
    #expect(try server.peakMemory() < 1 << 20, "KiB")
    #expect(open.allSatisfy { !RawConnection.isClosed($0, within: 0) })
  }

  @Test("Whoever comes when there are as many connections as there may be is told to come again")
  func full() throws {
    let server = try ServerUnderTest(configuration: "connections: 4\nidle-seconds: 600\n")
    let ask = Array("GET /health HTTP/1.1\r\nHost: l\r\n\r\n".utf8)
    func answer(_ descriptor: Int32) -> String {
      var said = ""
      while !said.hasSuffix("\r\n\r\nok\n"),
        !said.hasSuffix("\r\n\r\n") || !said.lowercased().contains("content-length: 0")
      {
        let more = RawConnection.receive(descriptor)
        if more.isEmpty { break }
        said += more
      }
      return said
    }
    var open: [Int32] = []
    defer { for descriptor in open { close(descriptor) } }
    for _ in 0..<4 {
      open.append(try RawConnection.open(ask, port: server.port))
      #expect(answer(open[open.count - 1]).hasPrefix("HTTP/1.1 200"))
    }
    for _ in 0..<20 {
      let late = try RawConnection.open(ask + ask, port: server.port)
      defer { close(late) }
      let said = answer(late)
      #expect(said.hasPrefix("HTTP/1.1 503") && said.lowercased().contains("retry-after: 10"))
      #expect(said.lowercased().contains("dossier-protocol: 1"))
      #expect(RawConnection.isClosed(late, within: 10))
    }
    // Those who were here are served.
    _ = send(open[0], ask, ask.count, Int32(MSG_NOSIGNAL))
    #expect(answer(open[0]).hasPrefix("HTTP/1.1 200"))
    close(open.removeLast())
    var statuses: [String] = []
    while statuses.count < 200, statuses.last?.hasPrefix("HTTP/1.1 200") != true {
      let next = try RawConnection.open(ask, port: server.port)
      statuses.append(answer(next))
      close(next)
      usleep(10_000)
    }
    #expect(statuses.last?.hasPrefix("HTTP/1.1 200") == true)
  }

  @Test(
    "One address has so many connections, unless it is that of a proxy of ours",
    .enabled(if: RawConnection.outerAddress != nil, "this machine has no other address"),
    arguments: [false, true])
  func connectionsOfAProxy(isTrusted: Bool) throws {
    let folder = try TemporaryFolder()
    let data = folder.path + "/data"
    let made = try ServerProgram.run([
      "init", data, "--address", "https://localhost:1", "--self-signed", "--user", "ann",
    ])
    try #require(made.status == 0, "\(made.err)")
    try TemporaryFolder.write(
      "connections-per-address: 2\nconnections: 4\ntrust-proxy: \(isTrusted)\n",
      to: data + "/config.yaml")
    let server = try ServerUnderTest(
      servingFrom: data, invite: InviteCode(text: made.out), at: "0.0.0.0")
    var open: [Int32] = []
    defer { for descriptor in open { close(descriptor) } }
    func connect() throws -> Int32 {
      open.append(try RawConnection.open(port: server.port, at: RawConnection.outerAddress!))
      return open[open.count - 1]
    }
    for _ in 0..<2 { _ = try connect() }
    let third = try connect()
    if isTrusted {
      // Long enough to be shown out.
      #expect(!RawConnection.isClosed(third, within: 1))
    } else {
      #expect(RawConnection.isClosed(third, within: 10))
    }
  }

  @Test("A bucket fills at its rate and holds no more than a minute's worth")
  func buckets() {
    let clock = Mutex(ContinuousClock.now)
    let buckets = TokenBuckets(perMinute: 60) { clock.withLock { $0 } }
    #expect((0..<60).allSatisfy { _ in buckets.take("a") })
    #expect(!buckets.take("a") && buckets.take("b"))
    clock.withLock { $0 += .milliseconds(999) }
    #expect(!buckets.hasOne("a"))
    clock.withLock { $0 += .milliseconds(2) }
    #expect(buckets.take("a") && !buckets.take("a"))
    clock.withLock { $0 += .seconds(3600) }
    #expect((0..<60).allSatisfy { _ in buckets.take("a") })
    #expect(!buckets.take("a"))
    // A clock that goes back gives nothing and takes nothing for long.
    clock.withLock { $0 -= .seconds(10) }
    #expect(!buckets.take("a"))
  }

  @Test("An address has so many connections; this machine's own are not counted")
  func visitors() {
    let visitors = Visitors()
    #expect(visitors.enter("10.0.0.1", limit: 2) && visitors.enter("10.0.0.1", limit: 2))
    #expect(!visitors.enter("10.0.0.1", limit: 2) && visitors.enter("10.0.0.2", limit: 2))
    visitors.leave("10.0.0.1")
    #expect(visitors.enter("10.0.0.1", limit: 2))
    #expect((0..<100).allSatisfy { _ in visitors.enter("127.0.0.1", limit: 2) })
    #expect(visitors.total == 103)
  }
}
