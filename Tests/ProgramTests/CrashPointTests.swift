import Foundation
import SQLite
import Testing

/// Kills the real program at every system call that touches the disk or the network, one run a call.
@Suite struct CrashPointTests {
  /// What a commit does to the disk.
  @Test(arguments: ["pwrite64", "fdatasync,fsync", "unlink"])
  func aNoteIsWhollyThereOrWhollyAbsentWhereverTheProgramDies(_ calls: String) throws {
    let program = try Program(clock: nil, seed: nil)
    defer { try? FileManager.default.removeItem(at: program.home) }
    try program.dossier("init", "--name", "ann")
    let dossier = Project.programs.appending(path: "dossier").path
    var acknowledged = 0
    var kills = 0
    for point in 1...200 {
      let words = "note at point \(point)"
      let result = try program.run(
        [
          "-f", "-qq", "-o", "/dev/null", "-e", "trace=\(calls)", "-e",
          "inject=\(calls):signal=SIGKILL:when=\(point)", dossier, "note", words, "--quiet",
        ], program: "/usr/bin/strace")
      let isAcknowledged = result.output.hasPrefix("n-")
      let found = try program.dossier("notes", "\"\(words)\"", "--fields", "text").output
      let there = found.split(separator: "\n").filter { $0 == words }.count
      #expect(there <= 1)
      if isAcknowledged {
        acknowledged += 1
        #expect(there == 1, "acknowledged and lost at \(calls) \(point)")
      }
      if result.status == 0 { break }
      kills += 1
    }
    print("kill points: \(kills)")
    #expect(kills > 0 && acknowledged > 0)
    let doctor = try program.dossier("doctor")
    #expect(doctor.status == 0, "\(doctor.output)")
  }

  /// What a sync does to the network and to the disk. Calls that happen often are not all tried.
  @Test(arguments: [
    ("connect", 1), ("write,writev,sendto,sendmsg", 1), ("read", 9), ("pwrite64", 3),
    ("fdatasync,fsync,unlink", 1),
  ])
  func aSyncThatDiesAnywhereIsMadeGoodByTheNext(_ calls: String, _ stride: Int) throws {
    let team = try Team()
    let ann = try team.machine()
    let code = try ann.run(
      ["user", "invite", "ann", "--data", team.data], program: "dossier-server")
    let other = try team.machine(code: code.output.trimmingCharacters(in: .newlines))
    let dossier = Project.programs.appending(path: "dossier").path
    var kills = 0
    var notes = 0
    for point in Swift.stride(from: 1, to: 400, by: stride) {
      try ann.dossier("note", "ann at point \(point)")
      try other.dossier("note", "other at point \(point)")
      notes += 2
      #expect(try other.dossier("sync").status == 0)
      let result = try ann.run(
        [
          "-f", "-qq", "-o", "/dev/null", "-e", "trace=\(calls)", "-e",
          "inject=\(calls):signal=SIGKILL:when=\(point)", dossier, "sync",
        ], program: "/usr/bin/strace")
      if result.status == 0 { break }
      kills += 1
    }
    print("kill points: \(kills)")
    #expect(kills > 0)
    for machine in [ann, other, ann] { #expect(try machine.dossier("sync").status == 0) }
    let here = try ann.dossier("notes", "--all", "--limit", "1000", "--fields", "id,text").output
    let there = try other.dossier("notes", "--all", "--limit", "1000", "--fields", "id,text").output
    #expect(here == there)
    #expect(Set(here.split(separator: "\n")).count == notes)
    for machine in [ann, other] { #expect(try machine.dossier("doctor").status == 0) }
    let stats = try ann.run(["check", "--data", team.data], program: "dossier-server")
    #expect(stats.status == 0, "\(stats.errors)")
  }

  /// The disk refuses one call, or all from there on: a clear answer with exit 74, and nothing half done.
  @Test(arguments: [
    ("pwrite64", "ENOSPC", ""), ("pwrite64", "EIO", "+"), ("fdatasync,fsync", "EIO", ""),
    ("pwrite64", "EDQUOT", "+"),
  ])
  func aNoteOnADiskThatFailsIsSaidToBeLostOrIsThere(
    _ calls: String, _ error: String, _ lasting: String
  ) throws {
    let program = try Program(clock: nil, seed: nil)
    defer { try? FileManager.default.removeItem(at: program.home) }
    try program.dossier("init", "--name", "ann")
    let dossier = Project.programs.appending(path: "dossier").path
    var refused = 0
    for point in 1...100 {
      let words = "note at point \(point)"
      let result = try program.run(
        [
          "-f", "-qq", "-o", "/dev/null", "-e", "trace=\(calls)", "-e",
          "inject=\(calls):error=\(error):when=\(point)\(lasting)", dossier, "note", words,
          "--quiet",
        ], program: "/usr/bin/strace")
      let found = try program.dossier("notes", "\"\(words)\"", "--fields", "text").output
      let there = found.split(separator: "\n").filter { $0 == words }.count
      if result.status == 0 {
        #expect(result.output.hasPrefix("n-") && there == 1)
      } else {
        refused += 1
        #expect(result.status == 74, "\(result.errors)")
        #expect(!result.output.hasPrefix("n-"))
        #expect(result.errors.hasPrefix("dossier: ") && there <= 1)
      }
      // The call is not made so often: the rest is as before.
      if result.status == 0, point > 40 { break }
    }
    print("kill points: \(refused)")
    #expect(refused > 0)
    let doctor = try program.dossier("doctor")
    #expect(doctor.status == 0, "\(doctor.output)")
  }

  /// A store of an earlier version is brought up to date whole or not at all, wherever the program dies or the disk
  /// fails; the next start finds all that was there.
  @Test(arguments: [
    ("pwrite64", "signal=SIGKILL"), ("fdatasync,fsync", "signal=SIGKILL"),
    ("unlink", "signal=SIGKILL"), ("pwrite64", "error=EIO"), ("pwrite64", "error=ENOSPC"),
    ("fdatasync,fsync", "error=EIO"),
  ])
  func anUpgradeThatDiesIsDoneByTheNextStart(_ calls: String, _ fault: String) throws {
    let program = try Program(clock: nil, seed: nil)
    defer { try? FileManager.default.removeItem(at: program.home) }
    try program.dossier("init", "--name", "ann")
    try program.dossier("note", "from the earlier version")
    let path = program.home.appending(path: ".local/share/dossier/dossier.db").path
    let dossier = Project.programs.appending(path: "dossier").path
    var died = 0
    for point in Swift.stride(from: 1, to: 200, by: calls == "pwrite64" ? 3 : 1) {
      try Self.setBack(path)
      let result = try program.run(
        [
          "-f", "-qq", "-o", "/dev/null", "-e", "trace=\(calls)", "-e",
          "inject=\(calls):\(fault):when=\(point)", dossier, "notes",
        ], program: "/usr/bin/strace")
      let notes = try program.dossier("notes", "--fields", "text")
      #expect(notes.status == 0 && notes.output == "from the earlier version\n", "\(point)")
      if result.status == 0 { break }
      died += 1
    }
    print("kill points: \(died)")
    #expect(died > 0)
    #expect(try program.dossier("doctor").status == 0)
  }

  /// Makes the store one of the version before snapshots.
  private static func setBack(_ path: String) throws {
    let connection = try Connection(path: path)
    try connection.execute(
      """
      BEGIN;
      DROP TABLE snapshot_writer; DROP TABLE snapshot_changeset; DROP TABLE snapshot_entity;
      DROP TABLE snapshot_text; DROP TABLE receipt; DROP TABLE membership;
      DROP TABLE membership_unsent; DROP TABLE membership_pin; DROP TABLE epoch;
      DROP TABLE former_key; DROP TABLE log_hash; DROP TABLE checkpoint; DROP TABLE split_view;
      ALTER TABLE replica DROP COLUMN checkpoint; DROP TABLE adoption;
      DROP TABLE clock_bound; ALTER TABLE replica DROP COLUMN bounded;
      CREATE TABLE receipt (
        key BLOB PRIMARY KEY, maker TEXT NOT NULL, held BLOB NOT NULL) STRICT, WITHOUT ROWID;
      UPDATE schema_version SET version = 3 WHERE name = 'replica';
      COMMIT;
      """)
  }

  /// Ten years ahead, back to 1970 and on: nothing is refused, all stay level, and the tool says whose clock is off.
  @Test func clocksThatJumpByYearsLoseNothing() throws {
    let team = try Team()
    let ann = try team.machine()
    let code = try ann.run(
      ["user", "invite", "ann", "--data", team.data], program: "dossier-server")
    let other = try team.machine(code: code.output.trimmingCharacters(in: .newlines))
    let now = Int(Date().timeIntervalSince1970)
    let year = 365 * 86400
    for (number, clock) in [now, now + 10 * year, 1, now - 10 * year, now].enumerated() {
      try ann.run(["note", "note \(number)"], environment: ["DOSSIER_TEST_CLOCK": "\(clock)"])
        .expectSuccess()
      try ann.run(["sync"], environment: ["DOSSIER_TEST_CLOCK": "\(clock)"]).expectSuccess()
      try other.run(["sync"]).expectSuccess()
      try other.run(["note", "answer \(number)"]).expectSuccess()
    }
    for one in [other, ann] { try one.run(["sync"]).expectSuccess() }
    let lists = try [ann, other].map {
      try $0.run(["notes", "--all", "--fields", "id,text"]).output
    }
    #expect(lists[0] == lists[1] && lists[0].split(separator: "\n").count == 10)
    let doctor = try other.run(["doctor"])
    #expect(doctor.output.contains("ahead of this machine"), "\(doctor.output)")
    #expect(try ann.run(["sync"]).errors.hasPrefix("sent 0, received 0"))
  }

  /// No page is ever half written, wherever an export dies.
  @Test(arguments: ["write", "fsync", "rename,renameat", "openat"])
  func anExportThatDiesLeavesEachPageOldOrNew(_ calls: String) throws {
    let program = try Program(clock: nil, seed: nil)
    defer { try? FileManager.default.removeItem(at: program.home) }
    for name in ["one", "two", "three"] {
      try program.dossier("new", "partnership", name, "--slug", name)
    }
    try program.dossier("export", "-o", "out")
    let out = program.home.appending(path: "out")
    func pages() throws -> [String: String] {
      var pages: [String: String] = [:]
      for name in try FileManager.default.contentsOfDirectory(atPath: out.path)
      where name.hasSuffix(".md") {
        pages[name] = try String(contentsOf: out.appending(path: name), encoding: .utf8)
      }
      return pages
    }
    let dossier = Project.programs.appending(path: "dossier").path
    var kills = 0
    for point in stride(from: 1, to: 300, by: calls == "openat" ? 11 : 1) {
      let before = try pages()
      for name in ["one", "two", "three"] {
        try program.dossier("set", name, "status=point \(point)")
      }
      let result = try program.run(
        [
          "-f", "-qq", "-o", "/dev/null", "-e", "trace=\(calls)", "-e",
          "inject=\(calls):signal=SIGKILL:when=\(point)", dossier, "export", "-o", "out", "--force",
        ], program: "/usr/bin/strace")
      let found = try pages()
      try program.dossier("export", "-o", "out", "--force")
      let after = try pages()
      for (name, text) in found {
        #expect(text == before[name] || text == after[name], "\(name) at \(calls) \(point)")
      }
      if result.status == 0 { break }
      kills += 1
    }
    print("kill points: \(kills)")
    #expect(kills > 2)
  }
}
