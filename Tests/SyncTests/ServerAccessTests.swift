import ChangeLog
import Testing

@Suite("Who may do what over HTTP")
struct ServerAccessTests {
  @Test("Two devices of a team see each other's changes")
  func level() throws {
    let server = try ServerUnderTest()
    var ann = try server.join(server.firstInvite, as: Author(1))
    try server.admin("user", "add", "bob")
    let bob = try server.join(server.invite("bob"), as: Author(2))
    let written = try ann.author.write(count: 3)
    let pushed = try ann.sync(written)
    #expect(pushed.verdicts == (1...3).map { .accepted(position: $0) })
    let pulled = try bob.sync()
    #expect(
      pulled.page == .entries(written.map { .changeset($0.bytes) }, end: pushed.head))
    #expect(try ann.sync(written).verdicts == pushed.verdicts)
  }

  @Test("Of a store that was copied the first branch counts, and the operator is told whose it is")
  func copiedStore() throws {
    let server = try ServerUnderTest()
    var ann = try server.join(server.firstInvite, as: Author(1))
    var copy = ann
    let first = try ann.author.write("one branch")
    let second = try copy.author.write("another branch")
    _ = try ann.sync([first])
    #expect(try copy.sync([second]).verdicts == [.refused(.forked)])
    let stats = try server.admin("stats")
    let told = stats.out + stats.err
    #expect(told.contains("a store of device \(ann.joined.device) was copied"), "\(told)")
    try server.admin("check")
  }

  @Test("A token opens its own workspace only, and does not tell which others there are")
  func otherWorkspace() throws {
    let server = try ServerUnderTest()
    let ann = try server.join(server.firstInvite, as: Author(1))
    try server.admin("workspace", "add", "other")
    try server.admin("user", "add", "bob", "--workspace", "other")
    let bob = try server.join(server.invite("bob", to: "other"), as: Author(2))
    #expect(bob.workspace != ann.workspace)
    func status(_ workspace: WorkspaceID, _ token: Token?) throws -> (Int, String) {
      var request = ann.request()
      request.workspace = workspace
      let answer = try server.post(server.syncPath(workspace), request.encoded, token: token)
      return (answer.status, answer.text)
    }
    #expect(try status(ann.workspace, ann.joined.token).0 == 200)
    #expect(try status(bob.workspace, bob.joined.token).0 == 200)
    let foreign = try status(ann.workspace, bob.joined.token)
    let missing = try status(WorkspaceID(high: 5, low: 5), bob.joined.token)
    #expect(foreign.0 == 404 && foreign == missing)
    let stranger = Token(bytes: [UInt8](repeating: 1, count: 32))
    let unknown = try status(ann.workspace, stranger)
    #expect(unknown.0 == 401)
    // Whatever is wrong with it, and whether the workspace is there or not: nobody learns more.
    for workspace in [ann.workspace, bob.workspace, WorkspaceID(high: 5, low: 5)] {
      for token in [stranger, nil] { #expect(try status(workspace, token) == unknown) }
    }
    // The address says one workspace, the message another.
    let crossed = try server.post(
      server.syncPath(bob.workspace), ann.request().encoded, token: bob.joined.token)
    #expect(crossed.status == 400)
  }

  @Test(
    "Tokens that are none are 401", arguments: ["", "Bearer", "Bearer ", "Bearer zz", "Basic a"])
  func malformedToken(header: String) throws {
    let server = try ServerUnderTest()
    let path = server.syncPath(server.firstInvite.workspace)
    let answer = try server.post(path, [], extra: "Authorization: \(header)\r\n")
    let unknown = try server.post(path, [], token: Token(bytes: [UInt8](repeating: 1, count: 32)))
    #expect(answer.status == 401 && answer.text == unknown.text)
    #expect(answer.headers["www-authenticate"] == "Bearer")
    #expect(answer.headers["dossier-protocol"] == "1")
  }

  @Test("A revoked device is shut out from its next request on, its work stays")
  func revoked() throws {
    let server = try ServerUnderTest()
    var ann = try server.join(server.firstInvite, as: Author(1))
    var second = try server.join(server.invite("ann"), as: Author(2))
    let old = try ann.author.write()
    #expect(try ann.sync([old]).verdicts == [.accepted(position: 1)])
    try server.admin("device", "revoke", String(ann.joined.device.prefix(10)))
    let late = try ann.author.write()
    let answer = try ann.post(ann.request([late]))
    #expect(answer.status == 403 && answer.text.contains("device revoke"))
    // Nor does it get in by way of a colleague; what was there before stays.
    #expect(
      try second.sync([old, late, second.author.write()]).verdicts == [
        .accepted(position: 1), .refused(.notEnrolled), .accepted(position: 2),
      ])
    #expect(try server.admin("device", "list").out.contains("revoked"))
  }

  @Test("A disabled member is shut out with all devices, and may come back")
  func disabled() throws {
    let server = try ServerUnderTest()
    var ann = try server.join(server.firstInvite, as: Author(1))
    try server.admin("user", "disable", "ann")
    let answer = try ann.post(ann.request())
    #expect(answer.status == 403 && answer.text.contains("user disable"))
    try server.admin("user", "enable", "ann")
    #expect(try ann.sync([ann.author.write()]).verdicts == [.accepted(position: 1)])
  }

  @Test("A reader reads, and writes nothing")
  func reader() throws {
    let server = try ServerUnderTest()
    var ann = try server.join(server.firstInvite, as: Author(1))
    try server.admin("user", "add", "rea", "--role", "reader")
    var rea = try server.join(server.invite("rea"), as: Author(2))
    #expect(rea.joined.role == "reader")
    let note = try ann.author.write()
    _ = try ann.sync([note])
    let own = try rea.author.write()
    let response = try rea.sync([own])
    #expect(response.verdicts == [.refused(.readOnly)])
    #expect(response.page == .entries([.changeset(note.bytes)], end: response.head))
    // An editor cannot carry it in either, until the reader becomes one.
    #expect(try ann.sync([own]).verdicts == [.refused(.readOnly)])
    try server.admin("user", "role", "rea", "editor")
    #expect(try rea.sync([own]).verdicts == [.accepted(position: 2)])
  }

  @Test("Who never joined is not enrolled, whoever carries the changes")
  func notEnrolled() throws {
    let server = try ServerUnderTest()
    let ann = try server.join(server.firstInvite, as: Author(1))
    var stranger = try Author(9, in: ann.workspace)
    #expect(try ann.sync([stranger.write()]).verdicts == [.refused(.notEnrolled)])
  }
}
