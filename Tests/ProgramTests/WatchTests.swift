import Foundation
import Testing

/// `dossier sync --watch` on the real programs.
@Suite struct WatchTests {
  @Test func whatAnybodyWritesReachesTheOtherWithoutACommand() throws {
    let team = try Team()
    let (ann, bob) = try (team.machine(), team.machine(code: team.invite("bob")))
    let watching = try Watching(bob)
    try ann.dossier("note", "from", "ann").expectSuccess()
    try ann.dossier("sync").expectSuccess()
    try until("bob has ann's note") { try bob.dossier("notes").output.contains("from ann") }
    // And what bob writes goes out by itself.
    try bob.dossier("note", "from", "bob").expectSuccess()
    try until("ann has bob's note") {
      try ann.dossier("sync")
      return try ann.dossier("notes").output.contains("from bob")
    }
    #expect(watching.said.contains("received 1 from 1 member"), "\(watching.said)")
    #expect(watching.stop() == 128 + SIGTERM)
  }

  @Test func aServerThatGoesAwayIsWaitedForAndFoundAgain() throws {
    let team = try Team()
    let ann = try team.machine()
    let watching = try Watching(ann)
    try until("it has synced") { watching.said.contains("sent") }
    team.stop()
    try until("it says so") { watching.said.contains("is not reachable") }
    try ann.dossier("note", "written", "without", "it").expectSuccess()
    try team.start()
    try until("it is back") { watching.said.contains("reachable again") }
    try until("all is sent") {
      try ann.dossier("sync", "--status").output.contains("to send    0")
    }
    #expect(watching.said.components(separatedBy: "is not reachable").count == 2)
    _ = watching.stop()
  }

  @Test func aDeviceThatIsRevokedStopsAndSaysWhy() throws {
    let team = try Team()
    let ann = try team.machine()
    let bob = try team.machine(code: team.invite("bob"))
    let watching = try Watching(bob)
    try until("it has synced") { watching.said.contains("sent") }
    let listed = try ann.run(
      ["device", "list", "bob", "--data", team.data], program: "dossier-server")
    let device = try #require(listed.output.split(separator: "\t").first.map(String.init))
    try ann.run(["device", "revoke", device, "--data", team.data], program: "dossier-server")
      .expectSuccess()
    try ann.dossier("note", "not", "for", "bob").expectSuccess()
    try ann.dossier("sync").expectSuccess()
    #expect(watching.wait() == 77)
    #expect(watching.said.contains("revoked"), "\(watching.said)")
  }

  private func until(_ what: String, _ isTrue: () throws -> Bool) throws {
    for _ in 0..<1000 {
      if try isTrue() { return }
      usleep(20_000)
    }
    Issue.record("never: \(what)")
  }
}

/// A machine's `sync --watch`, running.
final class Watching {
  private let file: String
  private let child: Child
  private var isOver = false

  init(_ machine: Program) throws {
    file = machine.home.appending(path: "watch.log").path
    child = try Child(
      Project.programs.appending(path: "dossier").path, ["sync", "--watch"],
      environment: machine.environment, folder: machine.home.path, output: file, errors: file)
  }

  var process: pid_t { child.id }
  var said: String { (try? String(contentsOfFile: file, encoding: .utf8)) ?? "" }

  func wait() -> Int32 {
    isOver = true
    return child.wait()
  }

  func stop() -> Int32 {
    kill(child.id, SIGTERM)
    return wait()
  }

  deinit {
    guard !isOver else { return }
    child.kill(group: false)
    _ = child.wait()
  }
}
