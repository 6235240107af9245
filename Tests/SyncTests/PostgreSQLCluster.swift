import Glibc
import Testing

/// A PostgreSQL server of a test's own, which it may kill, restart and replace by its standby.
final class PostgreSQLCluster {
  /// Both live in it, one beside the other, and listen on sockets there.
  let folder: String
  private var disk: String?

  /// - Parameter settings: lines of `postgresql.conf`.
  init(settings: String = "") throws {
    folder = try Self.shell("mktemp -d /tmp/dossier-cluster.XXXXXX").filter { $0 != "\n" }
    try shell(
      """
      initdb -D \(folder)/5432 -U postgres -A trust -E UTF8 --locale=C.UTF-8 --no-sync
      cat >>\(folder)/5432/postgresql.conf <<END
      listen_addresses = ''
      unix_socket_directories = '\(folder)'
      max_connections = 60
      \(settings)
      END
      chmod 755 \(folder)
      """)
    try start(5432)
    try shell(
      """
      psql -q -h \(folder) -U postgres -d postgres -c "CREATE ROLE dossier LOGIN" \
        -c "CREATE DATABASE dossier OWNER dossier"
      """)
  }

  /// Whichever of the two may be written to.
  var info: String { info(as: "dossier") }

  /// - Parameter user: `postgres` stands above row security.
  func info(as user: String) -> String {
    "host=\(folder),\(folder) port=5432,5433 user=\(user) dbname=dossier target_session_attrs=read-write"
  }

  /// Changes a setting of the first one while it runs, for whoever connects from here on and for whoever is connected.
  func set(_ name: String, to value: String) throws {
    let psql = "psql -At -h \(folder) -U postgres -d postgres"
    try shell(
      """
      \(psql) -c "ALTER SYSTEM SET \(name) = \(value)" -c "SELECT pg_reload_conf()"
      for try in $(seq 300); do
        [ "$(\(psql) -c "SHOW \(name)")" = "\(value)" ] && exit
        sleep 0.02
      done
      exit 1
      """)
  }

  /// All rows of all tables of a schema, as a backup has them.
  func dump(schema: String) throws -> String {
    try shell("pg_dump -h \(folder) -U postgres -n \(schema) dossier")
  }

  /// How many files of the first one hold a text, its journal included.
  func files(holding text: String) throws -> Int {
    let found = try shell(
      """
      psql -q -h \(folder) -U postgres -d postgres -c CHECKPOINT
      grep -rlaF -- '\(text)' \(folder)/5432 || true
      """)
    return found.split(separator: "\n").count
  }

  /// Where its tables are from now on, in the place of its folder; its journal stays there. Only root may.
  ///
  /// - Parameter size: in bytes.
  /// - Returns: the folder the disk is mounted on.
  func useSmallDisk(of size: Int) throws -> String {
    let disk = folder + "/small"
    try #require(mkdir(disk, 0o755) == 0)
    try #require(mount("none", disk, "tmpfs", 0, "size=\(size),mode=777") == 0)
    self.disk = disk
    try shell(
      """
      mkdir -m 700 \(disk)/tables
      psql -q -h \(folder) -U postgres -d postgres \
        -c "CREATE TABLESPACE small OWNER dossier LOCATION '\(disk)/tables'" \
        -c "ALTER DATABASE dossier SET default_tablespace = small"
      """)
    return disk
  }

  /// PgBouncer before the first one.
  ///
  /// - Parameters:
  ///   - program: pgbouncer.
  ///   - mode: how long a client has a session: `session`, `transaction` or `statement`.
  /// - Returns: how to reach the database through it.
  func addPooler(_ program: String, mode: String) throws -> String {
    try shell(
      """
      mkdir \(folder)/\(mode)
      echo '"dossier" ""' >\(folder)/\(mode)/users
      cat >\(folder)/\(mode)/ini <<END
      [databases]
      dossier = host=\(folder) port=5432
      [pgbouncer]
      listen_port = 6432
      unix_socket_dir = \(folder)/\(mode)
      auth_type = trust
      auth_file = \(folder)/\(mode)/users
      pool_mode = \(mode)
      pidfile = \(folder)/\(mode)/pooler.pid
      logfile = \(folder)/\(mode)/log
      END
      \(program) -d \(folder)/\(mode)/ini
      for try in $(seq 300); do
        [ -S \(folder)/\(mode)/.s.PGSQL.6432 ] && exit
        sleep 0.02
      done
      exit 1
      """)
    return "host=\(folder)/\(mode) port=6432 user=dossier dbname=dossier"
  }

  func start(_ port: Int) throws {
    try shell(
      "pg_ctl -D \(folder)/\(port) -s -w -o '-p \(port)' -l \(folder)/\(port).log start")
  }

  /// As a power cut stops it: without a word to anybody.
  func stop(_ port: Int) throws {
    try shell("pg_ctl -D \(folder)/\(port) -s -m immediate stop")
  }

  /// A standby that follows the first one.
  ///
  /// - Parameter isAwaited: whether commits wait for it once it is there.
  func addStandby(isAwaited: Bool = true) throws {
    try shell(
      """
      pg_basebackup -h \(folder) -p 5432 -U postgres -D \(folder)/5433 -R --no-sync -X stream -c fast \
        -d "application_name=standby"
      """)
    try start(5433)
    guard isAwaited else { return try waitForStandby() }
    try shell(
      """
      psql -q -h \(folder) -U postgres -d postgres \
        -c "ALTER SYSTEM SET synchronous_standby_names = '*'" -c "SELECT pg_reload_conf()"
      until psql -At -h \(folder) -U postgres -d postgres \
        -c "SELECT sync_state FROM pg_stat_replication" | grep -q sync; do sleep 0.1; done
      """)
  }

  /// Until it has all that the first one has.
  private func waitForStandby() throws {
    try shell(
      """
      for try in $(seq 600); do
        psql -At -h \(folder) -U postgres -d postgres \
          -c "SELECT flush_lsn >= pg_current_wal_lsn() FROM pg_stat_replication" | grep -q t && exit
        sleep 0.1
      done
      exit 1
      """)
  }

  func promoteStandby() throws {
    try shell("psql -q -h \(folder) -p 5433 -U postgres -d postgres -c \"ALTER SYSTEM RESET ALL\"")
    try shell("pg_ctl -D \(folder)/5433 -s -w promote")
  }

  /// After so many microseconds, while the test goes on.
  func restart(afterMicroseconds delay: UInt32) throws -> Child {
    let (words, script) = Self.words(
      """
      sleep \(Double(delay) / 1_000_000)
      pg_ctl -D \(folder)/5432 -s -w -m immediate -o '-p 5432' -l \(folder)/5432.log restart
      """)
    return try Child(
      words[0], Array(words.dropFirst()) + [script], out: "/dev/null", err: "/dev/null")
  }

  deinit {
    // What does not run any more, or never did, needs no stopping.
    let script = """
      for pid in \(folder)/*/pooler.pid; do
        [ -e "$pid" ] && kill -INT "$(cat "$pid")" || true
      done
      for port in 5432 5433; do
        [ -e \(folder)/$port/postmaster.pid ] && pg_ctl -D \(folder)/$port -s -m immediate stop || true
      done
      [ -e \(folder)/small ] || rm -rf \(folder)
      """
    _ = try? shell(script)
    guard let disk else { return }
    umount2(disk, Int32(MNT_DETACH))
    _ = try? shell("rm -rf \(folder) || true")
    rmdir(disk)
    rmdir(folder)
  }

  @discardableResult
  private func shell(_ script: String) throws -> String { try Self.shell(script) }

  /// The server refuses to run as root.
  private static func words(_ script: String) -> ([String], String) {
    let programs = "export PATH=$(ls -d /usr/lib/postgresql/*/bin | sort -V | tail -n 1):$PATH\n"
    let user = getuid() == 0 ? ["runuser", "-u", "postgres", "--"] : []
    return (user + ["bash", "-ec"], programs + "cd /tmp\n" + script)
  }

  private static func shell(_ script: String) throws -> String {
    let folder = try TemporaryFolder()
    chmod(folder.path, 0o755)
    let (words, script) = words(script)
    let (out, err) = (folder.path + "/out", folder.path + "/err")
    let child = try Child(words[0], Array(words.dropFirst()) + [script], out: out, err: err)
    let status = child.wait()
    try #require(status == 0, "\(script)\n\(ServerProgram.read(err))")
    return ServerProgram.read(out)
  }
}
