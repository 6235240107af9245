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

  @Test("Two thousand idle connections keep nobody out")
  func manyConnections() throws {
    let server = try ServerUnderTest()
    let device = try server.join(server.firstInvite, as: Author(1))
    var open: [Int32] = []
    defer { for descriptor in open { close(descriptor) } }
    // As many as this process may have.
    while open.count < 2000, let next = try? RawConnection.open(port: server.port) {
      open.append(next)
    }
    #expect(open.count > 500)
    #expect(try device.post(device.request()).status == 200)
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
