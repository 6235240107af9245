import ChangeLog
import SQLite
import Testing

@testable import ReplicaStore

/// A store that has more lives than one: it is copied, set back, or enters a workspace.
@Suite struct ReplicaLivesTests {
  private let note = EntityID(high: 1, low: 1)
  private let server = ReplicaServer()

  private func devices(_ count: UInt64) throws -> [TestReplica] {
    try (1...count).map { try TestReplica($0) }
  }

  @Test(arguments: [true, false])
  func aDeviceRestoredFromABackupBecomesANewWriterAndLosesNothing(isEdited: Bool) async throws {
    let folder = try TestFolder()
    let other = try TestReplica(2)
    let device = try TestReplica(1, path: folder.path + "/a")
    try device.put(1, .text("sent before the backup"), on: note)
    try await device.sync(server)
    try device.put(2, .text("sent after the backup"), on: note)
    try device.replica.connection.backup(to: folder.path + "/b")
    try device.put(3, .text("written after the backup"), on: note)
    try device.put(2, .text("newer"), on: note)
    try await device.sync(server)
    try await other.sync(server)

    let restored = try TestReplica(1, life: 1, path: folder.path + "/b")
    let name = try restored.identity.head.writer
    #expect(try name == device.identity.head.writer)
    if isEdited { try restored.put(4, .text("edited after the restoration"), on: note) }
    let report = try await restored.sync(server)
    #expect(report.reissued == (isEdited ? 1 : 0))
    #expect(try restored.identity.head.writer != name)
    try restored.put(5, .text("under the new name"), on: note)
    try await restored.sync(server)
    try await other.sync(server)
    try await expectLevel([restored, other], server)
    for one in [restored, other] {
      #expect(try one.values(1, of: note) == [.text("sent before the backup")])
      #expect(try one.values(2, of: note) == [.text("newer")])
      #expect(try one.values(3, of: note) == [.text("written after the backup")])
      #expect(
        try one.values(4, of: note) == (isEdited ? [.text("edited after the restoration")] : []))
      #expect(try one.values(5, of: note) == [.text("under the new name")])
      #expect(try one.replica.review().isEmpty)
    }
  }

  @Test func aRestoredDeviceAndARolledBackServerGetEverythingThatAnybodyHas() async throws {
    let folder = try TestFolder()
    let other = try TestReplica(2)
    let device = try TestReplica(1, path: folder.path + "/a")
    try device.put(1, .text("first"), on: note)
    try await device.sync(server)
    try device.replica.connection.backup(to: folder.path + "/b")
    for number in 0..<4 { try device.put(2, .int(Int64(number)), on: note) }
    try await device.sync(server)
    try await other.sync(server)
    try await server.rollBack(to: 3)
    let restored = try TestReplica(1, life: 1, path: folder.path + "/b")
    try restored.put(3, .text("edited"), on: note)
    for one in [restored, other, restored] { try await one.sync(server) }
    try await expectLevel([restored, other], server)
    #expect(try other.values(2, of: note) == [.int(3)])
    #expect(try other.values(3, of: note) == [.text("edited")])
  }

  @Test func aColleagueOfARestoredDeviceFollowsTheServerAndKeepsTheLostBranch() async throws {
    let folder = try TestFolder()
    let other = try TestReplica(2)
    let device = try TestReplica(1, path: folder.path + "/a")
    try device.put(1, .text("first"), on: note)
    try await device.sync(server)
    try device.replica.connection.backup(to: folder.path + "/b")
    try device.put(1, .text("lost"), on: note)
    try await device.sync(server)
    try await other.sync(server)
    try other.put(1, .text("after what was lost"), on: note)
    // Server and device both go back to the night before, and the device writes on.
    try await server.rollBack(to: 1)
    let restored = try TestReplica(1, life: 1, path: folder.path + "/b")
    try restored.put(2, .text("written on"), on: note)
    try restored.put(2, .text("and on"), on: note)
    try await restored.sync(server)
    let lost = try #require(try device.replica.latest(1).first).changeset
    for one in [other, restored, other] { try await one.sync(server) }
    #expect(try other.log().count == 4)
    #expect(try other.picture() == restored.picture())
    #expect(try Set(other.log()) == Set(restored.log()))
    #expect(try other.quarantine() == [lost.id: .forked])
    #expect(try other.values(2, of: note) == [.text("and on")])
    #expect(try other.replica.unsentCount() == 0)
    #expect(try other.replica.deviations() == [])
    try other.replica.checkLog()
    // The device as it was before, once it is back, writes its branch again.
    #expect(try await device.sync(server).reissued == 1)
    try await other.sync(server)
    #expect(try other.picture() == device.picture())
    #expect(try other.values(1, of: note).contains(.text("lost")))
  }

  @Test func aDeviceAndItsCloneBothWriteAndNeitherLosesAnything() async throws {
    let folder = try TestFolder()
    let device = try TestReplica(1, path: folder.path + "/a")
    try device.put(1, .text("shared"), on: note)
    try await device.sync(server)
    try device.put(2, .text("shared, unsent"), on: note)
    try device.replica.connection.backup(to: folder.path + "/b")
    let clone = try TestReplica(1, life: 1, path: folder.path + "/b")
    for number in 0..<3 {
      try device.put(3, .int(Int64(number)), on: note)
      try clone.put(4, .int(Int64(number)), on: note)
    }
    let edit = try #require(try clone.replica.latest(1).first)
    #expect(try await device.sync(server).reissued == nil)
    #expect(try await clone.sync(server).reissued == 3)
    #expect(try await device.sync(server).reissued == nil)
    try await expectLevel([device, clone], server)
    #expect(try device.identity.head.writer != clone.identity.head.writer)
    #expect(try device.values(2, of: note) == [.text("shared, unsent")])
    #expect(try device.values(3, of: note) == [.int(2)])
    #expect(try device.values(4, of: note) == [.int(2)])
    #expect(try device.replica.review().isEmpty)
    // Written again with the words and the time of day they had.
    let again = try #require(try clone.replica.latest(1, onlyOwn: true).first)
    #expect(again.body.intent == edit.body.intent)
    #expect(again.changeset.header.clock == edit.changeset.header.clock)
  }

  // MARK: Entering a workspace

  @Test func whatWasWrittenAloneIsWrittenAgainInTheWorkspaceAndCanStillBeUndone() async throws {
    let own = WorkspaceID(high: 3, low: 3)
    let device = try TestReplica(1, workspace: own)
    let other = try TestReplica(2)
    try other.put(9, .text("theirs"), on: note)
    try await other.sync(server)

    let record = EntityID(high: 5, low: 5)
    try device.put(1, .text("title"), on: record)
    let edit = try device.put(1, .text("new title"), on: record)
    let undo = try #require(try device.undo(edit).undo)
    try device.add(3, .text("topic"), on: record)
    try device.remove(3, .text("topic"), from: record)
    let gone = EntityID(high: 6, low: 6)
    try device.put(1, .text("gone"), on: gone)
    let deletion = try device.delete(gone)
    let clocks = try device.log().map(\.header.clock)
    let before = try device.replica.latest(20).map(\.body.intent)
    #expect(undo.body.undoes == edit.changeset.id)
    #expect(try device.replica.state(of: gone)?.isDeleted == true)
    device.wall += 86_400_000

    try device.replica.join(TestReplica.workspace)
    #expect(try device.replica.latest(20).map(\.body.intent) == before)
    #expect(try device.log().map(\.header.clock) == clocks)
    #expect(try device.log().allSatisfy { $0.header.workspace == TestReplica.workspace })
    #expect(try device.values(1, of: record) == [.text("title")])
    #expect(try device.values(3, of: record) == [])
    #expect(try device.replica.state(of: gone)?.isDeleted == true)
    #expect(try device.replica.deviations() == [])

    let logged = try device.replica.latest(20).reversed().map { $0 }
    #expect(logged[2].body.undoes == logged[1].changeset.id)
    try device.undo(logged[2])
    #expect(try device.values(1, of: record) == [.text("new title")])
    #expect(logged.last?.body.intent == deletion.body.intent)
    try device.undo(try #require(logged.last))
    #expect(try device.replica.state(of: gone)?.isDeleted == false)

    try await device.sync(server)
    try await other.sync(server)
    try await expectLevel([device, other], server)
    #expect(throws: ReplicaError.alreadyJoined) { try device.replica.join(own) }
  }

  @Test func enteringGivesARecordTheNameItHasThere() throws {
    let device = try TestReplica(1, workspace: WorkspaceID(high: 3, low: 3))
    let me = EntityID(high: 5, low: 5)
    let there = EntityID(high: 6, low: 6)
    try device.put(1, .text("Ann"), on: me)
    try device.put(2, .list([.entity(me), .text("wrote")]), on: note)
    try device.replica.join(TestReplica.workspace, renaming: [me: there])
    #expect(try device.replica.state(of: me) == nil)
    #expect(try device.values(1, of: there) == [.text("Ann")])
    #expect(try device.values(2, of: note) == [.list([.entity(there), .text("wrote")])])
  }
}
