import Foundation
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
}
