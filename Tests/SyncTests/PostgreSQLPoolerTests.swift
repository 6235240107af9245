#if PostgreSQL
  import ChangeLog
  import Glibc
  import Testing

  /// A real PgBouncer: `DOSSIER_PGBOUNCER` names the program.
  private let pooler = getenv("DOSSIER_PGBOUNCER").map { String(cString: $0) }

  @Suite("A pooler before the database", .onDatabase, .enabled(if: pooler != nil), .serialized)
  struct PostgreSQLPoolerTests {
    @Test(
      "Nothing is served through one that shares sessions", arguments: ["transaction", "statement"])
    func shared(mode: String) throws {
      let cluster = try PostgreSQLCluster()
      let made = try ServerUnderTest(database: cluster.info)
      var ann = try made.join(made.firstInvite, as: Author(1))
      let info = try cluster.addPooler(#require(pooler), mode: mode)
      let folder = try TemporaryFolder()
      let data = folder.path + "/data"
      let begun = try ServerProgram.run(["init", data, "--database", info])
      #expect(begun.status == 78, "\(begun.err)")
      #expect(begun.err.contains("a pooler gives each transaction another session"))
      // While others work through it, too.
      try TemporaryFolder.write(TestDatabase.configuration(info), to: made.data + "/config.yaml")
      for _ in 0..<5 {
        _ = try ann.sync([try ann.author.write()])
        let served = try ServerProgram.run(
          ["serve", "--data", made.data, "--listen", "127.0.0.1:0"])
        #expect(served.status == 78, "\(served.err)")
        #expect(served.err.contains("pool_mode = session"))
      }
    }

    @Test("Through one that keeps sessions nodes work as without, and hear of each other's news")
    func kept() throws {
      let cluster = try PostgreSQLCluster()
      let info = try cluster.addPooler(#require(pooler), mode: "session")
      let one = try ServerUnderTest(database: info)
      let two = try ServerUnderTest(servingFrom: one.data, invite: one.firstInvite)
      var ann = try one.join(one.firstInvite, as: Author(1))
      for position in 1...20 {
        #expect(
          try ann.sync([try ann.author.write()]).verdicts == [.accepted(position: position)])
        ann.server = ann.server === one ? two : one
      }
      let waiting = try Waiting(two, two.watchPath(ann.workspace, after: 20), ann)
      ann.server = one
      _ = try ann.sync([try ann.author.write()])
      let heard = waiting.answer()
      #expect(heard == "21\n200", "\(heard)")
      // What a node held it gives back.
      #expect(one.stop() == 0 && two.stop() == 0)
      try one.start()
      #expect(try ann.sync([try ann.author.write()]).verdicts == [.accepted(position: 22)])
      try one.admin("check")
    }
  }
#endif
