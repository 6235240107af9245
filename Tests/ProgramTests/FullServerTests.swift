import Foundation
import Testing

/// A server that has no room for more.
@Suite struct FullServerTests {
  @Test func whoeverHasSomethingToSendStillHearsOfColleagues() throws {
    let team = try Team(configuration: "workspace-megabytes: 1\n")
    let ann = try team.machine()
    let bob = try team.machine(code: team.invite("bob"))
    try bob.dossier("note", "from", "bob").expectSuccess()
    try bob.dossier("sync").expectSuccess()
    let words = String(repeating: "many words ", count: 90_000)
    try ann.dossier("note", "-", input: words).expectSuccess()
    try ann.dossier("note", "-", input: words).expectSuccess()
    for received in [3, 0] {
      let sync = try ann.dossier("sync")
      #expect(sync.status == 69)
      #expect(sync.errors.contains("the 1 MiB that it may have"), "\(sync.errors)")
      #expect(sync.errors.contains("received: \(received)"), "\(sync.errors)")
      #expect(sync.errors.contains("nothing is lost: 6 changes wait here"), "\(sync.errors)")
    }
    #expect(try ann.dossier("notes").output.contains("from bob"))
    // Room is made: everything goes up.
    try team.configure("workspace-megabytes: 100\n")
    try ann.dossier("sync").expectSuccess()
    try bob.dossier("sync").expectSuccess()
    #expect(try bob.dossier("notes").output.lines.count == 3)
  }

  /// The server was set back to before somebody was shut out, and has no room for what it lost: he is out all the same.
  @Test(arguments: [false, true])
  func nobodyIsInAgainForWantOfRoom(writesMeanwhile: Bool) throws {
    let team = try Team()
    let ann = try team.machine()
    let bob = try team.machine(code: team.invite("bob"))
    for one in [bob, ann] { try one.dossier("sync").expectSuccess() }
    let backup = team.folder.appending(path: "backup").path
    try ann.run(["backup", backup, "--data", team.data], program: "dossier-server").expectSuccess()
    let device = try #require(ann.run(["access"]).output.lines.first { $0.hasPrefix("bob\t") })
    let id = String(device.split(separator: "\t")[2])
    try ann.run(["revoke", id]).expectSuccess()
    let words = String(repeating: "many words ", count: 90_000)
    for _ in 0..<2 { try ann.dossier("note", "-", input: words).expectSuccess() }
    try ann.dossier("sync").expectSuccess()
    team.stop()
    try FileManager.default.removeItem(atPath: team.data)
    try ann.run(["restore", backup, "--into", team.data], program: "dossier-server")
      .expectSuccess()
    try team.configure("workspace-megabytes: 1\n")
    if writesMeanwhile {
      try bob.run(["note", "while nobody knew"]).expectSuccess()
      try bob.run(["sync"]).expectSuccess()
    }
    #expect(try ann.dossier("sync").status == 69)
    #expect(try bob.run(["sync"]).status == 77)
    let access = try ann.run(["access", "--all"]).output.lines
    #expect(access.contains { $0.contains(id) && !$0.hasSuffix("\tin") }, "\(access)")
    try team.configure("workspace-megabytes: 100\n")
    try ann.dossier("sync").expectSuccess()
    #expect(try ann.dossier("notes").output.contains("while nobody knew") == writesMeanwhile)
    #expect(try bob.run(["sync"]).status == 77)
  }
}
