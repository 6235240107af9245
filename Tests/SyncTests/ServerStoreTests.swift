import ChangeLog
import LogStore
import SQLite
import Testing

@Suite("The server's files")
struct ServerStoreTests {
  @Test("A log is the same after it was closed and opened")
  func reopened() throws {
    let logs = try StoredLogs()
    var ann = try Author(1)
    let all = try ann.write(count: 3)
    func open(_ id: LogID) throws -> SQLiteLog {
      try logs.database().log(of: LogBody.workspace, newID: id)
    }
    let head = try open(LogBody.id).exchange(all).head
    let again = try open(LogID(high: 1, low: 2))
    #expect(try again.head() == head)
    #expect(try again.entries(after: 0, limit: 1 << 20).map(\.bytes) == all.map(\.bytes))
  }

  @Test("Workspaces in one file do not see each other")
  func separate() throws {
    let logs = try StoredLogs()
    let database = try logs.database()
    let other = WorkspaceID(high: 2, low: 2)
    let one = try database.log(of: LogBody.workspace, newID: LogBody.id)
    let two = try database.log(of: other, newID: LogID(high: 8, low: 8))
    var ann = try Author(1)
    var bob = try Author(2, in: other)
    let mine = try ann.write()
    #expect(try one.exchange([mine]).verdicts == [.accepted(position: 1)])
    #expect(try two.exchange([mine]).verdicts == [.refused(.otherWorkspace)])
    #expect(try two.exchange([try bob.write()]).verdicts == [.accepted(position: 1)])
    #expect(try two.position(of: mine.id) == nil)
    #expect(try two.writer(ann.head.writer) == nil)
    #expect(try one.head().position == 1)
  }

  @Test("A second writer of the log is refused while the first lives")
  func onlyOneWriter() throws {
    let logs = try StoredLogs()
    let first = try logs.database()
    #expect(throws: StoreError.served(logs.folder.path)) { try logs.database() }
    withExtendedLifetime(first) {}
  }

  @Test("A contact is written once a minute at most")
  func contacts() throws {
    let logs = try StoredLogs()
    let database = try logs.database()
    let log = try database.log(of: LogBody.workspace, newID: LogBody.id)
    var ann = try Author(1)
    func sync(at now: Int) throws -> LogReader.Contact? {
      let request = SyncRequest(
        workspace: log.workspace, cursor: .start, own: ann.head,
        changesets: [try ann.write().bytes])
      _ = try database.answer(request, from: "v-1", in: log, now: now) { _ in nil }
      return try LogReader(in: logs.folder).statistics(of: log.workspace).contacts["v-1"]
    }
    #expect(try sync(at: 1000)?.position == 1)
    #expect(try sync(at: 1059)?.at == 1000)
    let later = try sync(at: 1060)
    #expect(later?.at == 1060 && later?.position == 3)
    // A clock that was set back does not silence the device.
    #expect(try sync(at: 500)?.at == 500)
  }

  @Test("An invite is good until its last second and for one device")
  func invites() throws {
    let logs = try StoredLogs()
    let accounts = try Accounts(in: logs.folder)
    let workspace = LogBody.workspace
    try accounts.addWorkspace(named: "team", id: workspace)
    try accounts.addMember("ann", role: .editor, to: workspace)
    let secret = [UInt8](repeating: 3, count: 32)
    let code = try accounts.invite("ann", to: workspace, secret: secret, expires: 100)
    #expect(try InviteCode(text: code.text) == code)
    func join(_ author: UInt64, _ secret: [UInt8], now: Int) throws -> JoinResponse {
      let key = try Author(author).key
      let request = try JoinRequest(secret: secret, deviceName: "laptop", key: key)
      let token = try #require(Token(bytes: [UInt8](repeating: UInt8(author), count: 32)))
      return try accounts.join(request, to: workspace, id: "v-\(author)", token: token, now: now)
    }
    #expect(throws: StoreError.inviteExpired) { try join(1, secret, now: 101) }
    #expect(throws: StoreError.inviteUnknown) { try join(1, [UInt8](secret.dropLast()), now: 1) }
    #expect(try join(1, secret, now: 100).device == "v-1")
    #expect(throws: StoreError.inviteUsed) { try join(2, secret, now: 100) }
    #expect(try accounts.devices(of: workspace).map(\.id) == ["v-1"])
    // A device that lost its token comes back under its name; under another member it does not.
    let second = [UInt8](repeating: 4, count: 32)
    _ = try accounts.invite("ann", to: workspace, secret: second, expires: 100)
    #expect(try join(1, second, now: 50).device == "v-1")
    try accounts.addMember("bob", role: .editor, to: workspace)
    let third = [UInt8](repeating: 5, count: 32)
    _ = try accounts.invite("bob", to: workspace, secret: third, expires: 100)
    #expect(throws: StoreError.keyTaken) { try join(1, third, now: 50) }
    // A refused join does not use the invite up.
    #expect(try join(2, third, now: 50).member == "bob")
  }

  @Test("A check finds every kind of damage, and where")
  func check() throws {
    let damages = [
      "UPDATE changeset SET bytes = zeroblob(9) WHERE position = 2": "position 2",
      "UPDATE changeset SET bytes = CAST(bytes || x'00' AS BLOB) WHERE position = 3": "position 3",
      "UPDATE changeset SET hash = zeroblob(32) WHERE position = 1": "position 1",
      "UPDATE changeset SET id = zeroblob(3) WHERE position = 1": "position 1",
      "DELETE FROM changeset WHERE position = 2": "position 3",
      "UPDATE writer SET sequence = 2": "writer",
      "UPDATE writer SET id = zeroblob(2)": "writer",
      "DELETE FROM writer": "writer",
      "UPDATE writer SET key = zeroblob(32)": "writer",
    ]
    for (sql, place) in damages {
      let logs = try StoredLogs()
      var ann = try Author(1)
      do {
        let log = try logs.database().log(of: LogBody.workspace, newID: LogBody.id)
        _ = try log.exchange(try ann.write(count: 3))
        let sound = try LogReader(in: logs.folder).check()
        #expect(sound.damages.isEmpty && sound.changesets == 3 && sound.writers == 1)
      }
      try Connection(path: logs.folder.path + "/log.db").execute(sql)
      let found = try LogReader(in: logs.folder).check().damages
      #expect(found.contains { $0.place.contains(place) }, "\(sql): \(found)")
    }
  }
}
