import ChangeLog
import Glibc
import Testing

@Suite("What an operator asks of a server")
struct ServerOperationTests {
  @Test("Metrics are answered where they are configured, and only there")
  func metrics() throws {
    let port = try ServerProgram.freePort()
    let server = try ServerUnderTest(configuration: "metrics: 127.0.0.1:\(port)\n")
    var device = try server.join(server.firstInvite, as: Author(1))
    _ = try device.sync([try device.author.write()])
    _ = try device.post(device.request([try Author(9).written()]))
    #expect(try server.get("/metrics").status == 404)
    let answer = try server.get("/metrics", port: port)
    #expect(answer.status == 200)
    #expect(answer.headers["content-type"]?.hasPrefix("text/plain; version=0.0.4") == true)
    let lines = answer.text.split(separator: "\n")
    for line in [
      "dossier_requests_total{route=\"sync\",status=\"200\"} 2",
      "dossier_requests_total{route=\"devices\",status=\"200\"} 1",
      "dossier_changesets_accepted_total 1",
      "dossier_changesets_refused_total{reason=\"2\"} 1", "dossier_ready 1", "dossier_watchers 0",
    ] { #expect(lines.contains(Substring(line)), "\(line) in \(answer.text)") }
    // Every sample has its help and its type before it.
    var known: Set<Substring> = []
    for line in lines {
      if line.hasPrefix("# TYPE ") {
        known.insert(line.split(separator: " ")[2])
      } else if !line.hasPrefix("#") {
        let name = line.prefix { $0 != "{" && $0 != " " }
        #expect(
          known.contains(name)
            || known.contains { name.hasPrefix($0) && name.dropFirst($0.count).hasPrefix("_") })
      }
    }
  }

  @Test("Ready says whether the data can be read")
  func ready() throws {
    let server = try ServerUnderTest()
    #expect(try server.get("/ready").text == "ready\n")
    guard !TestDatabase.isUsed else { return }
    // What is remembered of a file says nothing of what is in it.
    try TemporaryFolder.write(String(repeating: "x", count: 4096), to: server.data + "/log.db")
    #expect(try server.get("/ready").status == 503)
    #expect(try server.get("/health").status == 200)
  }

  @Test(
    "What is wrong in the configuration is told with its line, and nothing is started",
    arguments: [
      ("listn: 127.0.0.1:1\n", "line 1: there is no key \"listn\""),
      ("connections: 0\n", "\"0\" is no value for connections"),
      ("listen: nowhere\n", "\"nowhere\" is no value for listen"),
      ("head-seconds: 10\nwatch-seconds: soon\n", "line 2: \"soon\" is no value for watch-seconds"),
      ("- a\n- b\n", "no list of key: value"), ("listen: [\n", "this is not YAML"),
      ("certificate: a.pem\n", "go together"),
      ("certificate: a.pem\nkey: b.pem\n", "a.pem is missing"),
    ])
  func wrongConfiguration(yaml: String, message: String) throws {
    let server = try ServerUnderTest()
    server.stop()
    try TemporaryFolder.write(yaml, to: server.data + "/config.yaml")
    let result = try server.admin(
      "serve", "--check-config",
      exits: yaml.hasPrefix("certificate: a.pem\n") && !yaml.contains("key") ? 64 : 65)
    #expect(result.err.contains(message), "\(result.err)")
    #expect(result.out.isEmpty)
  }

  @Test("The configuration that is printed is one that can be read")
  func checkedConfiguration() throws {
    let server = try ServerUnderTest(
      configuration: "connections: 77\nlog-level: warning\nmetrics: \"[::1]:1\"\n"
        + "workspace-megabytes: 3\n")
    let first = try server.admin("serve", "--check-config")
    #expect(first.out.contains("connections: 77 "))
    #expect(first.out.contains("metrics: \"[::1]:1\" "))
    server.stop()
    try TemporaryFolder.write(first.out, to: server.data + "/config.yaml")
    #expect(try server.admin("serve", "--check-config").out == first.out)
  }

  @Test(
    "When nobody says where the data is, it is the user's own, else the system's",
    .enabled(if: getuid() == 0, "only root may mount"))
  func places() throws {
    let folder = try TemporaryFolder()
    let server = ServerProgram.path
    let script = """
      cd \(folder.path)
      export HOME=\(folder.path)/home XDG_CONFIG_HOME=\(folder.path)/config
      unset DOSSIER_SERVER_DATA XDG_DATA_HOME
      mount -t tmpfs none /var/lib
      mkdir -p /var/lib/dossier-server $XDG_CONFIG_HOME/dossier-server
      echo 'connections: 11' >$XDG_CONFIG_HOME/dossier-server/config.yaml
      \(server) init /var/lib/dossier-server/data --workspace system
      \(server) workspace list
      \(server) serve --check-config | grep '^connections:'
      \(server) init $HOME/.local/share/dossier-server --workspace own
      \(server) workspace list
      \(server) serve --check-config | grep '^connections:'
      """
    let child = try Child(
      "unshare", ["--mount", "sh", "-ec", script], out: folder.path + "/out",
      err: folder.path + "/err")
    #expect(child.wait() == 0, "\(ServerProgram.read(folder.path + "/err"))")
    let said = ServerProgram.read(folder.path + "/out").split(separator: "\n")
      .filter { !$0.hasPrefix("dossier1-") }.map { $0.split(separator: "\t").last ?? $0 }
      .map { $0.split(separator: " ").prefix(2).joined(separator: " ") }
    #expect(said == ["system", "connections: 12000", "own", "connections: 11"], "\(said)")
  }
}

extension Author {
  /// A changeset of a workspace of its own.
  fileprivate func written() throws -> Changeset {
    var author = self
    author.workspace = WorkspaceID(high: 9, low: 9)
    return try author.write()
  }
}
