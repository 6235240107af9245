import ChangeLog
import Glibc
import Testing

@Suite("A server that is killed")
struct ServerCrashTests {
  @Test("Nothing acknowledged is lost by kill -9 during pushes")
  func killed() throws {
    let server = try ServerUnderTest()
    var device = try server.join(server.firstInvite, as: Author(1))
    var acknowledged: [ChangesetID: Int] = [:]
    var waiting: [Changeset] = []
    for round in 0..<6 {
      let killer = try server.kill(afterMicroseconds: UInt32(60_000 + round * 37_000))
      // Pushes until the connection breaks, and tries again what it got no answer for.
      while true {
        if waiting.isEmpty { waiting = try device.author.write(count: 3, size: 2000) }
        guard let response = try? device.sync(waiting) else { break }
        for (changeset, verdict) in zip(waiting, response.verdicts) {
          guard case .accepted(let position) = verdict else {
            Issue.record("\(verdict)")
            return
          }
          acknowledged[changeset.id] = position
        }
        waiting = []
      }
      killer.wait()
      #expect(server.stop() == -SIGKILL)
      try server.start()
      let response = try device.sync(wantsOwnBytes: true)
      for (id, position) in acknowledged {
        #expect(try self.position(of: id, response, device) == position)
      }
    }
    #expect(acknowledged.count > 20)
    #expect(try server.admin("check").err.contains("sound"))
    #expect(server.stop() == 0)
  }

  /// Where the log a device is given has a changeset, all pages taken together.
  private func position(
    of id: ChangesetID, _ first: SyncResponse, _ device: TestDevice
  ) throws -> Int? {
    var response = first
    var position = 0
    while case .entries(let entries, let end) = response.page, !entries.isEmpty {
      for entry in entries {
        position += 1
        if case .changeset(let bytes) = entry, Digest(of: bytes) == id { return position }
      }
      let next = device.request(cursor: end, wantsOwnBytes: true)
      response = try SyncResponse(decoding: device.post(next).body)
    }
    return nil
  }
}
