#if PostgreSQL
  import ChangeLog
  import Glibc
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
  }
#endif
