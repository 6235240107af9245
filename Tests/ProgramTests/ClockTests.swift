import Foundation
import Testing

/// A machine whose clock is years off takes no word from anybody, and is told.
@Suite struct ClockTests {
  private let team: Team
  private let ann: Program
  private let bob: Program
  private let year = 365 * 86400
  private let now = Int(Date().timeIntervalSince1970)

  init() throws {
    team = try Team()
    ann = try team.machine()
    bob = try team.machine(code: team.invite("bob"))
    try ann.run(["new", "partnership", "Pact", "--slug", "pact"]).expectSuccess()
    for one in [ann, bob] { try one.run(["sync"]).expectSuccess() }
  }

  @discardableResult
  private func bob(at clock: Int, _ words: String...) throws -> Program.Result {
    try bob.run(words, environment: ["DOSSIER_TEST_CLOCK": "\(clock)"])
  }

  @Test(arguments: [10, -10])
  func whatTwoSaidBothStandUntilSomebodyDecides(years: Int) throws {
    try ann.run(["set", "pact", "summary=of ann"]).expectSuccess()
    try ann.run(["set", "pact", "level=global"]).expectSuccess()
    try bob(at: now + years * year, "set", "pact", "summary=of bob").expectSuccess()
    try bob(at: now + years * year, "set", "pact", "level=regional").expectSuccess()
    try ann.run(["sync"]).expectSuccess()
    try bob(at: now + years * year, "sync").expectSuccess()
    try ann.run(["sync"]).expectSuccess()
    for one in [ann, bob] {
      let waiting = try one.run(["review"]).output
      for words in ["of ann", "of bob", "global", "regional"] { #expect(waiting.contains(words)) }
    }
    // What somebody decides who saw both stands, whatever the clock of the other said.
    try ann.run(["set", "pact", "level=bilateral"]).expectSuccess()
    try ann.run(["set", "pact", "summary=of both"]).expectSuccess()
    for one in [ann, bob] {
      try one.run(["sync"]).expectSuccess()
      #expect(try one.run(["review"]).output.isEmpty)
      let shown = try one.run(["show", "pact"]).output
      #expect(shown.contains("bilateral") && shown.contains("of both"), "\(shown)")
    }
  }

  /// What somebody wrote on a machine that is years ahead gives way to what came later, everywhere the same.
  @Test func aClockThatIsAheadDoesNotDecideForYears() throws {
    let cleo = try team.machine(code: team.invite("cleo"))
    try cleo.run(["sync"]).expectSuccess()
    try ann.run(["set", "pact", "status=of ann"]).expectSuccess()
    try bob(at: now + 10 * year, "set", "pact", "status=of bob").expectSuccess()
    try bob(at: now + 10 * year, "sync").expectSuccess()
    try ann.run(["sync"]).expectSuccess()
    try cleo.run(["set", "pact", "status=of cleo"]).expectSuccess()
    for one in [cleo, ann, bob, cleo] { try one.run(["sync"]).expectSuccess() }
    for one in [ann, bob, cleo] {
      #expect(try one.run(["show", "pact", "--fields", "status"]).output.contains("of cleo"))
      #expect(try one.run(["partnerships", "--json"]).output.contains(#""status":"of cleo""#))
      #expect(try one.run(["partnerships", "status:of cleo"]).output.contains("pact"))
      let waiting = try one.run(["review"]).output
      for words in ["of ann", "of bob", "of cleo"] { #expect(waiting.contains(words)) }
      #expect(waiting.contains("shown  of cleo"), "\(waiting)")
      #expect(try one.run(["export", "pact", "-o", "-"]).output.contains("of cleo"))
    }
  }

  @Test func itIsToldByTheServersClock() throws {
    let ahead = now + 3 * 86400 + 43200
    let far = try bob(at: ahead, "sync").expectSuccess()
    #expect(far.errors.contains("the clock of this machine is 3 days ahead of the server's"))
    #expect(try bob(at: ahead, "doctor").output.contains("BAD  clock: the clock of this"))
    let behind = try bob(at: now - 3 * 3600, "sync").expectSuccess()
    #expect(behind.errors.contains("is 3 h behind the server's"))
    let right = try bob.run(["sync"]).expectSuccess()
    #expect(!right.errors.contains("clock"), "\(right.errors)")
    #expect(try bob.run(["doctor"]).output.contains("ok   clock\n"))
  }

  /// A colleague whose clock stands years ago wrote today.
  @Test func whatCameTodayIsNewTodayWhateverItsClockSays() throws {
    try ann.run(["note", "of today"]).expectSuccess()
    try bob(at: now - 10 * year, "note", "of long ago").expectSuccess()
    try bob(at: now - 10 * year, "sync").expectSuccess()
    try ann.run(["sync"]).expectSuccess()
    #expect(try ann.run(["changes", "--since", "today"]).output.contains("of long ago"))
  }

  /// What a script reads of a sync.
  @Test func aSyncAnswersAScript() throws {
    try bob.run(["note", "for ann"]).expectSuccess()
    let sent = try bob.run(["sync", "--json"]).expectSuccess().output
    #expect(sent.hasPrefix(#"{"sent":1,"received":0,"from":[],"#), "\(sent)")
    let received = try ann.run(["sync", "--json", "--fields", "received,from,remarks"])
    #expect(received.output == #"{"received":1,"from":["bob"],"remarks":[]}"# + "\n")
  }

  /// An invite ends by the earlier of the owner's clock and the server's, and whoever makes one with a wrong clock is told.
  @Test func anInviteOfAMachineWhoseClockIsOffIsNoLongerThanOthers() throws {
    let ahead = ["DOSSIER_TEST_CLOCK": "\(now + 400 * 86400 + 43200)"]
    let code = try ann.run(["invite", "cleo"], environment: ahead).expectSuccess()
    let year = Calendar(identifier: .gregorian).component(.year, from: Date() + 2 * 86400)
    #expect(code.errors.contains("until \(year)-"), "\(code.errors)")
    #expect(code.errors.contains("400 days ahead of the server's"))
    let cleo = try team.machine(code: code.output.lines.last)
    try cleo.run(["sync"]).expectSuccess()
    let behind = ["DOSSIER_TEST_CLOCK": "\(now - 400 * 86400)"]
    let dead = try ann.run(["invite", "eve"], environment: behind).expectSuccess()
    #expect(dead.errors.contains("400 days behind the server's"), "\(dead.errors)")
    let next = try ann.run(["invite", "dora"]).expectSuccess().output.lines
    let home = try Project.temporaryFolder()
    defer { try? FileManager.default.removeItem(at: home) }
    let dora = try Program(home: home, clock: nil, seed: nil)
    let late = try dora.run(
      ["join", #require(next.last)], environment: ["DOSSIER_TEST_CLOCK": "\(now + 400 * 86400)"])
    #expect(late.status == 77)
    #expect(late.errors.contains("if the clock of this machine is wrong"), "\(late.errors)")
  }
}
