import Foundation
import Glibc
import Testing

/// A real server on loopback with a workspace, and machines that joined it.
final class Team {
  let folder: URL
  let port: UInt16
  private var server: Child?

  /// - Parameters:
  ///   - configuration: lines of the server's `config.yaml`.
  ///   - address: the port that machines are told; the server's own when nil.
  init(
    isEncrypted: Bool = false, configuration: String = "", reachedAt address: UInt16? = nil
  ) throws {
    folder = try Project.temporaryFolder()
    port = try SilentListener.freePort()
    let made = try Program(home: folder).run(
      [
        "init", folder.appending(path: "server").path, "--workspace", "team", "--user", "ann",
        "--address", "http://127.0.0.1:\(address ?? port)",
      ] + (isEncrypted ? ["--encrypted"] : []),
      program: "dossier-server")
    try #require(made.status == 0, "\(made.errors)")
    firstCode = try #require(made.output.split(separator: "\n").last.map(String.init))
    if configuration.isEmpty { try start() } else { try configure(configuration) }
  }

  /// Gives the server another configuration, and starts it anew.
  func configure(_ lines: String) throws {
    stop()
    try lines.write(toFile: data + "/config.yaml", atomically: true, encoding: .utf8)
    try start()
  }

  deinit {
    stop()
    try? FileManager.default.removeItem(at: folder)
  }

  private(set) var firstCode: String
  /// The process that serves.
  var process: pid_t { server?.id ?? 0 }
  var data: String { folder.appending(path: "server").path }
  /// All that the server printed.
  var log: URL { folder.appending(path: "server.log") }

  func start() throws {
    let portFile = folder.appending(path: "port").path
    unlink(portFile)
    server = try Child(
      Project.programs.appending(path: "dossier-server").path,
      ["serve", "--data", data, "--listen", "127.0.0.1:\(port)", "--port-file", portFile],
      environment: ["PATH": "/usr/bin:/bin"], folder: folder.path,
      output: "/dev/null", errors: folder.appending(path: "server.log").path)
    for _ in 0..<2000 where access(portFile, F_OK) != 0 { usleep(5000) }
    try #require(access(portFile, F_OK) == 0, "the server did not start")
  }

  func stop() {
    server?.kill(group: false)
    _ = server?.wait()
    server = nil
  }

  /// A machine of its own that joined as the owner, with the real clock and real random numbers.
  ///
  /// - Parameter words: a note from before it joined.
  func machine(code: String? = nil, writing words: String? = nil) throws -> Program {
    try join(code, writing: words).machine
  }

  /// Loses the server with all that it had, and puts an empty encrypted one in its place, for the workspace of a machine.
  ///
  /// - Parameter isEncrypted: false for one of somebody who would like to read.
  func replaceByEmptyOne(of machine: Program, isEncrypted: Bool = true) throws {
    stop()
    try FileManager.default.removeItem(atPath: data)
    let known = try machine.run(["whoami", "--json"]).expectSuccess().output
    let id = try #require(known.firstMatch(of: /"workspace":"([0-9a-f]{32})"/)).1
    let made = try machine.run(
      [
        "init", data, "--workspace", "team", "--user", "ann", "--workspace-id", String(id),
        "--address", "http://127.0.0.1:\(port)",
      ] + (isEncrypted ? ["--encrypted"] : []), program: "dossier-server"
    ).expectSuccess()
    firstCode = try #require(made.output.lines.last)
    try start()
  }

  /// Who founds an encrypted workspace, and its recovery code.
  func founder() throws -> (machine: Program, recovery: String) {
    let (machine, joined) = try join(nil, writing: nil)
    return (machine, try #require(joined.output.lines.first))
  }

  private func join(
    _ code: String?, writing words: String?
  ) throws -> (machine: Program, joined: Program.Result) {
    let home = folder.appending(path: "home-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: home, withIntermediateDirectories: false)
    let program = try Program(home: home, clock: nil, seed: nil)
    if let words { try program.run(["note", words]).expectSuccess() }
    let joined = try program.run(["join", code ?? firstCode])
    try #require(joined.status == 0, "\(joined.errors)")
    return (program, joined)
  }
}

extension Team {
  /// A code for somebody who is no member yet.
  func invite(_ name: String) throws -> String {
    let administrator = try Program(home: folder)
    try administrator.run(["user", "add", name, "--data", data], program: "dossier-server")
      .expectSuccess()
    let made = try administrator.run(
      ["user", "invite", name, "--data", data], program: "dossier-server")
    return try #require(made.output.split(separator: "\n").last.map(String.init))
  }
}

/// Two machines that know each other and meet by bundles alone.
final class TwoMachines {
  let home: URL
  let ann: Program
  let bob: Program
  /// What bob joined with.
  var firstBundle: String { home.appending(path: "first").path }

  init() throws {
    let home = try Project.temporaryFolder()
    func machine(_ name: String) throws -> Program {
      let folder = home.appending(path: name)
      try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: false)
      return try Program(home: folder, clock: nil, seed: nil)
    }
    (self.home, ann, bob) = (home, try machine("ann"), try machine("bob"))
    try ann.run(["init", "--name", "ann", "--device", "laptop"]).expectSuccess()
    try ann.run(["sync", "--to", firstBundle]).expectSuccess()
    try bob.run(["join", firstBundle, "--name", "bob", "--device", "desk"]).expectSuccess()
    try give(bob, ann, trust: true)
  }

  deinit { try? FileManager.default.removeItem(at: home) }

  /// Brings one machine's changes to another.
  func give(_ from: Program, _ to: Program, trust: Bool = false) throws {
    let path = home.appending(path: UUID().uuidString).path
    try from.run(["sync", "--to", path]).expectSuccess()
    try to.run(["sync", "--from", path] + (trust ? ["--trust"] : [])).expectSuccess()
  }
}

/// Something that takes connections and never says a word.
final class SilentListener {
  private let descriptor: Int32

  init(port: UInt16) throws {
    descriptor = try Self.bound(to: port)
    guard listen(descriptor, 16) == 0 else { throw POSIXError(.EADDRINUSE) }
  }

  func close() { Glibc.close(descriptor) }

  static func freePort() throws -> UInt16 {
    let descriptor = try bound(to: 0)
    defer { Glibc.close(descriptor) }
    var address = sockaddr_in()
    var size = socklen_t(MemoryLayout<sockaddr_in>.size)
    withUnsafeMutablePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        _ = getsockname(descriptor, $0, &size)
      }
    }
    return UInt16(bigEndian: address.sin_port)
  }

  private static func bound(to port: UInt16) throws -> Int32 {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
    guard descriptor >= 0 else { throw POSIXError(.EMFILE) }
    var yes: Int32 = 1
    setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<Int32>.size))
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    let code = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
    guard code == 0 else {
      Glibc.close(descriptor)
      throw POSIXError(.EADDRINUSE)
    }
    return descriptor
  }
}
