import ChangeLog
import Testing

/// Requests that two readers could read in two ways (RFC 9112, 11.2): a proxy in front might see one where the server sees two.
@Suite("What the server does with requests that could be read in two ways")
struct ServerSmugglingTests {
  /// Never to be answered: it stands where a body may be.
  private static let second = "GET /health HTTP/1.1\r\nHost: l\r\n\r\n"
  private static let size = second.utf8.count
  private static let post =
    "POST /v1/workspaces/00000000000000000000000000000000/sync HTTP/1.1\r\nHost: l\r\n"

  /// What follows the first lines of a request, up to its end.
  private static let corpus = [
    "Content-Length: \(size + 5)\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n",
    "Content-Length: 0\r\nContent-Length: \(size)\r\n\r\n",
    "Content-Length: \(size)\r\nContent-Length: \(size)\r\n\r\n",
    "Content-Length: 0, \(size)\r\n\r\n",
    "Content-Length: +\(size)\r\n\r\n",
    "Content-Length: -1\r\n\r\n",
    "Content-Length: 0x2\r\n\r\n",
    "Content-Length: 18446744073709551616\r\n\r\n",
    "Content-Length : 0\r\n\r\n",
    "Content Length: 0\r\n\r\n",
    "Transfer-Encoding: xchunked\r\n\r\n",
    "Transfer-Encoding: identity\r\n\r\n",
    "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
    "Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
    "Transfer-Encoding: identity\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "Transfer-Encoding : chunked\r\nContent-Length: \(size)\r\n\r\n",
    "Transfer-Encoding:\r\n chunked\r\nContent-Length: \(size + 5)\r\n\r\n0\r\n\r\n",
    "X-Folded: a\r\n b\r\nContent-Length: 0\r\n\r\n",
    "X: a\nTransfer-Encoding: chunked\r\nContent-Length: \(size + 5)\r\n\r\n0\r\n\r\n",
    "X: a\rTransfer-Encoding: chunked\r\nContent-Length: \(size + 5)\r\n\r\n0\r\n\r\n",
    "X: a\0b\r\nContent-Length: 0\r\n\r\n",
    "Content-Length: 0\n\n",
    "Transfer-Encoding: chunked\r\n\r\nffffffffffffffff1\r\n",
    "Transfer-Encoding: chunked\r\n\r\n-1\r\n",
    "Transfer-Encoding: chunked\r\n\r\n0;a\n\r\n\r\n",
    "Transfer-Encoding: chunked\r\n\r\n1\r\nAB\r\n0\r\n\r\n",
    "Host: other\r\nContent-Length: 0\r\n\r\n",
  ]

  @Test("One answer that refuses, and the connection is closed: what follows is nobody's request")
  func corpus() throws {
    let server = try ServerUnderTest()
    for text in Self.corpus {
      try expectRefused(Self.post + text + Self.second, server)
    }
    for line in [
      "POST /health HTTP/1.1\r\n\r\n", "GET /health\r\n\r\n", "GET /health HTTP/2.0\r\n\r\n",
    ] {
      try expectRefused(line + Self.second, server)
    }
    // Not because it refuses everything: two requests that are well formed have two answers.
    let good = Self.second.replacing("\r\n\r\n", with: "\r\nConnection: close\r\n\r\n")
    let answers = try RawConnection.exchange(Array((Self.second + good).utf8), port: server.port)
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
