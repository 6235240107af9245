import Foundation
import Testing

/// A sync of the real program that something happens to.
@Suite struct SyncFaultTests {
  @Test func theLockOfAKilledSyncIsGoneWithIt() throws {
    let team = try Team()
    let ann = try team.machine()
    try ann.dossier("note", "before the line went dead")
    team.stop()
    let silence = try SilentListener(port: team.port)
    let first = try Child(
      Project.programs.appending(path: "dossier").path, ["sync"], environment: ann.environment,
      folder: ann.home.path, output: "/dev/null", errors: "/dev/null")
    // It holds the lock once it asks; the second finds the lock held.
    var second = try ann.dossier("whoami")
    for _ in 0..<100 {
      second = try ann.run(["-k", "1", "0.5", dossier, "sync"], program: "/usr/bin/timeout")
      if second.status == 75 { break }
    }
    #expect(second.status == 75)
    #expect(second.errors.contains("another sync of this store is running"))
    #expect(try ann.dossier("note", "written meanwhile").status == 0)

    first.kill(group: false)
    _ = first.wait()
    silence.close()
    try team.start()
    let third = try ann.dossier("sync")
    #expect(third.status == 0)
    #expect(third.errors.contains("sent 2"), "\(third.errors)")
  }

  @Test func aNoteOfOneMiBIsTheLargestAndTravels() throws {
    let team = try Team()
    let ann = try team.machine()
    let largest = String(repeating: "å", count: (1 << 19) - 1) + "yz"
    #expect(largest.utf8.count == 1 << 20)
    #expect(try ann.dossier("note", "-", input: largest).status == 0)
    let refused = try ann.dossier("note", "-", input: largest + "!")
    #expect(refused.status == 65)
    #expect(refused.errors.contains("it is longer than 1 MiB (1048577 bytes)"))
    #expect(try ann.dossier("note", "after it").status == 0)
    let synced = try ann.dossier("sync")
    #expect(synced.status == 0, "\(synced.errors)")

    let code = try ann.run(
      ["user", "invite", "ann", "--data", team.data], program: "dossier-server")
    let other = try team.machine(code: code.output.trimmingCharacters(in: .newlines))
    let notes = try other.dossier("export", "-o", "-", "--as", "jsonl").output
    #expect(notes.contains(largest))
    #expect(notes.contains("after it"))
  }

  private var dossier: String { Project.programs.appending(path: "dossier").path }
}
