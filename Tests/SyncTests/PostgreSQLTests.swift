#if PostgreSQL
  import ChangeLog
  import Glibc
  import PostgreSQL
  import Synchronization
  import Testing

  @testable import LogStore

  @Suite("A server over PostgreSQL", .onDatabase)
  struct PostgreSQLTests {
    /// What one device of several nodes does, told apart from the node it speaks to.
    private struct Line: Sendable {
      let ports: [UInt16]
      let path: String
      let token: Token

      func sync(_ request: SyncRequest, _ number: Int) throws -> SyncResponse {
        let body = request.encoded
        let head =
          "POST \(path) HTTP/1.1\r\nHost: l\r\nConnection: close\r\nAuthorization: Bearer \(token.text)\r\n"
          + "Content-Type: \(WireFormat.contentType)\r\nContent-Length: \(body.count)\r\n\r\n"
        let answer = try HTTPAnswer(
          reading: RawConnection.exchange(
            Array(head.utf8) + body, port: ports[number % ports.count]))
        try #require(answer.status == 200, "\(answer.text)")
        return try SyncResponse(decoding: answer.body)
      }

      /// Pushes one after another, each time to another node, and reads on where it stood.
      ///
      /// - Returns: the log as it was handed out, page by page.
      func push(_ count: Int, by author: Author) throws -> [ChangesetID] {
        var (author, cursor, seen) = (author, Cursor.start, [ChangesetID]())
        for number in 0..<count {
          let changeset = try author.write()
          let request = SyncRequest(
            workspace: author.workspace, cursor: cursor, own: author.head, wantsOwnBytes: true,
            changesets: [changeset.bytes])
          let response = try sync(request, number)
          guard case .entries(let entries, let end) = response.page else {
            Issue.record("what was read before is not there any more: \(response.page)")
            return seen
          }
          for entry in entries {
            switch entry {
            case .pushed: seen.append(changeset.id)
            case .changeset(let bytes): seen.append(Digest(of: bytes))
            case .known(let id): seen.append(id)
            }
          }
          #expect(end.position == seen.count)
          cursor = end
        }
        return seen
      }
    }

    @Test("Two nodes give one log without gaps, and nobody reads past what is on its way")
    func twoNodes() async throws {
      let one = try ServerUnderTest()
      let two = try ServerUnderTest(servingFrom: one.data, invite: one.firstInvite)
      try one.admin("user", "add", "bob")
      let ann = try one.join(one.firstInvite, as: Author(1))
      let bob = try two.join(one.invite("bob"), as: Author(2))
      let path = one.syncPath(ann.workspace)
      let lines = [
        (Line(ports: [one.port, two.port], path: path, token: ann.joined.token), ann.author),
        (Line(ports: [two.port, one.port], path: path, token: bob.joined.token), bob.author),
      ]
      let seen = try await withThrowingTaskGroup(of: [ChangesetID].self) { group in
        for (line, author) in lines { group.addTask { try line.push(60, by: author) } }
        return try await group.reduce(into: []) { $0.append($1) }
      }
      let log = try StoredLogs.log(of: ann.workspace, in: one.data)
      #expect(log.count == 120)
      #expect(Set(log).count == 120)
      for part in seen { #expect(part == Array(log.prefix(part.count))) }
    }

    @Test("A position is not given again, nor read past, while the one before is not committed")
    func commitOrder() throws {
      let logs = try StoredLogs()
      let first = try logs.database().log(of: LogBody.workspace, newID: LogBody.id)
      let second = try logs.database().log(of: LogBody.workspace, newID: LogBody.id)
      let reader = try logs.database().log(of: LogBody.workspace, newID: LogBody.id)
      var (ann, bob) = (try Author(1), try Author(2))
      let mine = try ann.write()
      try first.transaction {
        try first.append(mine, from: "v-1")
        #expect(try reader.head().position == 0)
        #expect(try reader.entries(after: 0, limit: 1 << 20).isEmpty)
        // Nobody else gets a position meanwhile: they wait, and in the end are told to come again.
        #expect(throws: (any Error).self) { try second.append(bob.write(), from: "v-2") }
        #expect(try reader.head().position == 0)
      }
      #expect(try reader.entries(after: 0, limit: 1 << 20).map(\.id) == [mine.id])
      var other = try Author(3)
      #expect(try second.exchange([other.write()]).verdicts == [.accepted(position: 2)])
    }

    @Test("What waits at one node hears of what another node took")
    func news() throws {
      let one = try ServerUnderTest()
      let two = try ServerUnderTest(servingFrom: one.data, invite: one.firstInvite)
      var ann = try one.join(one.firstInvite, as: Author(1))
      let answers = try (1...3).map { position in
        let heard = try Waiting(two, two.watchPath(ann.workspace, after: position - 1), ann)
        _ = try ann.sync([try ann.author.write("news")])
        return heard.answer()
      }
      #expect(answers.last == "3\n200", "\(answers)")
    }

    @Test("Another workspace's rows are not there, whatever a query forgets")
    func rowSecurity() throws {
      let database = try #require(try TestDatabase.fresh())
      let server = try ServerUnderTest(database: database)
      var ann = try server.join(server.firstInvite, as: Author(1))
      _ = try ann.sync([try ann.author.write("secret")])
      let connection = try Connection(database)
      func count(_ table: String, in workspace: String?) throws -> Int {
        var count = 0
        let scope = workspace.map { "; SELECT set_config('dossier.workspace', '\($0)', true)" }
        try connection.transaction("BEGIN" + (scope ?? "")) {
          try connection.forEach("SELECT count(*) FROM \(table)", []) { count = $0.int(0) }
        }
        return count
      }
      let other = "\(WorkspaceID(high: 9, low: 9))"
      for table in ["changeset", "membership", "writer", "contact"] {
        #expect(try count(table, in: nil) == 0)
        #expect(try count(table, in: other) == 0)
        #expect(try count(table, in: "\(ann.workspace)") > 0, "\(table)")
      }
      #expect(throws: PostgreSQLError.self) {
        try connection.transaction(
          "BEGIN; SELECT set_config('dossier.workspace', '\(other)', true)"
        ) {
          try connection.execute(
            "INSERT INTO contact VALUES ('\\x\(ann.workspace)', 'v-1', 1, 1)")
        }
      }
    }

    @Test("A database that would not keep what was acknowledged is not served from")
    func notDurable() throws {
      let info = try #require(try TestDatabase.fresh()).dropLast() + " -c synchronous_commit=off'"
      let folder = try TemporaryFolder()
      let made = try ServerProgram.run(["init", folder.path + "/data", "--database", String(info)])
      #expect(made.status == 74)
      #expect(made.err.contains("does not promise that a commit is on the disk"))
    }

    @Test("A database that is not there, or an empty one, is told apart", arguments: [true, false])
    func missing(isThere: Bool) throws {
      let folder = try TemporaryFolder()
      let info = try isThere ? #require(try TestDatabase.fresh()) : "host=/nowhere dbname=x"
      try TemporaryFolder.write(TestDatabase.configuration(info), to: folder.path + "/config.yaml")
      let served = try ServerProgram.run(["serve", "--data", folder.path])
      #expect(served.status == (isThere ? 78 : 69), "\(served.err)")
      #expect(served.err.contains(isThere ? "no server in the database" : "is the database"))
    }

    @Test("Looking at an empty database leaves it empty; what fails leaves no folder")
    func nothingIsLeft() throws {
      let folder = try TemporaryFolder()
      let info = try #require(try TestDatabase.fresh())
      try TemporaryFolder.write(TestDatabase.configuration(info), to: folder.path + "/config.yaml")
      for command in ["stats", "check", "serve"] {
        let looked = try ServerProgram.run([command, "--data", folder.path])
        #expect(looked.status == 78, "\(command): \(looked.err)")
      }
      var tables = 0
      try Connection(info).forEach(
        "SELECT count(*) FROM pg_tables WHERE schemaname = current_schema()", []
      ) { tables = $0.int(0) }
      #expect(tables == 0)
      for database in ["host=/nowhere dbname=x", info] {
        let data = folder.path + "/data"
        let made = try ServerProgram.run(["init", data, "--database", database])
        #expect(made.status == (database == info ? 0 : 69), "\(made.err)")
        #expect((access(data, F_OK) == 0) == (database == info))
      }
      // One that has a server already is left alone, and so is the folder.
      let again = try ServerProgram.run(["init", folder.path + "/2", "--database", info])
      #expect(again.status == 73 && access(folder.path + "/2", F_OK) != 0, "\(again.err)")
    }

    @Test("Two nodes that tell at the same time both hear")
    func newsAtOnce() throws {
      let database = try #require(try TestDatabase.fresh())
      let folder = DataFolder(path: "/nowhere", database: database)
      // The other servers of the same database speak on the same channel.
      let workspace = WorkspaceID(high: .random(in: 0 ... .max), low: 1)
      let heard = [Ears(), Ears()]
      let news = try heard.map { ears in
        try #require(
          try News(in: folder) { if $0 == workspace { ears.count.withLock { $0 += 1 } } })
      }
      for round in 1...100 {
        for one in news { one.tell(workspace) }
        // Less than they would wait for the next sign of life.
        for _ in 0..<1000 where heard.contains(where: { $0.value < round }) { usleep(5000) }
        #expect(heard.map(\.value) == [round, round])
      }
    }

    @Test(
      "What cannot be read of how to reach the database is not repeated: a password may stand in it",
      arguments: ["postgresql://u:secret@[::1/db", "host=a password=not secret"])
    func unreadable(info: String) throws {
      let folder = try TemporaryFolder()
      try TemporaryFolder.write(TestDatabase.configuration(info), to: folder.path + "/config.yaml")
      let served = try ServerProgram.run(["serve", "--data", folder.path])
      #expect(served.status == 74 && served.err.contains("libpq cannot read"), "\(served.err)")
      #expect(!served.err.contains("secret"))
    }

    @Test("A password on the command line is refused")
    func password() throws {
      for info in ["host=a password=b", "postgresql://u:p@host/db"] {
        let made = try ServerProgram.run(["init", "/nowhere", "--database", info])
        #expect(made.status == 64 && made.err.contains(".pgpass"))
      }
    }
  }

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
  }

  extension ServerProgram {
    fileprivate static func expect(_ arguments: String...) throws {
      let result = try run(arguments)
      #expect(result.status == 0, "\(arguments): \(result.err)")
    }
  }

  /// How often something was heard.
  private final class Ears: Sendable {
    let count = Mutex(0)
    var value: Int { count.withLock { $0 } }
  }

  extension StoredLogs {
    /// The names of a workspace's log, in order, as the database has them.
    static func log(of workspace: WorkspaceID, in data: String) throws -> [ChangesetID] {
      let line = try #require(
        ServerProgram.read(data + "/config.yaml").split(separator: "\n").first {
          $0.hasPrefix("database: ")
        })
      let info = line.dropFirst("database: \"".count).dropLast()
      let folder = DataFolder(path: data, database: String(info))
      let log = try LogDatabase(in: folder).log(of: workspace, newID: LogBody.id)
      return try log.entries(after: 0, limit: .max / 2).map(\.id)
    }
  }
#endif
