import Foundation
import Glibc
import Testing

/// What lets somebody in is shown to nobody who looks at logs, lists, processes or files for others.
@Suite struct SecretsTests {
  @Test func neitherTokenNorInviteIsInAnyLogListOrCommandLine() throws {
    let team = try Team(configuration: "log-level: trace\n")
    let ann = try team.machine()
    let code = try team.invite("bob")
    let bob = try team.machine(code: code)
    let secrets = try [
      team.firstCode, code, secret(of: team.firstCode), secret(of: code), token(of: ann),
      token(of: bob),
    ]
    let watching = try Watching(bob)
    try ann.dossier("note", "for", "bob").expectSuccess()
    var said = [try ann.run(["sync"]).expectSuccess()]
    var isThere = false
    for _ in 0..<1000 where !isThere {
      usleep(20_000)
      isThere = try bob.dossier("notes").output.contains("for bob")
    }
    #expect(isThere)
    let lines = try [team.process, watching.process].map { process in
      let line = try commandLine(of: process)
      #expect(line.contains("dossier"))
      return line
    }
    #expect(lines[0].contains("serve") && lines[1].contains("--watch"))
    for words in [
      ["device", "list"], ["device", "list", "--json"], ["user", "list"], ["workspace", "list"],
      ["stats"], ["stats", "--json"],
      ["check"], ["serve", "--check-config"],
    ] {
      said.append(
        try ann.run(words + ["--data", team.data], program: "dossier-server").expectSuccess())
    }
    for words in [["doctor"], ["whoami", "--json"], ["access"], ["sync", "--status"]] {
      said.append(try ann.run(words).expectSuccess())
    }
    _ = watching.stop()
    team.stop()
    let log = try String(contentsOf: team.log, encoding: .utf8)
    #expect(log.contains("status=200"))
    let texts = said.map { $0.output + $0.errors } + lines + [log, watching.said]
    for secret in secrets {
      #expect(secret.count > 20)
      for text in texts { #expect(!text.contains(secret), "\(text.prefix(200))") }
    }
  }

  private func commandLine(of process: pid_t) throws -> String {
    let bytes = try Data(contentsOf: URL(filePath: "/proc/\(process)/cmdline"))
    return String(decoding: bytes, as: UTF8.self).replacing("\0", with: " ")
  }

  /// The secret in an invite (schema/sync-protocol.md 4), in hexadecimal.
  private func secret(of code: String) throws -> String {
    let digits = Array("0123456789ABCDEFGHJKMNPQRSTVWXYZ")
    var (bytes, rest, bits) = ([UInt8](), 0, 0)
    for character in code.dropFirst("dossier1-".count).uppercased() where character != "-" {
      rest = rest << 5 | (try #require(digits.firstIndex(of: character)))
      bits += 5
      guard bits >= 8 else { continue }
      bits -= 8
      bytes.append(UInt8(rest >> bits))
      rest &= 1 << bits - 1
    }
    // Address and workspace, then the member.
    let member = 1 + Int(bytes[0]) + 16
    let start = member + 1 + Int(bytes[member])
    try #require(bytes[start] == 32)
    return bytes[(start + 1)...].prefix(32).map { String(UInt16($0) + 256, radix: 16).dropFirst() }
      .joined()
  }

  /// As it is shown to the server.
  private func token(of machine: Program) throws -> String {
    let store = machine.home.appending(path: ".local/share/dossier/dossier.db").path
    return try machine.run(
      [store, "SELECT value FROM setting WHERE name = 'remote.token'"], program: "/usr/bin/sqlite3"
    ).expectSuccess().output.lines[0]
  }
}
