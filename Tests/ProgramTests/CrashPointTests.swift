import Foundation
import Testing

/// Kills the real program at every system call that touches the disk, one run a call.
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
    #expect(kills > 0 && acknowledged > 0)
    let doctor = try program.dossier("doctor")
    #expect(doctor.status == 0, "\(doctor.output)")
  }
}
