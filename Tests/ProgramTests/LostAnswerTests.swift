import Foundation
import Testing

/// A join whose answer is lost on the way: what is said of it is true, and what it says to do works.
@Suite struct LostAnswerTests {
  /// Stands between machines and a server, and does what a file says with what passes.
  private final class Middleman {
    private let child: Child
    private let mode: String

    private static let script = """
      import os, socket, sys, threading
      near, far, mode = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]

      def relay(client):
          todo = open(mode).read()
          with client:
              if todo == 'drop':
                  client.recv(65536)
                  return
              with socket.create_connection(('127.0.0.1', far)) as server:
                  def up():
                      while data := client.recv(65536):
                          server.sendall(data)
                  threading.Thread(target=up, daemon=True).start()
                  while (data := server.recv(65536)) and todo != 'swallow':
                      client.sendall(data)
              # A close alone waits for the thread that reads.
              client.shutdown(socket.SHUT_RDWR)

      listener = socket.create_server(('127.0.0.1', near))
      open(mode + '.ready', 'w').close()
      while True:
          threading.Thread(target=relay, args=(listener.accept()[0],), daemon=True).start()
      """

    init(from near: UInt16, to far: UInt16, in folder: URL) throws {
      mode = folder.appending(path: "mode").path
      try "".write(toFile: mode, atomically: true, encoding: .utf8)
      child = try Child(
        "/usr/bin/python3", ["-c", Self.script, "\(near)", "\(far)", mode],
        environment: ["PATH": "/usr/bin:/bin"], folder: folder.path, output: "/dev/null",
        errors: mode + ".errors")
      for _ in 0..<2000 where access(mode + ".ready", F_OK) != 0 { usleep(5000) }
      try #require(access(mode + ".ready", F_OK) == 0, "the middleman did not start")
    }

    /// What becomes of connections from now on: "drop" before a byte is passed on, "swallow" the answer, or nothing.
    func set(_ what: String) throws {
      try what.write(toFile: mode, atomically: true, encoding: .utf8)
    }

    deinit {
      child.kill(group: false)
      _ = child.wait()
    }
  }

  private let team: Team
  private let between: Middleman
  private let near: UInt16

  init() throws {
    near = try SilentListener.freePort()
    team = try Team(reachedAt: near)
    between = try Middleman(from: near, to: team.port, in: team.folder)
  }

  private func machine(_ name: String, in team: Team) throws -> Program {
    let home = team.folder.appending(path: name)
    try FileManager.default.createDirectory(at: home, withIntermediateDirectories: false)
    return try Program(home: home, clock: nil, seed: nil)
  }

  private func expectUncertain(_ result: Program.Result) {
    #expect(result.status == 69, "\(result.errors)")
    #expect(result.errors.contains("the server may have let this machine in"))
    #expect(result.errors.contains("try the code once more"))
    #expect(!result.errors.contains("can be tried again"), "\(result.errors)")
  }

  @Test func theCodeIsUsedUpAndANewOneBringsTheSameDeviceIn() throws {
    let ann = try team.machine()
    let bob = try machine("bob", in: team)
    try bob.run(["note", "before joining"]).expectSuccess()
    let code = try team.invite("bob")
    try between.set("swallow")
    expectUncertain(try bob.run(["join", code]))
    #expect(try bob.run(["notes", "--fields", "text"]).output == "before joining\n")
    try between.set("")
    let again = try bob.run(["join", code])
    #expect(again.status == 77 && again.errors.contains("used"), "\(again.errors)")
    let new = try ann.run(
      ["user", "invite", "bob", "--data", team.data], program: "dossier-server"
    )
    .expectSuccess().output.lines[0]
    try bob.run(["join", new]).expectSuccess()
    try ann.run(["sync"]).expectSuccess()
    #expect(try ann.run(["notes", "--fields", "text"]).output == "before joining\n")
    let devices = try ann.run(["access", "--all"]).output.lines.filter { $0.hasPrefix("bob\t") }
    #expect(devices.count == 1, "\(devices)")
  }

  /// A new key that the server was told of is the one that comes in.
  @Test func soItIsWithAMachineThatLostItsKey() throws {
    let ann = try team.machine()
    let bob = try team.machine(code: team.invite("bob"))
    try bob.run(["note", "not sent"]).expectSuccess()
    try FileManager.default.removeItem(
      at: bob.home.appending(path: ".local/share/dossier/device.key"))
    func invite() throws -> String {
      try ann.run(["user", "invite", "bob", "--data", team.data], program: "dossier-server")
        .expectSuccess().output.lines[0]
    }
    try between.set("swallow")
    expectUncertain(try bob.run(["join", invite()]))
    #expect(try bob.run(["note", "typed"]).status == 78)
    try between.set("")
    try bob.run(["join", invite()]).expectSuccess()
    try ann.run(["sync"]).expectSuccess()
    #expect(try ann.run(["notes", "--fields", "text"]).output == "not sent\n")
    let devices = try ann.run(["access", "--all"]).output.lines.filter { $0.hasPrefix("bob\t") }
    #expect(devices.count == 2, "\(devices)")
  }

  @Test func aRequestThatNeverCameLeavesTheCodeGood() throws {
    let bob = try machine("bob", in: team)
    let code = try team.invite("bob")
    try between.set("drop")
    expectUncertain(try bob.run(["join", code]))
    try between.set("")
    try bob.run(["join", code]).expectSuccess()
  }

  @Test func withoutAConnectionTheCodeIsSurelyGood() throws {
    let away = try Team(reachedAt: SilentListener.freePort())
    let ann = try machine("ann", in: away)
    let refused = try ann.run(["join", away.firstCode])
    #expect(refused.status == 69, "\(refused.errors)")
    #expect(refused.errors.contains("nothing was changed; the code can be tried again"))
    #expect(!refused.errors.contains("may have"))
  }

  @Test func whoFoundsAnEncryptedWorkspaceComesInWithTheRecoveryCode() throws {
    let near = try SilentListener.freePort()
    let team = try Team(isEncrypted: true, reachedAt: near)
    let between = try Middleman(from: near, to: team.port, in: team.folder)
    let ann = try machine("ann", in: team)
    try ann.run(["note", "before joining"]).expectSuccess()
    try between.set("swallow")
    let lost = try ann.run(["join", team.firstCode])
    expectUncertain(lost)
    #expect(lost.errors.contains("join with the recovery code"))
    try between.set("")
    #expect(try ann.run(["join", team.firstCode]).status == 77)
    try ann.run(["join", lost.output.lines[0]]).expectSuccess()
    #expect(try ann.run(["notes", "--fields", "text"]).output == "before joining\n")
    #expect(try ann.run(["sync"]).errors == "sent 0, received 0\n")
  }
}
