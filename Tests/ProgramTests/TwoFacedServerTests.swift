import Foundation
import Testing

/// Whoever has the server's folder twice can show two colleagues two logs. They find out.
@Suite struct TwoFacedServerTests {
  private let team: Team
  private let ann: Program
  private let bob: Program

  init() throws {
    team = try Team()
    ann = try team.machine()
    bob = try team.machine(code: team.invite("bob"))
    for one in [ann, bob] { try one.run(["sync"]).expectSuccess() }
  }

  private var otherFace: String { team.folder.appending(path: "other-face").path }

  private func show(_ folder: String, instead other: String) throws {
    team.stop()
    let files = FileManager.default
    try files.moveItem(atPath: team.data, toPath: other)
    try files.moveItem(atPath: folder, toPath: team.data)
    try team.start()
  }

  @Test func aBundleBetweenThemTells() throws {
    team.stop()
    try FileManager.default.copyItem(atPath: team.data, toPath: otherFace)
    try team.start()
    try bob.run(["note", "bob's, kept from ann"]).expectSuccess()
    #expect(try bob.run(["sync"]).expectSuccess().errors.contains("sent 1"))
    let first = team.folder.appending(path: "first-face").path
    try show(otherFace, instead: first)
    try ann.run(["note", "ann's, kept from bob"]).expectSuccess()
    try ann.run(["sync"]).expectSuccess()
    try ann.run(["note", "ann's next"]).expectSuccess()

    #expect(
      try bob.run(["doctor"]).expectSuccess().output.contains(
        "ok   what the server shows everybody"))
    let bundle = team.folder.appending(path: "bundle").path
    try ann.run(["sync", "--to", bundle]).expectSuccess()
    let taken = try bob.run(["sync", "--from", bundle]).expectSuccess()
    #expect(taken.errors.contains("another log than this machine"), "\(taken.errors)")
    #expect(try bob.run(["notes"]).output.lines.count == 3)
    let doctor = try bob.run(["doctor"])
    #expect(doctor.status == 1 && doctor.output.contains("it showed ann on "), "\(doctor.output)")

    // Ann meets the face that Bob knows.
    try show(first, instead: otherFace)
    try ann.run(["note", "one more of ann's"]).expectSuccess()
    let synced = try ann.run(["sync"]).expectSuccess()
    #expect(
      synced.errors.contains("its log is another one now, under the same name"), "\(synced.errors)")
    try bob.run(["sync"]).expectSuccess()
    for one in [ann, bob] { #expect(try one.run(["notes"]).output.lines.count == 4) }

    try bob.run(["doctor", "--settle"]).expectSuccess()
    try bob.run(["doctor"]).expectSuccess()
    #expect(try bob.run(["doctor", "--settle"]).status == 66)
  }

  /// Set back as it is to be done, the log has another name: nobody suspects anything.
  @Test func aServerThatIsRestoredIsNotSuspected() throws {
    let backup = team.folder.appending(path: "backup").path
    try ann.run(["backup", backup, "--data", team.data], program: "dossier-server").expectSuccess()
    try bob.run(["note", "after the backup"]).expectSuccess()
    for one in [bob, ann] { try one.run(["sync"]).expectSuccess() }
    try ann.run(["note", "knowing of it"]).expectSuccess()
    team.stop()
    try FileManager.default.removeItem(atPath: team.data)
    try ann.run(["restore", backup, "--into", team.data], program: "dossier-server").expectSuccess()
    try team.start()
    for one in [ann, bob, ann] {
      let synced = try one.run(["sync"]).expectSuccess()
      #expect(!synced.errors.contains("another"), "\(synced.errors)")
      #expect(try one.run(["doctor"]).status == 0)
    }
    for one in [ann, bob] { #expect(try one.run(["notes"]).output.lines.count == 2) }
  }

  /// Set back by copying, and renamed then.
  @Test func aServerThatIsRenewedIsNotSuspected() throws {
    team.stop()
    try FileManager.default.copyItem(atPath: team.data, toPath: otherFace)
    try team.start()
    let serving = try ann.run(["renew", "--data", team.data], program: "dossier-server")
    #expect(serving.status != 0, "it serves")
    try bob.run(["note", "after the copy"]).expectSuccess()
    for one in [bob, ann] { try one.run(["sync"]).expectSuccess() }
    try ann.run(["note", "knowing of it"]).expectSuccess()
    try ann.run(["renew", "--data", otherFace], program: "dossier-server").expectSuccess()
    try show(otherFace, instead: team.folder.appending(path: "lost").path)
    for one in [ann, bob, ann] {
      let synced = try one.run(["sync"]).expectSuccess()
      #expect(!synced.errors.contains("another"), "\(synced.errors)")
      #expect(try one.run(["doctor"]).status == 0)
    }
    for one in [ann, bob] { #expect(try one.run(["notes"]).output.lines.count == 2) }
  }
}
