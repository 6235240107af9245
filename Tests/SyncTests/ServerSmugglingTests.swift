import ChangeLog
import Testing

/// Requests that two readers could read in two ways (RFC 9112, 11.2): a proxy in front might see one where the server sees two.
@Suite("What the server does with requests that could be read in two ways")
struct ServerSmugglingTests {
  /// Never to be answered: it stands where a body may be.
  private let second: String
  /// What a server refuses.
  private let corpus: [String]

  init() throws {
    let root = #filePath.split(separator: "/").dropLast(3).map { "/" + $0 }.joined()
    let lines = ServerProgram.read(root + "/fixtures/protocol/smuggling.txt")
      .split(separator: "\n").filter { !$0.hasPrefix("; ") }
    let requests = lines.map {
      String($0).replacing("\\r", with: "\r").replacing("\\n", with: "\n")
        .replacing("\\0", with: "\0")
    }
    second = try #require(requests.first)
    corpus = Array(requests.dropFirst())
    try #require(corpus.count > 30)
  }

  @Test("One answer that refuses, and the connection is closed: what follows is nobody's request")
  func everyOneIsRefused() throws {
    let server = try ServerUnderTest()
    for text in corpus { try expectRefused(text + second, server) }
    // Not because it refuses everything: two requests that are well formed have two answers.
    let good = second.replacing("\r\n\r\n", with: "\r\nConnection: close\r\n\r\n")
    let answers = try RawConnection.exchange(Array((second + good).utf8), port: server.port)
    #expect(Self.statuses(answers) == [200, 200])
  }

  private func expectRefused(_ text: String, _ server: ServerUnderTest) throws {
    // Reads until the other end closes, or fails when that takes too long.
    let answer = try RawConnection.exchange(Array(text.utf8), port: server.port)
    let statuses = Self.statuses(answer)
    // A chunk that is wrong is found when the head may be answered already: then that is refused, too.
    let count = text.contains("chunked\r\n\r\n") ? 1...2 : 1...1
    #expect(count.contains(statuses.count), "\(text): \(statuses)")
    #expect(statuses.allSatisfy { (400..<500).contains($0) }, "\(text): \(statuses)")
  }

  private static func statuses(_ bytes: [UInt8]) -> [Int] {
    // Wherever they stand: a body need not end with a line.
    String(decoding: bytes, as: UTF8.self).matches(of: #/HTTP\/1\.1 (\d+)/#).compactMap {
      Int($0.1)
    }
  }
}
