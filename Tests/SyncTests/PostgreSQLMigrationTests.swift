#if PostgreSQL
  import ChangeLog
  import Glibc
  import ReplicaStore
  import Testing

  @Suite("A server that moves", .onDatabase)
  struct MigrationTests {
    @Test("From files into a database and back, devices notice nothing")
    func thereAndBack() throws {
      let folder = try TemporaryFolder()
      let files = folder.path + "/files"
      let made = try ServerProgram.run(["init", files, "--workspace", "team", "--user", "ann"])
      let invite = try InviteCode(text: made.out)
      let server = try ServerUnderTest(servingFrom: files, invite: invite)
      var ann = try server.join(invite, as: Author(1))
      let before = try ann.sync(ann.author.write(count: 5))
      let database = try #require(try TestDatabase.fresh())
      let inDatabase = folder.path + "/database"
      let served = try ServerProgram.run(
        ["migrate", inDatabase, "--database", database, "--data", files])
      #expect(served.status == 75, "\(served.err)")
      #expect(server.stop() == 0)
      try ServerProgram.expect("migrate", inDatabase + "2", "--database", database, "--data", files)

      let moved = try ServerUnderTest(servingFrom: inDatabase + "2", invite: invite)
      ann.server = moved
      let added = try ann.author.write()
      let request = ann.request([added], cursor: before.head)
      let response = try SyncResponse(decoding: ann.post(request).body)
      #expect(response.verdicts == [.accepted(position: 6)])
      #expect(response.head.log == before.head.log)
      try moved.admin("user", "add", "bob")
      let servedThere = try ServerProgram.run(
        ["migrate", folder.path + "/back", "--data", inDatabase + "2"])
      #expect(servedThere.status == 75, "\(servedThere.err)")
      #expect(moved.stop() == 0)
      // A database that holds a server already is left alone, whatever is wrong besides.
      try ServerProgram.expect("backup", folder.path + "/backup", "--data", files)
      unlink(files + "/administrator.key")
      let broken = try ServerProgram.run(
        ["migrate", folder.path + "/broken", "--database", database, "--data", files])
      #expect(broken.status != 0)
      try ServerProgram.expect("check", "--data", inDatabase + "2")
      let again = try ServerProgram.run(
        ["migrate", folder.path + "/third", "--database", database, "--data", files])
      #expect(again.status == 73, "\(again.err)")

      let back = folder.path + "/back"
      try ServerProgram.expect("migrate", back, "--data", inDatabase + "2")
      try ServerProgram.expect("check", "--data", back)
      ann.server = try ServerUnderTest(servingFrom: back, invite: invite)
      let last = try SyncResponse(decoding: ann.post(ann.request(cursor: response.head)).body)
      #expect(last.head == response.head)
      let bob = try ann.server.join(ann.server.invite("bob"), as: Author(2))
      #expect(try bob.sync().head == response.head)
    }

    /// What an operator can see of a server that is stopped.
    private func shown(_ data: String) throws -> [String] {
      try [["stats", "--json"], ["workspace", "list"], ["user", "list", "--workspace", "team"]].map
      {
        let result = try ServerProgram.run($0 + ["--data", data])
        #expect(result.status == 0, "\(result.err)")
        return result.out
      }
    }

    /// All rows of all tables of a server over files.
    private func rows(_ data: String) throws -> [Substring] {
      let folder = try TemporaryFolder()
      for file in ["log.db", "accounts.db"] {
        let child = try Child(
          "/usr/bin/sqlite3", [data + "/" + file, ".dump"], out: folder.path + "/out",
          err: folder.path + "/err")
        #expect(child.wait() == 0)
      }
      return ServerProgram.read(folder.path + "/out").split(separator: "\n").sorted()
    }

    /// Somebody of a workspace, and how far he has read it.
    private struct Reader {
      var device: TestDevice
      var cursor: Cursor
      private let members: Membership.Head

      init(_ device: TestDevice, writing changesets: [Changeset]) throws {
        self.device = device
        cursor = try device.sync(changesets).head
        members = try device.membership().head
      }

      /// Goes on where it stood, at another server: the log is the one it was, and so are its members.
      mutating func goOn(at server: ServerUnderTest) throws {
        device.server = server
        #expect(try device.membership().head == members)
        let more = try device.author.write("more")
        let response = try SyncResponse(
          decoding: device.post(device.request([more], cursor: cursor)).body)
        #expect(response.verdicts == [.accepted(position: cursor.position + 1)])
        #expect(response.head == cursor.advanced(over: more.id))
        cursor = response.head
      }
    }

    @Test("Several workspaces move whole: an encrypted one, a compacted log, a proof, a snapshot")
    func severalWorkspaces() async throws {
      let folder = try TemporaryFolder()
      let (files, database) = (folder.path + "/files", try #require(try TestDatabase.fresh()))
      let made = try ServerProgram.run(["init", files, "--workspace", "team", "--user", "ann"])
      var server = try ServerUnderTest(servingFrom: files, invite: InviteCode(text: made.out))
      let ann = try DeviceReplica(server.join(server.firstInvite, as: Author(1)))
      for number in 1...3 as ClosedRange<UInt64> { try ann.write(number, "note \(number)") }
      #expect(try await ann.sync(snapshotDistance: 1).isSnapshotTaken)
      let code = try InviteCode(
        text: server.admin("workspace", "add", "sealed", "--encrypted-by", "eve").out)
      let sealed = try EncryptedWorkspace(on: server, founding: code, as: Author(2))
      try sealed.say(.member(name: "dan", role: .editor, heads: []))
      var dan = try sealed.join("dan", as: Author(3))
      let written = try dan.author.write(count: 3)
      var readers = [try Reader(dan, writing: written)]
      try server.admin("workspace", "add", "waiting", "--encrypted-by", "cleo")
      try server.admin("workspace", "add", "other")
      try server.admin("user", "add", "cleo", "--workspace", "other")
      var cleo = try server.join(server.invite("cleo", to: "other"), as: Author(4))
      var copy = cleo
      let two = try cleo.author.write(count: 2)
      readers.append(try Reader(cleo, writing: two))
      let another = try copy.author.write("another")
      #expect(try copy.sync([another]).verdicts == [.refused(.forked)])
      #expect(server.stop() == 0)
      try ServerProgram.expect("compact", "--data", files)
      let (before, held) = (try shown(files), try rows(files))

      let moved = folder.path + "/moved"
      try ServerProgram.expect("migrate", moved, "--database", database, "--data", files)
      try ServerProgram.expect("check", "--data", moved)
      #expect(try shown(moved) == before)
      let again = folder.path + "/again"
      try ServerProgram.expect("migrate", again, "--data", moved)
      #expect(try rows(again) == held)

      server = try ServerUnderTest(servingFrom: moved, invite: server.firstInvite)
      try await goOn(ann, &readers, at: server, count: 4)
      #expect(server.stop() == 0)
      let (later, back) = (try shown(moved), folder.path + "/back")
      try ServerProgram.expect("migrate", back, "--data", moved)
      try ServerProgram.expect("check", "--data", back)
      #expect(try shown(back) == later)
      server = try ServerUnderTest(servingFrom: back, invite: server.firstInvite)
      try await goOn(ann, &readers, at: server, count: 5)
      // Who comes late begins with the snapshot.
      try server.admin("user", "add", "bob", "--workspace", "team")
      let bob = try DeviceReplica(server.join(server.invite("bob"), as: Author(5)))
      try await bob.sync()
      #expect(try bob.texts() == ann.texts())
    }

    private func goOn(
      _ replica: DeviceReplica, _ readers: inout [Reader], at server: ServerUnderTest, count: UInt64
    ) async throws {
      let former = try replica.replica.identity().cursor
      try replica.write(count, "note \(count)")
      let report = try await replica.sync(through: server.port)
      #expect(report.sent == 1 && !report.isRenamed && !report.hasChangedItsPast)
      #expect(try replica.replica.identity().cursor.log == former.log)
      for index in readers.indices { try readers[index].goOn(at: server) }
    }
  }

  extension ServerProgram {
    fileprivate static func expect(_ arguments: String...) throws {
      let result = try run(arguments)
      #expect(result.status == 0, "\(arguments): \(result.err)")
    }
  }
#endif
