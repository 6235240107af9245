import Foundation
import Testing

/// Who belongs to the team, said by owners on their own machines.
@Suite struct AccessTests {
  @Test func anOwnerInvitesGrantsAndRevokes() throws {
    let team = try Team()
    let ann = try team.machine()
    let made = try ann.dossier("invite", "bob").expectSuccess()
    let code = try #require(made.output.split(separator: "\n").last.map(String.init))
    #expect(code.hasPrefix("dossier1-"))
    let bob = try team.machine(code: code)
    try bob.dossier("note", "from", "bob").expectSuccess()
    try bob.dossier("sync").expectSuccess()
    let listed = try ann.dossier("sync")
    #expect(listed.errors.contains("statement"), "\(listed.errors)")
    let rows = try ann.dossier("access").expectSuccess().output.lines
    #expect(rows.count == 2 && rows[0].hasPrefix("ann\towner\tv-"), "\(rows)")
    #expect(rows[1].hasPrefix("bob\teditor\tv-") && rows[1].hasSuffix("\tin"))
    // A reader's words stay on their machine until they may be sent.
    try ann.dossier("grant", "bob", "reader").expectSuccess()
    try bob.dossier("note", "kept", "here").expectSuccess()
    #expect(try bob.dossier("sync").errors.contains("refused"))
    try ann.dossier("sync").expectSuccess()
    #expect(try !ann.dossier("notes").output.contains("kept here"))
    try ann.dossier("grant", "bob", "editor").expectSuccess()
    try bob.dossier("sync").expectSuccess()
    try ann.dossier("sync").expectSuccess()
    #expect(try ann.dossier("notes").output.contains("kept here"))
    // The laptop is lost.
    let device = String(rows[1].split(separator: "\t")[2])
    let revoked = try ann.run(["revoke", String(device.prefix(8))]).expectSuccess()
    #expect(revoked.errors.contains("of bob is shut out"), "\(revoked.errors)")
    let out = try bob.dossier("sync")
    #expect(out.status == 77 && out.errors.contains("what you wrote is kept here"))
    #expect(try ann.dossier("notes").output.contains("kept here"))
    #expect(try ann.dossier("access").output.lines.count == 2)
    #expect(try ann.dossier("access", "--all").output.contains("revoked"))
  }

  @Test func nobodyElseSaysWhoBelongs() throws {
    let team = try Team()
    let ann = try team.machine()
    let bob = try team.machine(code: team.invite("bob"))
    for words in [["invite", "eve"], ["grant", "bob", "owner"], ["revoke", "v-"]] {
      let said = try bob.run(words)
      #expect(said.status == 77 && said.output.isEmpty, "\(words): \(said.errors)")
      #expect(said.errors.contains("only an owner") && said.errors.contains("owners: ann"))
    }
    #expect(try ann.dossier("grant", "nobody", "reader").status == 66)
    #expect(try ann.dossier("grant", "bob", "king").status == 64)
    #expect(try ann.dossier("revoke", "v-zzzz").status == 66)
    // The administrator gives bob the right, and then he may.
    try ann.run(["user", "role", "bob", "owner", "--data", team.data], program: "dossier-server")
      .expectSuccess()
    try bob.dossier("grant", "ann", "reader").expectSuccess()
    try ann.dossier("sync").expectSuccess()
    #expect(try ann.dossier("access").output.contains("ann\treader"))
  }

  @Test func withoutAServerNobodySignsForMembers() throws {
    let program = try Program()
    try program.dossier("init").expectSuccess()
    let asked = try program.dossier("access")
    #expect(asked.status == 78 && asked.errors.contains("dossier members"))
    #expect(try program.dossier("invite", "bob").status == 78)
  }

  /// A machine without a network learns who is in from the stick of one that has synced.
  @Test func aBundleBringsTheMembersAlong() throws {
    let team = try Team()
    let ann = try team.machine()
    let bob = try team.machine(code: team.invite("bob"))
    let cleo = try team.machine(code: team.invite("cleo"))
    let stick = team.folder.appending(path: "stick").path
    try bob.dossier("note", "by", "stick").expectSuccess()
    try bob.run(["sync", "--to", stick]).expectSuccess()
    // Ann has not heard of bob before cleo's bundle, and needs no --trust after it.
    #expect(try ann.run(["sync", "--from", stick]).status == 77)
    let other = team.folder.appending(path: "other").path
    try cleo.dossier("sync").expectSuccess()
    try cleo.run(["sync", "--to", other]).expectSuccess()
    try ann.run(["sync", "--from", other, "--trust"]).expectSuccess()
    try ann.run(["sync", "--from", stick]).expectSuccess()
    #expect(try ann.dossier("notes").output.contains("by stick"))
  }

  /// Nobody could make him one again, where the workspace is encrypted.
  @Test(arguments: [false, true])
  func theLastOwnerStaysOne(isEncrypted: Bool) throws {
    let team = try Team(isEncrypted: isEncrypted)
    let ann = try team.machine()
    for role in ["reader", "none"] {
      let refused = try ann.dossier("grant", "ann", role)
      #expect(refused.status == 77 && refused.errors.contains("ann is the only owner"))
    }
    try ann.dossier("invite", "bob", "--role", "owner").expectSuccess()
    try ann.dossier("grant", "ann", "editor").expectSuccess()
  }
}
