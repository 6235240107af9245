#if PostgreSQL
  import ChangeLog
  import Glibc
  import PostgreSQL
  import ReplicaStore
  import Testing

  @testable import LogStore

  /// Each with a database of its own, which is killed on the way.
  @Suite("A database that fails under a server", .onDatabase, .serialized)
  struct PostgreSQLFaultTests {
    /// How often a node is killed, or the database restarted: `RESTARTS`.
    private static let rounds = getenv("RESTARTS").flatMap { Int(String(cString: $0)) } ?? 4

    /// A device that pushes all the time, to whichever node answers.
    private struct Pusher {
      var device: TestDevice
      let nodes: [ServerUnderTest]
      private(set) var acknowledged: [ChangesetID: Int] = [:]
      private(set) var failures = 0
      private var waiting: [Changeset] = []

      init(_ device: TestDevice, _ nodes: [ServerUnderTest]) {
        self.device = device
        self.nodes = nodes
      }

      mutating func push() throws {
        if waiting.isEmpty { waiting = try device.author.write(count: 3, size: 500) }
        guard let response = answer() else {
          failures += 1
          let place = nodes.firstIndex { $0 === device.server } ?? 0
          device.server = nodes[(place + 1) % nodes.count]
          usleep(20_000)
          return
        }
        for (changeset, verdict) in zip(waiting, response.verdicts) {
          guard case .accepted(let position) = verdict else {
            Issue.record("\(verdict)")
            continue
          }
          acknowledged[changeset.id] = position
        }
        waiting = []
      }

      /// nil when the node is gone, or cannot work now.
      private func answer() -> SyncResponse? {
        guard let answer = try? device.post(device.request(waiting)), answer.status != 503 else {
          return nil
        }
        #expect(answer.status == 200, "\(answer.text)")
        return try? SyncResponse(decoding: answer.body)
      }

      /// Until at least so many more were taken.
      mutating func push(_ count: Int) throws {
        let goal = acknowledged.count + count
        for _ in 0..<5000 where acknowledged.count < goal { try push() }
        #expect(acknowledged.count >= goal, "nothing is taken any more")
      }

      /// All that was acknowledged stands where it was said to stand, once.
      func check() throws {
        let log = try StoredLogs.log(of: device.workspace, in: device.server.data)
        #expect(Set(log).count == log.count)
        for (id, position) in acknowledged { #expect(log[position - 1] == id) }
        try device.server.admin("check")
      }
    }

    private func pusher(_ cluster: PostgreSQLCluster, nodes count: Int) throws -> Pusher {
      let first = try ServerUnderTest(database: cluster.info)
      let others = try (1..<count).map { _ in
        try ServerUnderTest(servingFrom: first.data, invite: first.firstInvite)
      }
      return Pusher(try first.join(first.firstInvite, as: Author(1)), [first] + others)
    }

    @Test("A node that is killed under load loses nothing, and another one goes on")
    func killedNode() throws {
      let cluster = try PostgreSQLCluster()
      var pusher = try pusher(cluster, nodes: 2)
      for round in 0..<Self.rounds {
        let killed = pusher.nodes[round % 2]
        pusher.device.server = killed
        let killer = try killed.kill(afterMicroseconds: UInt32(50_000 + round % 12 * 31_000))
        try pusher.push(30)
        killer.wait()
        #expect(killed.stop() == -SIGKILL)
        try pusher.push(6)
        try killed.start()
      }
      #expect(pusher.failures > 0)
      try pusher.check()
    }

    @Test("A database that is restarted without a word loses nothing, and the server goes on")
    func restarted() throws {
      let cluster = try PostgreSQLCluster()
      var pusher = try pusher(cluster, nodes: 1)
      for round in 0..<Self.rounds {
        let restart = try cluster.restart(afterMicroseconds: UInt32(40_000 + round % 12 * 29_000))
        try pusher.push(60)
        #expect(restart.wait() == 0)
        try pusher.push(6)
      }
      try pusher.check()
      #expect(pusher.nodes[0].stop() == 0)
    }

    @Test("Nobody hears of a database that was restarted between two requests")
    func restartedBetween() throws {
      let cluster = try PostgreSQLCluster()
      let server = try ServerUnderTest(database: cluster.info)
      var ann = try server.join(server.firstInvite, as: Author(1))
      _ = try ann.sync([try ann.author.write()])
      try cluster.stop(5432)
      try cluster.start(5432)
      #expect(try ann.sync([try ann.author.write()]).verdicts == [.accepted(position: 2)])
    }

    @Test("When a standby takes over, nothing acknowledged is lost, and the server finds it")
    func failover() throws {
      let cluster = try PostgreSQLCluster()
      var pusher = try pusher(cluster, nodes: 1)
      try pusher.push(6)
      try cluster.addStandby()
      try pusher.push(30)
      try cluster.stop(5432)
      try cluster.promoteStandby()
      try pusher.push(30)
      try pusher.check()
    }

    /// What no server can hold: its commits did not wait for the standby.
    @Test("What a standby that takes over had not got yet the devices bring back")
    func lossyFailover() async throws {
      let cluster = try PostgreSQLCluster()
      let server = try ServerUnderTest(database: cluster.info)
      for name in ["bob", "cleo"] { try server.admin("user", "add", name) }
      let ann = try DeviceReplica(server.join(server.firstInvite, as: Author(1)))
      let bob = try DeviceReplica(server.join(server.invite("bob"), as: Author(2)))
      let cleo = try DeviceReplica(server.join(server.invite("cleo"), as: Author(3)))
      try ann.write(1, "both have it")
      for one in [ann, bob, cleo] { try await one.sync() }
      try cluster.addStandby(isAwaited: false)
      try cluster.stop(5433)
      // Acknowledged, and read by Bob.
      for number in 2...4 as ClosedRange<UInt64> { try ann.write(number, "lost") }
      #expect(try await ann.sync().sent == 3)
      #expect(try await bob.sync().received == 3)
      try cluster.stop(5432)
      try cluster.start(5433)
      try cluster.promoteStandby()
      // Cleo, who knows nothing of it, writes where they stood.
      try cleo.write(5, "new")
      #expect(try await cleo.sync().sent == 1)
      let noticed = try await ann.sync()
      #expect(noticed.hasChangedItsPast && !noticed.isRenamed && noticed.givenBack == 3)
      try server.admin("renew")
      let told = try await bob.sync()
      #expect(told.isRenamed && !told.hasChangedItsPast)
      for one in [cleo, ann, bob, cleo] { try await one.sync() }
      for one in [ann, bob, cleo] {
        #expect(try one.texts() == ["both have it", "lost", "lost", "lost", "new"])
        #expect(try one.replica.identity().cursor == ann.replica.identity().cursor)
        #expect(try one.replica.unsentCount() == 0 && one.replica.quarantined().isEmpty)
        try one.replica.checkLog()
      }
      #expect(try StoredLogs.log(of: ann.device.workspace, in: server.data).count == 5)
      try server.admin("check")
    }

    @Test(
      "A database whose disk is full takes nothing by halves, goes on giving, and takes again when there is room",
      .enabled(if: getuid() == 0, "only root may mount"))
    func full() throws {
      let cluster = try PostgreSQLCluster()
      let disk = try cluster.useSmallDisk(of: 64 << 20)
      let server = try ServerUnderTest(database: cluster.info)
      try server.admin("user", "add", "bob")
      var ann = try server.join(server.firstInvite, as: Author(1))
      let bob = try server.join(server.invite("bob"), as: Author(2))
      let first = try ann.author.write("small")
      _ = try ann.sync([first])
      var acknowledged = [first.id]
      var statuses: Set<Int> = []
      for free in [0, 4, 16, 64, 256, 1024] {
        let filler = try Filler(disk, leaving: free << 10)
        var waiting: [Changeset] = []
        for size in [10, 30_000, 300_000, 1_000_000] {
          if waiting.isEmpty { waiting = try ann.author.write(count: 2, size: size) }
          let answer = try ann.post(ann.request(waiting))
          statuses.insert(answer.status)
          if answer.status == 200 {
            acknowledged += waiting.map(\.id)
            waiting = []
          } else {
            #expect(answer.status == 507 && answer.headers["retry-after"] != nil, "\(answer.text)")
          }
          #expect(try bob.sync().head.position == acknowledged.count)
        }
        filler.remove()
        guard !waiting.isEmpty else { continue }
        #expect(try ann.post(ann.request(waiting)).status == 200)
        acknowledged += waiting.map(\.id)
      }
      #expect(statuses == [200, 507])
      #expect(try StoredLogs.log(of: ann.workspace, in: server.data) == acknowledged)
      try server.admin("check")
    }

    @Test("Whoever was in another one's way is tried again, and is there once")
    func deadlock() throws {
      let cluster = try PostgreSQLCluster()
      let server = try ServerUnderTest(database: cluster.info)
      var ann = try server.join(server.firstInvite, as: Author(1))
      _ = try ann.sync([try ann.author.write()])
      // Somebody who has what the server wants next, and then wants what it has; and who is not the one to give way.
      let other = try Connection(cluster.info(as: "postgres"))
      try other.execute("SET deadlock_timeout = '1h'; BEGIN; SELECT FROM writer FOR UPDATE")
      let asked = try RawConnection.open(
        ann.bytes(of: ann.request([try ann.author.write()])), port: server.port)
      defer { close(asked) }
      try other.waitForSomebodyBehind()
      try other.execute("SELECT FROM log FOR UPDATE")
      try other.execute("ROLLBACK")
      let answer = try HTTPAnswer(reading: RawConnection.readAll(asked))
      try #require(answer.status == 200, "\(answer.text)")
      #expect(try SyncResponse(decoding: answer.body).verdicts == [.accepted(position: 2)])
      #expect(try StoredLogs.log(of: ann.workspace, in: server.data).count == 2)
      // What became of it is told a little later.
      var count = 0
      for _ in 0..<500 where count == 0 {
        usleep(20_000)
        try other.forEach(
          "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()", []
        ) { count = $0.int(0) }
      }
      #expect(count == 1)
    }

    @Test("A database that stops to promise what is on the disk is served from as before, or not")
    func lessDurable() throws {
      let cluster = try PostgreSQLCluster()
      let made = try ServerUnderTest(database: cluster.info)
      #expect(made.stop() == 0)
      func serve() throws -> ServerProgram.Result {
        try ServerProgram.run(["serve", "--data", made.data, "--listen", "127.0.0.1:0"])
      }
      let serving = try #require(try DataFolder(path: made.data, database: cluster.info).connect())
      func value(_ setting: String) throws -> String? {
        try serving.first("SELECT current_setting('\(setting)')", row: { $0.text(0) })
      }
      for setting in ["synchronous_commit", "fsync"] { try cluster.set(setting, to: "off") }
      for _ in 0..<500 where try value("fsync") == "on" { usleep(20_000) }
      // It has heard of both. The one is its own to say, the other is not.
      #expect(try value("fsync") == "off")
      #expect(try value("synchronous_commit") == "on")
      for setting in ["fsync", "synchronous_commit"] {
        let served = try serve()
        #expect(served.status == 74, "\(served.err)")
        #expect(served.err.contains("does not promise that a commit is on the disk"))
        try cluster.set(setting, to: "on")
      }
      try made.start()
      #expect(try made.get("/ready").status == 200)
    }
  }
#endif
