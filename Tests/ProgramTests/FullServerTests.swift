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
}
