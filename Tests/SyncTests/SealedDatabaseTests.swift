#if PostgreSQL
  import ChangeLog
  import Glibc
  import PostgreSQL
  import Testing

  /// What lies in a database of a workspace whose server cannot read it.
  @Suite("A database of sealed words", .onDatabase)
  struct SealedDatabaseTests {
    /// The same is looked for where nothing is sealed, so that the search can fail.
    @Test("No dump and no file of the database holds a word that was sealed")
    func canary() throws {
      let cluster = try PostgreSQLCluster()
      for isEncrypted in [true, false] {
        let (schema, canary) = isEncrypted ? ("sealed", "CANARY-sealed") : ("plain", "CANARY-plain")
        let database = "\(cluster.info) options='-c search_path=\(schema)'"
        try Connection(cluster.info).execute("CREATE SCHEMA \(schema)")
        let server = try ServerUnderTest(database: database, isEncrypted: isEncrypted)
        var device: TestDevice
        if isEncrypted {
          let workspace = try EncryptedWorkspace(
            on: server, founding: server.firstInvite, as: Author(1))
          device = workspace.owner
          device.author.seal = workspace.newestSeal
        } else {
          device = try server.join(server.firstInvite, as: Author(1))
        }
        let written = try device.author.write(canary)
        #expect(try device.sync([written]).verdicts == [.accepted(position: 1)])
        let dump = try cluster.dump(schema: schema)
        #expect(dump.contains(Hexadecimal.encode(written.id.bytes)))
        let isThere = dump.contains(canary) || dump.contains(Hexadecimal.encode(Array(canary.utf8)))
        #expect(isThere == !isEncrypted, "\(schema)")
        #expect(try (cluster.files(holding: canary) > 0) == !isEncrypted, "\(schema)")
      }
    }
  }
#endif
