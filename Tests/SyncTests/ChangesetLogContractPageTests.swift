import ChangeLog
import Testing

@Suite("Every log hands out pages")
struct ChangesetLogContractPageTests {
  @Test("Pages are bounded by size, never empty before the end", arguments: LogBody.allCases)
  func paging(body: LogBody) throws {
    let log = try body.make()
    var ann = try Author(1)
    let all = try ann.write(count: 20, size: 1000)
    _ = try log.exchange(all, from: "v-a")
    for (pageSize, most) in [(1, 1), (2600, 2), (1 << 20, 20)] {
      var cursor = Cursor.start
      var received: [[UInt8]] = []
      var sizes: [Int] = []
      while cursor.position < 20 {
        let response = try log.exchange(from: "v-b", cursor: cursor, pageSize: pageSize)
        guard case .entries(let entries, let end) = response.page else {
          Issue.record("diverged")
          return
        }
        #expect(end.position == cursor.position + entries.count)
        received += entries.compactMap { if case .changeset(let bytes) = $0 { bytes } else { nil } }
        sizes.append(entries.count)
        cursor = end
      }
      #expect(received == all.map(\.bytes))
      #expect(sizes.allSatisfy { (1...most).contains($0) } && sizes.max() == most)
      #expect(cursor == (try log.head()))
    }
  }

  @Test("A device gets its own changesets by name, or whole", arguments: LogBody.allCases)
  func knownAndPushed(body: LogBody) throws {
    let log = try body.make()
    var ann = try Author(1)
    var bob = try Author(2)
    let early = try ann.write()
    _ = try log.exchange([early], from: "v-a")
    let foreign = try bob.write()
    _ = try log.exchange([foreign], from: "v-b")
    let late = try ann.write(count: 2)
    let response = try log.exchange(late, from: "v-a")
    #expect(
      response.page
        == .entries(
          [.known(early.id), .changeset(foreign.bytes), .pushed(0), .pushed(1)],
          end: try log.head()))
    let whole = try log.exchange(from: "v-a", wantsOwnBytes: true)
    let bytes = [early, foreign, late[0], late[1]].map { SyncResponse.Entry.changeset($0.bytes) }
    #expect(whole.page == .entries(bytes, end: try log.head()))
  }

  @Test("A foreign cursor is told, with points to look for", arguments: LogBody.allCases)
  func diverged(body: LogBody) throws {
    let log = try body.make()
    var ann = try Author(1)
    _ = try log.exchange(try ann.write(count: 40))
    let head = try log.head()
    var otherLog = head
    otherLog.log = LogID(high: 8, low: 8)
    var otherHash = head
    otherHash.hash = .zero
    var beyond = head
    beyond.position = 41
    var far = head
    far.position = 1 << 53 - 1
    let more = try ann.write()
    for cursor in [otherLog, otherHash, beyond, far] {
      let response = try log.exchange([more], cursor: cursor)
      #expect(response.verdicts.isEmpty)
      guard case .diverged(let marks) = response.page else {
        Issue.record("not diverged")
        continue
      }
      #expect(marks.map(\.position) == [40, 39, 38, 36, 32, 24, 8, 0])
      for mark in marks { #expect(try log.cursor(at: mark.position) == mark) }
    }
    #expect(try log.head() == head)
  }

  @Test("A page of a request that pushes ends at the new head", arguments: LogBody.allCases)
  func pageAfterPush(body: LogBody) throws {
    let log = try body.make()
    var ann = try Author(1)
    _ = try log.exchange(try ann.write(count: 3), from: "v-a")
    let cursor = try log.head()
    let response = try log.exchange([try ann.write()], from: "v-a", cursor: cursor)
    #expect(response.page == .entries([.pushed(0)], end: try log.head()))
    #expect(response.head == (try log.head()))
  }
}
