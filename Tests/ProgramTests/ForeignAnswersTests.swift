import Foundation
import Testing

/// What answers in the place of the server is none: a login page, a redirect, a broken or a hostile program.
@Suite struct ForeignAnswersTests {
  /// An answer, and what the client is to say of it.
  struct Answer: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let bytes: String
    var end = ForeignServer.End.closed
    let exit: Int32
    let words: String

    /// - Parameter name: what the answer is.
    init(
      _ name: String, _ bytes: String, _ end: ForeignServer.End = .closed, exit: Int32,
      _ words: String
    ) {
      (testDescription, self.bytes, self.end, self.exit, self.words) = (
        name, bytes, end, exit, words
      )
    }
  }

  /// The head of an answer, up to its last header, that says of itself what an answer of ours says.
  private static let ours =
    "HTTP/1.1 200 OK\r\ndossier-protocol: 1\r\nContent-Type: application/x-dossier-sync\r\n"
  private static let stranger = "what answered is not a dossier server (HTTP 200; a login page"

  static let answers = [
    Answer(
      "a login page",
      "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 12\r\n\r\n<h1>Hi</h1>\r\n",
      exit: 69, stranger),
    Answer(
      "the right content type alone",
      "HTTP/1.1 200 OK\r\nContent-Type: application/x-dossier-sync\r\nContent-Length: 1\r\n\r\n\u{1}",
      exit: 69, stranger),
    Answer(
      "the right header alone",
      "HTTP/1.1 200 OK\r\ndossier-protocol: 1\r\nContent-Type: text/html\r\nContent-Length: 1\r\n\r\n\u{1}",
      exit: 69, stranger),
    Answer(
      "64 MiB of zeros in 64 KiB", ours + "Content-Encoding: gzip\r\n\r\n", .packed, exit: 76,
      "the server's answer cannot be read: format 31 is not known"),
    Answer(
      "a body that is shorter than it says", ours + "Content-Length: 100\r\n\r\n\u{1}", exit: 69,
      "is not reachable (its answer broke off)"),
    Answer(
      "a chunk that is shorter than it says",
      ours + "Transfer-Encoding: chunked\r\n\r\nff\r\n\u{1}", exit: 69,
      "is not reachable (its answer broke off)"),
    Answer(
      "a chunk whose size is no number",
      ours + "Transfer-Encoding: chunked\r\n\r\nzz\r\n\u{1}\r\n0\r\n\r\n", exit: 69,
      "is not reachable (its answer is no HTTP: "),
    Answer(
      "a chunk that is longer than it says",
      ours + "Transfer-Encoding: chunked\r\n\r\n1\r\n\u{1}\u{1}\r\n0\r\n\r\n", exit: 69,
      "is not reachable (its answer is no HTTP: "),
    Answer(
      "a body without an end", ours + "\r\n", .endless("aaaaaaaaaaaaaaaa"), exit: 76,
      "the server's answer cannot be read: it is too long"),
    Answer(
      "chunks without an end", ours + "Transfer-Encoding: chunked\r\n\r\n",
      .endless("10\r\naaaaaaaaaaaaaaaa\r\n"), exit: 76,
      "the server's answer cannot be read: it is too long"),
    Answer(
      "a body that says it has a gigabyte", ours + "Content-Length: 1073741824\r\n\r\n",
      .endless("aaaaaaaaaaaaaaaa"), exit: 76,
      "the server's answer cannot be read: it is too long"),
    Answer(
      "an error without an end",
      "HTTP/1.1 500 No\r\ndossier-protocol: 1\r\n\r\n", .endless("aaaaaaaaaaaaaaaa"), exit: 76,
      "the server's answer cannot be read: it is too long"),
    Answer(
      "headers without an end", ours, .endless("Another: header\r\n"), exit: 69,
      "is not reachable (its answer is no HTTP: "),
    Answer(
      "a body that comes in drops", ours + "\r\n", .drops, exit: 69,
      "is not reachable (no answer in time)"),
    Answer("no answer", "", exit: 69, "is not reachable (the connection was closed)"),
    Answer(
      "an answer without a body", ours + "Content-Length: 0\r\n\r\n", exit: 76,
      "the server's answer cannot be read: the data ends early"),
    Answer(
      "a server of another version",
      "HTTP/1.1 426 Upgrade Required\r\ndossier-protocol: 2\r\nContent-Type: text/plain\r\n"
        + "Content-Length: 51\r\n\r\nthis server speaks protocol 2, the request is in 1\n",
      exit: 76, "this server speaks protocol 2, the request is in 1\n"),
    Answer(
      "another protocol", "220 mail.example.org ESMTP\r\n", exit: 69,
      "is not reachable (its answer is no HTTP: "),
  ]

  @Test(arguments: answers)
  func whatIsNoAnswerIsNotBelieved(_ answer: Answer) throws {
    let place = try Place()
    let foreign = try place.replaceServer(by: answer.bytes, answer.end)
    let (result, peak) = try place.syncMeasured()
    #expect(result.status == answer.exit, "\(result.errors)")
    #expect(result.errors.contains(answer.words), "\(result.errors)")
    #expect(foreign.connections == 1 && foreign.asked.contains("/sync HTTP/1.1\r\n"))
    // 16 MiB, a buffer that had to grow, and what lay between the two programs.
    #expect(peak < 128 << 20, "\(peak)")
    #expect(foreign.taken < 64 << 20)
    try place.expectNothingChangedAndLevel(foreign)
  }

  /// The token is for the server that the invite named and for nobody it points to.
  @Test(arguments: [
    (301, false), (302, false), (303, false), (307, false), (307, true), (308, false),
  ])
  func aRedirectIsNotFollowed(status: Int, saysItIsOurs: Bool) throws {
    let place = try Place()
    let other = try ForeignServer(port: SilentListener.freePort())
    let foreign = try place.replaceServer(
      by: Self.redirect(status, to: other, saysItIsOurs: saysItIsOurs))
    let result = try place.ann.dossier("sync")
    #expect(result.status == 69, "\(result.errors)")
    let words = saysItIsOurs ? "the server said no (HTTP \(status))\n" : "(HTTP \(status); a login"
    #expect(result.errors.contains(words), "\(result.errors)")
    #expect(foreign.asked.lowercased().contains("\r\nauthorization: bearer "))
    #expect(other.connections == 0 && other.asked.isEmpty)
    try place.expectNothingChangedAndLevel(foreign)
  }

  @Test(arguments: [
    Answer("a redirect", redirect(307, to: nil), exit: 69, "(HTTP 307; a login page"), answers[0],
  ])
  func whatIsNoAnswerLetsNobodyJoin(_ answer: Answer) throws {
    let team = try Team()
    team.stop()
    let foreign = try ForeignServer(port: team.port, answering: answer.bytes)
    let ann = try Program(home: team.folder.appending(path: "ann"), clock: nil, seed: nil)
    try FileManager.default.createDirectory(at: ann.home, withIntermediateDirectories: false)
    try ann.dossier("note", "before", "the", "team").expectSuccess()
    let before = try ann.stored()
    let joined = try ann.run(["join", team.firstCode])
    #expect(joined.status == answer.exit && joined.output.isEmpty, "\(joined.errors)")
    #expect(joined.errors.contains(answer.words), "\(joined.errors)")
    #expect(foreign.connections == 1 && foreign.asked.contains("/devices HTTP/1.1\r\n"))
    #expect(try ann.stored() == before)
    #expect(try ann.dossier("sync").status == 78)

    foreign.close()
    try team.start()
    try ann.run(["join", team.firstCode]).expectSuccess()
    let bob = try team.machine(code: team.invite("bob"))
    #expect(try bob.dossier("notes").output.contains("before the team"))
  }

  @Test func aServerThatIsNotThereIsFoundOutAtOnce() throws {
    let team = try Team()
    let ann = try team.machine()
    team.stop()
    let start = ContinuousClock.now
    let result = try ann.dossier("sync")
    #expect(result.status == 69 && result.errors.contains("(connection refused)"))
    // A tenth of a second, on a machine that is not busy.
    #expect(ContinuousClock.now - start < .seconds(5))
  }

  /// `dossier changes --since sync` means syncs that came about.
  @Test func aSyncThatCameToNothingHidesNoNews() throws {
    let place = try Place()
    try place.bob.dossier("note", "from", "bob").expectSuccess()
    try place.bob.dossier("sync").expectSuccess()
    try place.ann.dossier("sync").expectSuccess()
    let news = try place.ann.dossier("changes", "--since", "sync").output
    #expect(news.contains("from bob"))
    let foreign = try place.replaceServer(by: Self.answers[0].bytes)
    #expect(try place.ann.dossier("sync").status == 69)
    #expect(try place.ann.dossier("changes", "--since", "sync").output == news)
    foreign.close()
  }

  private static func redirect(
    _ status: Int, to other: ForeignServer?, saysItIsOurs: Bool = false
  ) -> String {
    "HTTP/1.1 \(status) Elsewhere\r\n" + (saysItIsOurs ? "dossier-protocol: 1\r\n" : "")
      + "Location: http://localhost:\(other?.port ?? 1)/login\r\nContent-Length: 0\r\n\r\n"
  }
}

/// Two machines that are level, one of which has something to send when its server is not there.
private final class Place {
  let team: Team
  let ann: Program
  let bob: Program
  private var before = ""

  init() throws {
    team = try Team()
    ann = try team.machine()
    bob = try team.machine(code: team.invite("bob"))
    try ann.dossier("sync").expectSuccess()
  }

  /// Something else answers where the server was.
  func replaceServer(by bytes: String, _ end: ForeignServer.End = .closed) throws -> ForeignServer {
    try ann.dossier("note", "waits", "for", "the", "server").expectSuccess()
    before = try ann.stored()
    team.stop()
    return try ForeignServer(port: team.port, answering: bytes, end)
  }

  /// Ann's sync, and the most memory it had, in bytes.
  func syncMeasured() throws -> (result: Program.Result, peak: Int) {
    let measure = """
      import resource, subprocess, sys
      status = subprocess.call(sys.argv[1:])
      print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss << 10)
      sys.exit(status)
      """
    let result = try ann.run(
      ["-c", measure, Project.programs.appending(path: "dossier").path, "sync"],
      program: "/usr/bin/python3")
    return (result, try #require(result.output.lines.last.flatMap { Int($0) }))
  }

  /// Not a byte of ann's store is another; what waited waits, and reaches bob when the server is back.
  func expectNothingChangedAndLevel(_ foreign: ForeignServer) throws {
    #expect(try ann.stored() == before)
    #expect(try ann.dossier("sync", "--status").output.contains("to send    1\n"))
    foreign.close()
    try team.start()
    let synced = try ann.dossier("sync")
    #expect(synced.status == 0 && synced.errors.contains("sent 1,"), "\(synced.errors)")
    try bob.dossier("sync").expectSuccess()
    let notes = try bob.dossier("notes", "--fields", "text").output
    #expect(notes == "waits for the server\n")
    #expect(try ann.dossier("notes", "--fields", "text").output == notes)
  }
}

extension Program {
  /// All that is in its store.
  fileprivate func stored() throws -> String {
    let database = home.appending(path: ".local/share/dossier/dossier.db").path
    return try run([database, ".dump"], program: "/usr/bin/sqlite3").expectSuccess().output
  }
}
