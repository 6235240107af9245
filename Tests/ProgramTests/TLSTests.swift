import Foundation
import Testing

/// The server speaks TLS, and a device that cannot be sure whom it speaks with says why and sends nothing.
@Suite struct TLSTests {
  @Test func aTeamWithASelfSignedServerMeetsByThePinOfItsInvites() throws {
    let house = try House(address: "localhost", ["--self-signed"])
    try house.start()
    let ann = try house.machine()
    try ann.run(["join", house.firstCode]).expectSuccess()
    try house.admin(["user", "add", "bob"])
    let bob = try house.machine()
    try bob.run(["join", try house.invite("bob")]).expectSuccess()
    try ann.dossier("note", "over", "TLS").expectSuccess()
    try ann.dossier("sync").expectSuccess()
    try bob.dossier("sync").expectSuccess()
    #expect(try bob.dossier("notes").output.contains("over TLS"))
    let key = URL(filePath: house.data + "/tls-key.pem")
    let mode = try FileManager.default.attributesOfItem(atPath: key.path)[.posixPermissions]
    #expect(mode as? Int == 0o600)
  }

  @Test func aServerThatShowsAnotherKeyThanTheInviteSaidIsNotBelieved() throws {
    let house = try House(address: "localhost", ["--self-signed"])
    try house.start()
    let ann = try house.machine()
    try ann.run(["join", house.firstCode]).expectSuccess()
    // Whoever stands in between has a certificate for the same name.
    try house.keep(house.authority.certificate(for: "localhost", selfSigned: true))
    try house.hangUp()
    let requests = house.requests
    let refused = try ann.dossier("sync")
    #expect(refused.status == 69 && refused.output.isEmpty)
    #expect(refused.errors.contains("another key than the invite said"), "\(refused.errors)")
    #expect(refused.errors.contains("nothing was sent"))
    #expect(house.requests == requests)
  }

  /// Authorities, dates, names: each fails closed with its own words.
  @Test(
    arguments: [
      ("good", nil), ("expired", "its certificate has expired"),
      ("early", "its certificate is not valid yet"),
      ("otherName", "its certificate is for another name"),
      ("otherAuthority", "nobody this machine trusts vouches"),
      ("selfSigned", "nobody this machine trusts vouches"),
    ] as [(String, String?)])
  func aCertificateIsBelievedOnlyWhenAllOfItIsRight(kind: String, reason: String?) throws {
    let house = try House(address: "localhost", [])
    let code = house.firstCode
    let (authority, other) = (house.authority, try Authority(in: house.folder, "other"))
    let made =
      switch kind {
      case "good": try authority.certificate(for: "localhost")
      case "expired": try authority.certificate(for: "localhost", days: (-9, -1))
      case "early": try authority.certificate(for: "localhost", days: (5, 9))
      case "otherName": try authority.certificate(for: "elsewhere.example")
      case "otherAuthority": try other.certificate(for: "localhost")
      default: try authority.certificate(for: "localhost", selfSigned: true)
      }
    try house.keep(made)
    try house.start()
    let ann = try house.machine()
    let joined = try ann.run(
      ["join", code], environment: ["SSL_CERT_FILE": authority.file])
    guard let reason else {
      #expect(joined.status == 0, "\(joined.errors)")
      return
    }
    #expect(joined.status == 69 && joined.errors.contains(reason), "\(joined.errors)")
    #expect(joined.errors.contains("nothing was sent"))
    #expect(house.requests == 0)
  }

  @Test func aServerOfOldTLSOrOfNoneIsNotSpokenWith() throws {
    let house = try House(address: "localhost", [])
    let made = try house.authority.certificate(for: "localhost")
    let old = try Child(
      "/usr/bin/openssl",
      [
        "s_server", "-accept", "\(house.port)", "-cert", made.certificate, "-key", made.key,
        "-tls1_1", "-cipher", "ALL:@SECLEVEL=0", "-www",
      ], environment: ["PATH": "/usr/bin"], folder: house.folder.path, output: "/dev/null",
      errors: "/dev/null")
    let ann = try house.machine()
    var result = try ann.run(["join", house.firstCode])
    for _ in 0..<100 where result.errors.contains("refused") {
      usleep(50_000)
      result = try ann.run(["join", house.firstCode])
    }
    old.kill(group: false)
    _ = old.wait()
    #expect(result.status == 69, "\(result.errors)")
    #expect(result.errors.contains("no TLS 1.2 or newer"), "\(result.errors)")
    // One of ours without a certificate.
    try house.start()
    let plain = try ann.run(["join", house.firstCode])
    #expect(plain.status == 69 && plain.errors.contains("no TLS 1.2 or newer"), "\(plain.errors)")
    #expect(house.requests == 0)
  }

  /// Whatever ciphers the client would put up with.
  @Test func aClientOfOldTLSIsNotSpokenWith() throws {
    let house = try House(address: "localhost", ["--self-signed"])
    try house.start()
    for version in ["tls1", "tls1_1"] {
      let refused = try house.handshake(version)
      #expect(refused.status == 1, "\(version): \(refused.output)")
      // Said by the server: the client itself would have spoken on.
      #expect(refused.errors.contains("alert protocol version"), "\(version): \(refused.errors)")
    }
    for (version, name) in [("tls1_2", "TLSv1.2"), ("tls1_3", "TLSv1.3")] {
      let spoken = try house.handshake(version)
      #expect(spoken.status == 0, "\(version): \(spoken.errors)")
      #expect(spoken.errors.contains("Protocol version: \(name)\n"), "\(spoken.errors)")
    }
  }

  @Test func withoutACertificateItListensToThisMachineOnly() throws {
    let house = try House(address: "localhost", [])
    let served = try house.program.run(
      ["serve", "--data", house.data, "--listen", "0.0.0.0:\(house.port)"],
      program: "dossier-server")
    #expect(served.status == 78 && served.errors.contains("without TLS"), "\(served.errors)")
  }

  /// The same key in a new certificate, as every renewal may do: nobody notices.
  @Test func aRenewedCertificateIsShownAfterAHangUp() throws {
    let house = try House(address: "localhost", ["--self-signed"])
    try house.start()
    let ann = try house.machine()
    try ann.run(["join", house.firstCode]).expectSuccess()
    let renewed = house.folder.appending(path: "renewed.pem").path
    try Authority.openssl(
      [
        "req", "-x509", "-key", house.data + "/tls-key.pem", "-subj", "/CN=renewed", "-days", "30",
        "-out", renewed,
      ], in: house.folder)
    try house.keep((renewed, house.data + "/tls-key.pem"))
    try house.hangUp()
    try ann.dossier("sync").expectSuccess()
    // One that cannot be read changes nothing.
    try "nonsense".write(
      toFile: house.data + "/tls-certificate.pem", atomically: true, encoding: .utf8)
    try house.hangUp(expecting: "certificate not read again")
    try ann.dossier("sync").expectSuccess()
  }

  /// A pin is believed until its certificate expires (schema/sync-protocol.md, 4).
  @Test func aPinnedKeyIsNotBelievedInACertificateThatHasExpired() throws {
    let house = try House(address: "localhost", ["--self-signed"])
    try house.start()
    let ann = try house.machine()
    try ann.run(["join", house.firstCode]).expectSuccess()
    let key = house.data + "/tls-key.pem"
    func show(days: (Int, Int)) throws {
      try house.keep(
        house.authority.certificate(for: "localhost", days: days, selfSigned: true, key: key))
      try house.hangUp()
    }
    try show(days: (-9, -1))
    let requests = house.requests
    let refused = try ann.dossier("sync")
    #expect(refused.status == 69 && refused.output.isEmpty)
    #expect(refused.errors.contains("its certificate has expired"), "\(refused.errors)")
    #expect(refused.errors.contains("nothing was sent"))
    #expect(house.requests == requests)
    // Nor does it let anybody in.
    try house.admin(["user", "add", "bob"])
    let joined = try house.machine().run(["join", try house.invite("bob")])
    #expect(joined.status == 69 && joined.errors.contains("its certificate has expired"))
    #expect(house.requests == requests)
    // The same key with new dates is the same server.
    try show(days: (-1, 9))
    try ann.dossier("sync").expectSuccess()
  }
}

/// An authority of certificates, and what it makes.
struct Authority {
  let folder: URL
  let name: String
  var file: String { folder.appending(path: "\(name).pem").path }

  init(in folder: URL, _ name: String = "authority") throws {
    (self.folder, self.name) = (folder, name)
    try Self.openssl(
      [
        "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj",
        "/CN=\(name)", "-days", "30", "-keyout", folder.appending(path: "\(name).key").path, "-out",
        file,
      ], in: folder)
  }

  /// - Parameters:
  ///   - days: the first and the last it is good for, from today.
  ///   - key: the file of the key it is for; nil for a new one.
  func certificate(
    for host: String, days: (Int, Int) = (-1, 9), selfSigned: Bool = false, key: String? = nil
  ) throws -> (certificate: String, key: String) {
    let base = folder.appending(path: UUID().uuidString).path
    let newKey = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout"]
    let key = (file: key ?? base + ".key", words: key == nil ? newKey : ["-key"])
    let date = DateFormatter()
    date.dateFormat = "yyyyMMddHHmmss'Z'"
    date.timeZone = TimeZone(identifier: "UTC")
    date.locale = Locale(identifier: "en_US_POSIX")
    func day(_ number: Int) -> String {
      date.string(from: Date(timeIntervalSinceNow: Double(number) * 86400))
    }
    try Self.openssl(
      ["req", "-new"] + key.words + [key.file, "-subj", "/CN=\(host)", "-out", base + ".csr"],
      in: folder)
    try "subjectAltName=DNS:\(host)\n".write(
      toFile: base + ".ext", atomically: true, encoding: .utf8)
    // `openssl ca` alone takes both dates.
    try "".write(toFile: base + ".index", atomically: true, encoding: .utf8)
    try FileManager.default.createDirectory(
      atPath: base + ".new", withIntermediateDirectories: false)
    try """
    [ca]
    default_ca=it
    [it]
    database=\(base).index
    new_certs_dir=\(base).new
    rand_serial=yes
    default_md=sha256
    policy=any
    unique_subject=no
    [any]
    commonName=supplied
    """.write(toFile: base + ".cnf", atomically: true, encoding: .utf8)
    let signer =
      selfSigned
      ? ["-selfsign", "-keyfile", key.file]
      : ["-cert", file, "-keyfile", folder.appending(path: "\(name).key").path]
    try Self.openssl(
      [
        "ca", "-batch", "-notext", "-config", base + ".cnf", "-in", base + ".csr", "-out",
        base + ".pem", "-extfile", base + ".ext", "-startdate", day(days.0), "-enddate",
        day(days.1),
      ] + signer, in: folder)
    return (base + ".pem", key.file)
  }

  static func openssl(_ arguments: [String], in folder: URL) throws {
    let errors = folder.appending(path: "openssl-\(UUID().uuidString)").path
    let child = try Child(
      "/usr/bin/openssl", arguments, environment: ["PATH": "/usr/bin", "HOME": folder.path],
      folder: folder.path, output: "/dev/null", errors: errors)
    let said = try {
      child.wait() == 0 ? "" : try String(contentsOfFile: errors, encoding: .utf8)
    }()
    try #require(said.isEmpty, "\(said)")
  }
}

/// A server with an address of TLS, and those who call it.
private final class House {
  let folder: URL
  let port: UInt16
  let program: Program
  let authority: Authority
  private(set) var firstCode = ""
  private var server: Child?

  var data: String { folder.appending(path: "server").path }
  private var log: String {
    (try? String(contentsOf: folder.appending(path: "log"), encoding: .utf8)) ?? ""
  }
  /// How many requests it had.
  var requests: Int { log.split(separator: "\n").count { $0.contains(" request ") } }

  init(address host: String, _ options: [String]) throws {
    folder = try Project.temporaryFolder()
    port = try SilentListener.freePort()
    program = try Program(home: folder, clock: nil, seed: nil)
    authority = try Authority(in: folder)
    let made = try program.run(
      ["init", data, "--user", "ann", "--address", "https://\(host):\(port)"] + options,
      program: "dossier-server")
    try #require(made.status == 0, "\(made.errors)")
    firstCode = try #require(made.output.split(separator: "\n").last.map(String.init))
  }

  deinit {
    server?.kill(group: false)
    _ = server?.wait()
    try? FileManager.default.removeItem(at: folder)
  }

  /// Puts a certificate and its key where the server looks for them.
  func keep(_ made: (certificate: String, key: String)) throws {
    for (from, to) in [(made.certificate, "tls-certificate.pem"), (made.key, "tls-key.pem")] {
      let bytes = try Data(contentsOf: URL(filePath: from))
      try bytes.write(to: URL(filePath: data + "/" + to))
    }
  }

  func start() throws {
    let portFile = folder.appending(path: "port").path
    server = try Child(
      Project.programs.appending(path: "dossier-server").path,
      ["serve", "--data", data, "--listen", "127.0.0.1:\(port)", "--port-file", portFile],
      environment: ["PATH": "/usr/bin:/bin"], folder: folder.path, output: "/dev/null",
      errors: folder.appending(path: "log").path)
    for _ in 0..<2000 where access(portFile, F_OK) != 0 { usleep(5000) }
    try #require(access(portFile, F_OK) == 0, "\(log)")
  }

  func hangUp(expecting line: String = "certificate read again") throws {
    let before = log.components(separatedBy: line).count
    kill(try #require(server).id, SIGHUP)
    for _ in 0..<2000 where log.components(separatedBy: line).count == before { usleep(5000) }
    try #require(log.components(separatedBy: line).count > before, "\(log)")
  }

  @discardableResult
  func admin(_ arguments: [String]) throws -> String {
    let result = try program.run(arguments + ["--data", data], program: "dossier-server")
    try #require(result.status == 0, "\(result.errors)")
    return result.output
  }

  /// A client of one version of TLS, with every cipher that there is: does the server speak with it?
  func handshake(_ version: String) throws -> Program.Result {
    try program.run(
      [
        "s_client", "-brief", "-connect", "127.0.0.1:\(port)", "-\(version)", "-cipher",
        "DEFAULT@SECLEVEL=0",
      ], program: "/usr/bin/openssl")
  }

  func invite(_ name: String) throws -> String {
    try #require(admin(["user", "invite", name]).split(separator: "\n").last.map(String.init))
  }

  func machine() throws -> Program {
    let home = folder.appending(path: "home-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: home, withIntermediateDirectories: false)
    return try Program(home: home, clock: nil, seed: nil)
  }
}
