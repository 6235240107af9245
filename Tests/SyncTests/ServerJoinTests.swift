import ChangeLog
import Testing

@Suite("Joining over HTTP")
struct ServerJoinTests {
  @Test("An invite lets one device in, once")
  func once() throws {
    let server = try ServerUnderTest()
    let code = server.firstInvite
    let device = try server.join(code, as: Author(1))
    #expect(device.joined.device.hasPrefix("v-") && device.joined.device.utf8.count == 18)
    #expect(device.joined.member == "ann" && device.joined.role == "owner")
    #expect(device.joined.workspaceName == "team")
    for author in [try Author(1), try Author(2)] {
      let again = try JoinRequest(code, deviceName: "other", key: author.key)
      let answer = try server.post(server.joinPath(code.workspace), again.encoded)
      #expect(answer.status == 403)
      #expect(answer.text.contains("used already"))
    }
    #expect(try server.admin("device", "list", "ann").out.split(separator: "\n").count == 1)
    #expect(try device.sync().head.position == 0)
  }

  @Test("An expired invite and an invented one are told apart")
  func expired() throws {
    let server = try ServerUnderTest()
    let code = try InviteCode(text: server.admin("user", "invite", "ann", "--valid", "1s").out)
    let request = try JoinRequest(code, deviceName: "laptop", key: Author(1).key)
    let invented = try JoinRequest(
      code.with(secret: [UInt8](repeating: 1, count: 32)), deviceName: "laptop", key: Author(1).key)
    let path = server.joinPath(code.workspace)
    // The last second counts, so it takes up to two.
    try #require(try ServerProgram.sleep(milliseconds: 2100))
    let late = try server.post(path, request.encoded)
    #expect(late.status == 403 && late.text.contains("expired"))
    let unknown = try server.post(path, invented.encoded)
    #expect(unknown.status == 403 && unknown.text.contains("not known"))
    // The same for another workspace: whether there is one is not said.
    let elsewhere = try server.post(server.joinPath(.zero), invented.encoded)
    #expect(elsewhere.status == 403 && elsewhere.text == unknown.text)
  }

  @Test("Two devices race for one invite and one wins")
  func race() async throws {
    let server = try ServerUnderTest()
    let code = server.firstInvite
    let (path, port) = (server.joinPath(code.workspace), server.port)
    let statuses = try await withThrowingTaskGroup(of: Int.self) { group in
      for number in 1...6 {
        let key = try Author(UInt64(number)).key
        let body = try JoinRequest(code, deviceName: "l", key: key).encoded
        let head =
          "POST \(path) HTTP/1.1\r\nHost: l\r\nConnection: close\r\n"
          + "Content-Type: \(WireFormat.contentType)\r\nContent-Length: \(body.count)\r\n\r\n"
        group.addTask {
          try HTTPAnswer(
            reading: RawConnection.exchange(Array(head.utf8) + body, port: port)
          ).status
        }
      }
      return try await group.reduce(into: []) { $0.append($1) }
    }
    #expect(statuses.sorted() == [200, 403, 403, 403, 403, 403])
  }

  @Test("Who does not hold the key is not let in, and the invite stays good")
  func unproven() throws {
    let server = try ServerUnderTest()
    let code = server.firstInvite
    let path = server.joinPath(code.workspace)
    let good = try JoinRequest(code, deviceName: "laptop", key: Author(1).key)
    var forged = good.encoded
    forged[forged.count - 1] ^= 1
    #expect(try server.post(path, forged).status == 400)
    var otherKey = good.encoded
    otherKey[otherKey.count - 70] ^= 1
    #expect(try server.post(path, otherKey).status == 400)
    let nasty = try JoinRequest(code, deviceName: "a\u{1b}[2J", key: Author(1).key)
    #expect(try server.post(path, nasty.encoded).status == 400)
    #expect(try server.post(path, good.encoded).status == 200)
  }

  @Test("Who speaks another version hears so, and the invite stays good")
  func version() throws {
    let server = try ServerUnderTest()
    let path = server.joinPath(server.firstInvite.workspace)
    let good = try JoinRequest(server.firstInvite, deviceName: "laptop", key: Author(1).key)
    for version in [0, 2, 255] as [UInt8] {
      let answer = try server.post(path, [version] + good.encoded.dropFirst())
      #expect(answer.status == 426)
      #expect(answer.text == "this server speaks protocol 1, the request is in \(version)\n")
    }
    #expect(try server.post(path, good.encoded).status == 200)
  }

  @Test("A disabled member's invite lets nobody in")
  func disabled() throws {
    let server = try ServerUnderTest()
    let code = server.firstInvite
    try server.admin("user", "disable", "ann")
    let request = try JoinRequest(code, deviceName: "laptop", key: Author(1).key)
    let answer = try server.post(server.joinPath(code.workspace), request.encoded)
    #expect(answer.status == 403 && answer.text.contains("user disable"))
    try server.admin("user", "invite", "ann", exits: 77)
    try server.admin("user", "enable", "ann")
    _ = try server.join(code, as: Author(1))
  }
}

extension ServerProgram {
  static func sleep(milliseconds: Int) throws -> Bool {
    let seconds = "\(milliseconds / 1000).\(String(1000 + milliseconds % 1000).dropFirst())"
    return try Child("/bin/sleep", [seconds], out: "/dev/null", err: "/dev/null").wait() == 0
  }
}
