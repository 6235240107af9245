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
    func open(_ id: LogID) throws -> StoredLog {
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

  @Test("A second writer of the log is refused while the first lives", .onFiles)
  func onlyOneWriter() throws {
    let logs = try StoredLogs()
    let first = try logs.database()
    #expect(throws: StoreError.served(logs.folder.path)) { try logs.database() }
    withExtendedLifetime(first) {}
  }

  @Test("A contact is written once a minute at most, or soon when the device has come further")
  func contacts() throws {
    let logs = try StoredLogs()
    let database = try logs.database()
    let log = try database.log(of: LogBody.workspace, newID: LogBody.id)
    var ann = try Author(1)
    var last: Changeset?
    func sync(at now: Int, again: Bool = false) throws -> LogReader.Contact? {
      let changeset = try again ? #require(last) : ann.write()
      last = changeset
      let request = SyncRequest(
        workspace: log.workspace, cursor: .start, own: ann.head, changesets: [changeset.bytes])
      _ = try database.answer(request, from: "v-1", in: log, now: now) { _, _ in nil }
      return try LogReader(in: logs.folder).statistics(of: log.workspace).contacts["v-1"]
    }
    #expect(try sync(at: 1000)?.position == 1)
    #expect(try sync(at: 1059, again: true)?.at == 1000)
    #expect(try sync(at: 1060, again: true)?.at == 1060)
    #expect(try sync(at: 1064)?.at == 1060)
    let later = try sync(at: 1065)
    #expect(later?.at == 1065 && later?.position == 3)
    // A clock that was set back does not silence the device.
    #expect(try sync(at: 500)?.at == 500)
  }

  @Test("An invite is good until its last second and for one device")
  func invites() throws {
    let logs = try StoredLogs()
    let accounts = try Accounts(in: logs.folder)
    let workspace = LogBody.workspace
    try accounts.addWorkspace(named: "team", id: workspace, now: 1)
    try accounts.addMember("ann", role: .editor, to: workspace, now: 1)
    func invite(_ name: String, _ byte: UInt8) throws -> InviteCode {
      try accounts.invite(
        name, to: workspace, secret: [UInt8](repeating: byte, count: 32), expires: 100, now: 1)
    }
    let code = try invite("ann", 3)
    #expect(try InviteCode(text: code.text) == code)
    func join(_ author: UInt64, _ code: InviteCode, now: Int) throws -> JoinResponse {
      let key = try Author(author).key
      let request = try JoinRequest(
        code, deviceName: "laptop", key: key, now: UInt64(now) * 1000)
      let token = try #require(Token(bytes: [UInt8](repeating: UInt8(author), count: 32)))
      return try accounts.join(request, to: workspace, token: token, now: now)
    }
    let first = try Author(1).key.publicKey.deviceID
    #expect(throws: StoreError.inviteExpired) { try join(1, code, now: 101) }
    let unknown = code.with(secret: [UInt8](repeating: 9, count: 32))
    #expect(throws: StoreError.inviteUnknown) { try join(1, unknown, now: 1) }
    #expect(try join(1, code, now: 100).device == first)
    #expect(throws: StoreError.inviteUsed) { try join(2, code, now: 100) }
    #expect(try accounts.devices(of: workspace).map(\.id) == [first])
    // A device that lost its token comes back under its name; under another member it does not.
    #expect(try join(1, invite("ann", 4), now: 50).device == first)
    try accounts.addMember("bob", role: .editor, to: workspace, now: 1)
    let third = try invite("bob", 5)
    #expect(throws: StoreError.keyTaken) { try join(1, third, now: 50) }
    // A refused join does not use the invite up.
    #expect(try join(2, third, now: 50).member == "bob")
    // A clock that is set back by the one who joins does not make an invite last longer.
    let fourth = try invite("bob", 6)
    let late = try JoinRequest(fourth, deviceName: "laptop", key: Author(3).key, now: 1000)
    let token = try #require(Token(bytes: [UInt8](repeating: 8, count: 32)))
    #expect(throws: StoreError.inviteExpired) {
      try accounts.join(late, to: workspace, token: token, now: 200)
    }
  }

  @Test("A check finds every kind of damage, and where", .onFiles)
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

  @Test("Every table of workspaces in the files has them first in its key", .onFiles)
  func keys() throws {
    let logs = try StoredLogs()
    var others: [String] = []
    for file in ["log.db", "accounts.db"] {
      let tables = try Connection(path: logs.folder.path + "/" + file).all(
        """
        SELECT name, (SELECT name FROM pragma_table_info(file.name) WHERE pk = 1),
          EXISTS (SELECT 1 FROM pragma_table_info(file.name) WHERE name = 'workspace')
        FROM sqlite_schema AS file WHERE type = 'table' AND name NOT LIKE 'sqlite!_%' ESCAPE '!' ORDER BY name
        """
      ) { (name: $0.text(0), key: $0.text(1), hasWorkspace: $0.bool(2)) }
      #expect(tables.count > 4)
      for table in tables where table.hasWorkspace {
        #expect(table.key == "workspace", "\(table.name)")
      }
      others += tables.filter { !$0.hasWorkspace }.map(\.name)
    }
    #expect(others.sorted() == ["schema_version", "schema_version", "server", "workspace"])
  }
}
