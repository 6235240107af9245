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
      for table in try Table.all(in: connection) where table.isWalled {
        #expect(try count(table.name, in: nil) == 0, "\(table)")
        #expect(try count(table.name, in: other) == 0, "\(table)")
      }
      for table in ["changeset", "membership", "writer", "contact"] {
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

    /// A table as the catalogue has it.
    private struct Table {
      let name: String
      /// The first column of its key.
      let key: String
      let hasWorkspace: Bool
      /// Row security holds for its owner too, by one rule for reading and writing.
      let isWalled: Bool

      static func all(in connection: Connection) throws -> [Table] {
        var tables: [Table] = []
        try connection.forEach(
          """
          SELECT relname::text,
            (SELECT attname::text FROM pg_index JOIN pg_attribute ON attrelid = indrelid AND attnum = indkey[0]
             WHERE indrelid = c.oid AND indisprimary),
            (SELECT count(*) FROM pg_attribute WHERE attrelid = c.oid AND attname = 'workspace'),
            (relrowsecurity AND relforcerowsecurity AND (
              SELECT string_agg(concat(polcmd, polpermissive, pg_get_expr(polqual, polrelid), polwithcheck), ';')
              FROM pg_policy WHERE polrelid = c.oid) = '*t(workspace = dossier_workspace())')::int::bigint
          FROM pg_class AS c
          WHERE relkind IN ('r', 'p') AND relnamespace = current_schema()::regnamespace ORDER BY relname
          """, []
        ) {
          tables.append(
            Table(
              name: $0.text(0), key: $0.text(1), hasWorkspace: $0.int(2) == 1,
              isWalled: $0.int(3) == 1))
        }
        return tables
      }
    }

    @Test("Every table of workspaces is behind the wall, but two, and its key begins with them")
    func catalogue() throws {
      let database = try #require(try TestDatabase.fresh())
      _ = try ServerUnderTest(database: database)
      let tables = try Table.all(in: Connection(database))
      #expect(tables.count > 12)
      // Whoever shows a token says by it where he belongs; a log's row is what its writers hold.
      let open = tables.filter { $0.hasWorkspace && !$0.isWalled }.map(\.name)
      #expect(open == ["log", "token"])
      // Nothing that a team wrote.
      #expect(
        tables.filter { !$0.hasWorkspace }.map(\.name) == ["schema_version", "server", "workspace"])
      for table in tables where table.hasWorkspace {
        #expect(table.key == "workspace", "\(table)")
      }
    }

    @Test("A database that would not keep what was acknowledged is not served from")
    func notDurable() throws {
      let good = try #require(try TestDatabase.fresh())
      let info = good.dropLast() + " -c synchronous_commit=off'"
      let folder = try TemporaryFolder()
      let data = folder.path + "/data"
      func expectRefusal(_ arguments: [String]) throws {
        let result = try ServerProgram.run(arguments)
        #expect(result.status == 74, "\(arguments)")
        #expect(result.err.contains("does not promise that a commit is on the disk"))
      }
      try expectRefusal(["init", data, "--database", String(info)])
      let made = try ServerProgram.run(["init", data, "--database", good])
      #expect(made.status == 0, "\(made.err)")
      try TemporaryFolder.write(
        TestDatabase.configuration(String(info)), to: data + "/config.yaml")
      try expectRefusal(["serve", "--data", data])
    }

    /// As strict as a database can be told to be: then it says of its own that two were in each other's way.
    @Test("A transaction that the database could not bring into an order is tried again")
    func notSerializable() throws {
      let info = try #require(try TestDatabase.fresh())
      let server = try ServerUnderTest(
        database: info.dropLast() + " -c default_transaction_isolation=serializable'")
      var ann = try server.join(server.firstInvite, as: Author(1))
      _ = try ann.sync([try ann.author.write()])
      let other = try Connection(info)
      try other.execute("BEGIN; UPDATE log SET bytes = bytes")
      let asked = try RawConnection.open(
        ann.bytes(of: ann.request([try ann.author.write()])), port: server.port)
      defer { close(asked) }
      try other.waitForSomebodyBehind()
      try other.execute("COMMIT")
      let answer = try HTTPAnswer(reading: RawConnection.readAll(asked))
      try #require(answer.status == 200, "\(answer.text)")
      #expect(try SyncResponse(decoding: answer.body).verdicts == [.accepted(position: 2)])
      #expect(try StoredLogs.log(of: ann.workspace, in: server.data).count == 2)
      try server.admin("check")
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

  extension Connection {
    /// Until somebody waits for what this one holds.
    func waitForSomebodyBehind() throws {
      var count = 0
      for _ in 0..<3000 where count == 0 {
        try forEach(
          """
          SELECT count(*) FROM pg_stat_activity WHERE pg_backend_pid() = ANY (pg_blocking_pids(pid))
          """, []
        ) { count = $0.int(0) }
        usleep(5000)
      }
      #expect(count == 1)
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
