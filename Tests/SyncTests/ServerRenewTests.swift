import ChangeLog
import Testing

@Suite("A log that gets a new name")
struct ServerRenewTests {
  @Test("Whoever has read it is told to compare, and finds all of it")
  func renewed() throws {
    let server = try ServerUnderTest()
    var ann = try server.join(server.firstInvite, as: Author(1))
    let before = try ann.sync(ann.author.write(count: 3)).head
    #expect(server.stop() == 0)
    try server.admin("renew")
    try server.start()
    let told = try SyncResponse(decoding: ann.post(ann.request(cursor: before)).body)
    guard case .diverged(let marks) = told.page, let end = marks.first else {
      Issue.record("\(told.page)")
      return
    }
    #expect(end.log != before.log && end.position == 3 && end.hash == before.hash)
    let level = try SyncResponse(decoding: ann.post(ann.request(cursor: end)).body)
    #expect(level.head == end && level.page == .entries([], end: end))
  }
}
