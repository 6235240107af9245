import ChangeLog
import Testing

@testable import LogStore

@Suite("Every log keeps a snapshot")
struct ChangesetLogContractSnapshotTests {
  /// A snapshot of what some authors wrote, all of it on one entity.
  private func snapshot(of changesets: [Changeset], by maker: Author) throws -> [UInt8] {
    var replica = MemoryReplica()
    try replica.receive(changesets)
    let writers = changesets.compactMap(\.header.introduction).sorted { $0.writer < $1.writer }
    return try SignedSnapshot.encode(
      Snapshot(
        workspace: LogBody.workspace, writers: writers,
        entries: changesets.map { one in
          Snapshot.Entry(
            writer: writers.firstIndex { $0.writer == one.header.writer }!, id: one.id)
        },
        entities: replica.entities.sorted { $0.key < $1.key }
          .map { Snapshot.Entity(id: $0.key, state: $0.value) }), signedBy: maker.key)
  }

  /// Offers it in parts of `length`; the last answer.
  private func offer(
    _ bytes: [UInt8], to log: any ChangesetLog, length: Int = 1000, from device: String = "v-a",
    mayWrite: (PublicKey, Header?) throws -> Verdict.Refusal? = { _, _ in nil }
  ) throws -> SyncResponse {
    var offset = 0
    while true {
      let part = SnapshotPart(
        id: Digest(of: bytes), size: bytes.count, offset: offset,
        bytes: Array(bytes[offset..<min(bytes.count, offset + length)]))
      var request = SyncRequest(
        workspace: log.workspace, cursor: try log.head(),
        own: WriterHead(writer: .zero, sequence: 0, id: .zero), snapshot: .offers(part))
      request = try SyncRequest(decoding: request.encoded)
      let response = try log.answer(request, from: device, mayWrite: mayWrite)
      guard case .needs(let next) = response.snapshotVerdict else { return response }
      #expect(next == offset + part.bytes.count)
      offset = next
    }
  }

  /// Asks for the newest snapshot; its bytes.
  private func fetch(from log: any ChangesetLog, cursor: Cursor = .start) throws -> [UInt8] {
    var bytes: [UInt8] = []
    var wanted = SnapshotRequest.none
    while true {
      let request = SyncRequest(
        workspace: log.workspace, cursor: cursor,
        own: WriterHead(writer: .zero, sequence: 0, id: .zero), takesSnapshot: true,
        snapshot: wanted)
      let response = try log.answer(request, from: "v-z") { _, _ in nil }
      guard case .snapshot(let part) = response.page else { return [] }
      #expect(part.offset == bytes.count)
      bytes += part.bytes
      if bytes.count == part.size { return bytes }
      wanted = .wants(id: part.id, offset: bytes.count)
    }
  }

  @Test("It comes and goes in parts, the same to the last byte", arguments: LogBody.allCases)
  func parts(body: LogBody) throws {
    let log = try body.make()
    var ann = try Author(1)
    // Longer than one part.
    let all = try ann.write(count: 3, size: 900_000)
    _ = try log.exchange(all, from: "v-a")
    let bytes = try snapshot(of: all, by: ann)
    #expect(bytes.count > SnapshotPart.length)
    #expect(try fetch(from: log).isEmpty)
    #expect(try offer(bytes, to: log, length: SnapshotPart.length).snapshotVerdict == .taken)
    #expect(
      try log.snapshot()
        == KeptSnapshot(id: Digest(of: bytes), position: 3, size: bytes.count))
    #expect(try fetch(from: log) == bytes)
    // Nobody who does not ask for it gets it.
    guard case .entries(let entries, _) = try log.exchange(from: "v-b", pageSize: 4 << 20).page
    else {
      Issue.record("no entries")
      return
    }
    #expect(entries.count == 3)
  }

  @Test("Parts out of order, or of another one, begin anew", arguments: LogBody.allCases)
  func order(body: LogBody) throws {
    let log = try body.make()
    var ann = try Author(1)
    let all = try ann.write(count: 4)
    _ = try log.exchange(all, from: "v-a")
    let bytes = try snapshot(of: all, by: ann)
    let half = bytes.count / 2
    func part(_ id: Digest, _ range: Range<Int>) -> SnapshotPart {
      SnapshotPart(id: id, size: bytes.count, offset: range.lowerBound, bytes: Array(bytes[range]))
    }
    let id = Digest(of: bytes)
    #expect(try log.gather(part(id, half..<bytes.count), from: "v-a") == .partly(0))
    #expect(try log.gather(part(id, 0..<half), from: "v-a") == .partly(half))
    #expect(try log.gather(part(id, 0..<half), from: "v-b") == .partly(half))
    #expect(try log.gather(part(id, 0..<half), from: "v-a") == .partly(half))
    #expect(try log.gather(part(.zero, 0..<9), from: "v-a") == .partly(9))
    #expect(try log.gather(part(id, half..<bytes.count), from: "v-a") == .partly(0))
    #expect(try log.gather(part(id, half..<bytes.count), from: "v-b") == .whole(bytes))
  }

  @Test("Compacted, it hands out the snapshot and the tail", arguments: LogBody.allCases)
  func compacted(body: LogBody) throws {
    let log = try body.make()
    var ann = try Author(1)
    let early = try ann.write(count: 5)
    _ = try log.exchange(early, from: "v-a")
    let middle = try log.cursor(at: 2)!
    let bytes = try snapshot(of: early, by: ann)
    _ = try offer(bytes, to: log)
    (log as? MemoryLog)?.compact()
    _ = try (log as? StoredLog)?.compact()
    let late = try ann.write(count: 2)
    _ = try log.exchange(late, from: "v-a")
    #expect(try log.compactedUpTo() == 5)
    // Whoever is behind gets it, asked for or not; whoever is past it gets entries.
    for cursor in [Cursor.start, middle] {
      guard case .snapshot(let part) = try log.exchange(from: "v-b", cursor: cursor).page else {
        Issue.record("no snapshot")
        return
      }
      #expect(part.bytes == bytes)
    }
    let tail = try log.exchange(from: "v-b", cursor: log.cursor(at: 5)!)
    #expect(
      tail.page == .entries(late.map { .changeset($0.bytes) }, end: try log.head()))
    // What is known by name only keeps its place; a fork of it is refused.
    let again = try log.exchange(early, from: "v-c", cursor: log.head())
    #expect(again.verdicts == (1...5).map { .accepted(position: $0) })
    var other = try Author(1)
    _ = try other.write("first")
    let fork = try other.write("second")
    #expect(try log.exchange([fork], from: "v-c").verdicts == [.refused(.forked)])
  }

  @Test("A log that lacks its beginning takes it, under another name", arguments: LogBody.allCases)
  func adopted(body: LogBody) throws {
    let log = try body.make()
    var (ann, bob, cem) = (try Author(1), try Author(2), try Author(3))
    let early = try [ann.write("a"), bob.write("b"), ann.write("c")]
    let bytes = try snapshot(of: early, by: ann)
    // Bob alone came back to the empty server, and somebody new.
    let there = try [early[1], cem.write("d")]
    _ = try log.exchange(there, from: "v-b")
    let former = try log.head()
    let late = try ann.write("e")
    #expect(try log.exchange([late], from: "v-a").verdicts == [.refused(.gap)])
    let response = try offer(bytes, to: log)
    #expect(response.snapshotVerdict == .taken)
    guard case .diverged = response.page else {
      Issue.record("the cursor is still believed")
      return
    }
    let order = early.map(\.id) + [there[1].id]
    #expect(try log.head().log != former.log)
    #expect(try log.head().hash == order.reduce(Digest.zero) { $0.followed(by: $1) })
    #expect(try order.map { try log.position(of: $0) } == [1, 2, 3, 4])
    #expect(try log.exchange([late], from: "v-a").verdicts == [.accepted(position: 5)])
    #expect(try log.writer(ann.head.writer)?.head == ann.head)
    // Once more: nothing is lacking any more.
    let head = try log.head()
    #expect(try offer(bytes, to: log).snapshotVerdict == .taken)
    #expect(try log.head() == head)
  }

  @Test("What must not be taken is refused", arguments: LogBody.allCases)
  func refused(body: LogBody) throws {
    let log = try body.make()
    var ann = try Author(1)
    let all = try ann.write(count: 3)
    _ = try log.exchange(all, from: "v-a")
    let bytes = try snapshot(of: all, by: ann)
    let before = try log.head()
    func verdict(
      _ bytes: [UInt8], mayWrite: (PublicKey, Header?) throws -> Verdict.Refusal? = { _, _ in nil }
    ) throws -> SnapshotVerdict {
      try offer(bytes, to: log, mayWrite: mayWrite).snapshotVerdict
    }
    var damaged = bytes
    damaged[bytes.count / 2] ^= 1
    #expect(try verdict(damaged) == .refused(.malformed))
    #expect(try verdict([1, 2, 3]) == .refused(.malformed))
    // Who may not write hears so with the first part, before all of it is sent.
    let early = SnapshotPart(
      id: Digest(of: bytes), size: bytes.count, offset: 0, bytes: Array(bytes[..<60]))
    let request = SyncRequest(
      workspace: log.workspace, cursor: before,
      own: WriterHead(writer: .zero, sequence: 0, id: .zero), snapshot: .offers(early))
    #expect(
      try log.answer(request, from: "v-a") { _, _ in .readOnly }.snapshotVerdict
        == .refused(.readOnly))
    #expect(try verdict(bytes) { _, _ in .readOnly } == .refused(.readOnly))
    #expect(try verdict(bytes) { _, _ in .notEnrolled } == .refused(.notEnrolled))
    var elsewhere = try Author(1, in: WorkspaceID(high: 5, low: 5))
    let foreign = try SignedSnapshot.encode(
      Snapshot(
        workspace: elsewhere.workspace, writers: [elsewhere.introduction],
        entries: [Snapshot.Entry(writer: 0, id: try elsewhere.write().id)], entities: []),
      signedBy: ann.key)
    #expect(try verdict(foreign) == .refused(.otherWorkspace))
    var other = try Author(1)
    let branch = try [other.write("another"), other.write("branch")]
    #expect(try verdict(snapshot(of: branch, by: ann)) == .refused(.forked))
    #expect(try log.snapshot() == nil)
    #expect(try log.head() == before)
  }
}
