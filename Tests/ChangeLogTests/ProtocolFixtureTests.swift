import Testing

import struct Foundation.Data
import class Foundation.ProcessInfo
import struct Foundation.URL

@testable import ChangeLog

/// The formats, byte for byte, as files in `fixtures/protocol`: whoever writes another program for them can
/// begin there. `RECORD=1` writes the files anew, and fails.
@Suite struct ProtocolFixtureTests {
  @Test func everyMessageIsByteForByteWhatTheFixturesHold() throws {
    let samples = try Samples()
    for (name, bytes) in samples.files {
      let file = Self.folder.appendingPathComponent(name)
      if ProcessInfo.processInfo.environment["RECORD"] == "1" {
        try Data(bytes).write(to: file)
        Issue.record("re-recorded \(name)")
      } else {
        let isSame = try Data(contentsOf: file) == Data(bytes)
        #expect(isSame, "\(name) differs; RECORD=1 writes it anew")
      }
    }
  }

  @Test func theFixturesReadBackAsWhatTheyAreSaidToBe() throws {
    func bytes(_ name: String) throws -> [UInt8] {
      Array(try Data(contentsOf: Self.folder.appendingPathComponent(name)))
    }
    let names = [
      "1-first", "2-replaced", "3-delete", "4-continued", "5-continued", "6-text", "7-edit",
      "8-checkpoint",
    ]
    let chain = try names.map { try Changeset(bytes: bytes("changeset-\($0).bin")) }
    #expect(chain.map(\.header.sequence) == Array(1...8))
    #expect(chain.map(\.header.previous) == [.zero] + chain.dropLast().map(\.id))
    #expect(
      chain.map(\.header.isContinued) == [false, false, false, true, false, false, false, false])
    let key = try #require(chain[0].header.introduction?.key)
    #expect(chain.allSatisfy { $0.isSigned(by: key) })
    #expect(
      try chain.map { try $0.decodedBody().intent } == [
        "note", "edit", "delete", "import", "import", "note", "edit", "edit",
      ])
    let second = Cursor.start.advanced(over: chain[0].id).advanced(over: chain[1].id)
    #expect(try chain[7].decodedBody().checkpoint?.hash == second.hash)
    #expect(
      try chain.map { try $0.decodedBody().checkpoint?.position ?? 0 } == [0, 0, 0, 0, 0, 0, 0, 2])

    let request = try SyncRequest(decoding: bytes("sync-request.bin"))
    #expect(request.changesets == chain.prefix(2).map(\.bytes))
    let response = try SyncResponse(decoding: bytes("sync-response.bin"))
    #expect(response.verdicts == [.accepted(position: 2), .refused(.gap)])
    let diverged = try SyncResponse(decoding: bytes("sync-response-diverged.bin"))
    guard case .diverged(let marks) = diverged.page else {
      Issue.record("it is not diverged")
      return
    }
    #expect(marks.map(\.position) == [2, 1, 0])
    let bundle = try Bundle(decoding: bytes("bundle.bin"))
    #expect(bundle.changesets == chain.prefix(2).map(\.bytes))
    #expect(bundle.held[chain[0].header.writer] == 2)
    let snapshot = try SignedSnapshot(decoding: bytes("snapshot.bin")).snapshot
    #expect(snapshot.position == 9)
    #expect(snapshot.heads.map(\.sequence).sorted() == [1, 8])
    #expect(snapshot.entities.contains { !$0.state.documents.isEmpty })
    let offer = try SyncRequest(decoding: bytes("sync-request-snapshot.bin"))
    let part = try SyncResponse(decoding: bytes("sync-response-snapshot.bin"))
    guard case .offers(let offered) = offer.snapshot, case .snapshot(let given) = part.page else {
      Issue.record("there are no parts of snapshots")
      return
    }
    #expect(try offered == given && offered.bytes == bytes("snapshot.bin"))
    let code = String(decoding: try bytes("invite-code.txt"), as: UTF8.self)
    #expect(try InviteCode(text: code).member == "Ann")
  }

  private static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent()
    .appendingPathComponent("fixtures/protocol")
}

/// One of each, made from fixed seeds.
private struct Samples {
  private(set) var files: [(name: String, bytes: [UInt8])] = []

  init() throws {
    let both = try Self.chain()
    let chain = both.filter { $0.header.writer == both[0].header.writer }
    let names = [
      "1-first", "2-replaced", "3-delete", "4-continued", "5-continued", "6-text", "7-edit",
      "8-checkpoint",
    ]
    for (name, changeset) in zip(names, chain) {
      files.append(("changeset-\(name).bin", changeset.bytes))
    }
    let start = Self.start
    let one = start.advanced(over: chain[0].id)
    let two = one.advanced(over: chain[1].id)
    let writer = chain[0].header.writer
    let own = WriterHead(writer: writer, sequence: 2, id: chain[1].id)
    let request = SyncRequest(
      workspace: Author.workspace, cursor: start, own: own, wantsOwnBytes: true, pageSize: 65_536,
      changesets: chain.prefix(2).map(\.bytes))
    files.append(("sync-request.bin", request.encoded))
    let entries: [SyncResponse.Entry] = [
      .changeset(chain[0].bytes), .known(chain[1].id), .pushed(1),
    ]
    let three = two.advanced(over: chain[2].id)
    let response = SyncResponse(
      head: three, own: WriterHead(writer: writer, sequence: 1, id: chain[0].id),
      verdicts: [.accepted(position: 2), .refused(.gap)], page: .entries(entries, end: three))
    files.append(("sync-response.bin", response.encoded))
    let diverged = SyncResponse(
      head: two, own: WriterHead(writer: writer, sequence: 0, id: .zero), verdicts: [],
      page: .diverged([two, one, start]))
    files.append(("sync-response-diverged.bin", diverged.encoded))
    let bundle = Bundle(
      workspace: Author.workspace, key: chain[0].header.introduction!.key, writer: writer,
      maker: "Ann on laptop", held: VersionVector([writer: 2]),
      changesets: chain.prefix(2).map(\.bytes))
    files.append(
      ("bundle.bin", try bundle.encoded(signedBy: DeviceKey(seed: Array(0..<32)))))
    let key = try DeviceKey(seed: Array(0..<32))
    var replica = MemoryReplica()
    try replica.receive(Array(both))
    let writers = both.compactMap(\.header.introduction).sorted { $0.writer < $1.writer }
    let snapshot = try SignedSnapshot.encode(
      Snapshot(
        workspace: Author.workspace, reader: 2, writers: writers,
        entries: both.map { one in
          Snapshot.Entry(writer: writers.firstIndex { $0.writer == one.header.writer }!, id: one.id)
        },
        entities: replica.entities.sorted { $0.key < $1.key }
          .map { Snapshot.Entity(id: $0.key, state: $0.value) }),
      signedBy: key)
    files.append(("snapshot.bin", snapshot))
    let offer = SyncRequest(
      workspace: Author.workspace, cursor: two,
      own: WriterHead(writer: writer, sequence: 2, id: chain[1].id), takesSnapshot: true,
      snapshot: .offers(SnapshotPart(of: snapshot, id: Digest(of: snapshot), at: 0)))
    files.append(("sync-request-snapshot.bin", offer.encoded))
    let kept = KeptSnapshot(id: Digest(of: snapshot), position: both.count, size: snapshot.count)
    let part = SyncResponse(
      head: two, own: WriterHead(writer: writer, sequence: 0, id: .zero), verdicts: [],
      snapshotVerdict: .taken, snapshot: kept,
      page: .snapshot(SnapshotPart(of: snapshot, id: kept.id, at: 0)))
    files.append(("sync-response-snapshot.bin", part.encoded))
    let invited = try addMembers()
    let invite = InviteCode(
      address: "https://dossier.example.org", workspace: Author.workspace, member: "Ann",
      secret: Array(0..<32), pin: Array(repeating: 0xab, count: 32), membershipHead: invited.id)
    files.append(("invite-code.txt", Array(invite.text.utf8)))
    let join = try JoinRequest(invite, deviceName: "laptop", key: key, now: 1_700_000_001_000)
    files.append(("join-request.bin", join.encoded))
  }

  /// A workspace is founded, Ann becomes its owner, and a device of hers is invited.
  private mutating func addMembers() throws -> MembershipEntry {
    let administrator = try DeviceKey(seed: Array(64..<96))
    var last = Digest.zero
    func entry(_ statement: MembershipEntry.Statement) throws -> MembershipEntry {
      let entry = try MembershipEntry(
        statement, in: Author.workspace, after: last, at: 1_700_000_000_000,
        signedBy: administrator)
      last = entry.id
      return entry
    }
    files.append(("member-1-found.bin", try entry(.found(name: "team")).bytes))
    let owner = try entry(.member(name: "Ann", role: .owner, heads: []))
    files.append(("member-2-owner.bin", owner.bytes))
    let invite = try entry(
      .invite(
        member: "Ann", key: DeviceKey(seed: Array(0..<32)).publicKey, expires: 1_700_172_800_000))
    files.append(("member-3-invite.bin", invite.bytes))
    return invite
  }

  private static let start = Cursor(
    log: LogID(high: 0x0102_0304_0506_0708, low: 0x090a_0b0c_0d0e_0f10), position: 0, hash: .zero)

  private static func chain() throws -> [Changeset] {
    let wall: UInt64 = 1_700_000_000_000
    var ann = Author(key: try DeviceKey(seed: Array(0..<32)), salt: 1)
    var ben = Author(key: try DeviceKey(seed: Array(32..<64)), salt: 2)
    let note = EntityID(high: 0x018b_cfe5_6800_0000, low: 1)
    let topic = EntityID(high: 0x018b_cfe5_6800_0001, low: 2)
    func operation(_ action: Operation.Action) -> Operation {
      Operation(entity: note, kind: 1, action)
    }
    let first = try ann.write(
      [
        [
          operation(.put(1, .text("Grüße"), replacing: [])),
          operation(.put(2, .list([.int(-1), .bool(true), .null, .bytes([0xff])]), replacing: [])),
          operation(.add(3, .entity(topic))),
        ]
      ], intent: "note", at: wall)
    try ben.receive(first, at: wall)
    try ann.receive(
      try ben.write(
        [[operation(.put(1, .text("Hello"), replacing: []))]], intent: "edit", at: wall),
      at: wall)
    let alive = ann.state(note)![1]!.alive.map(\.id)
    try ann.write(
      [[operation(.put(1, .text("Grüße, hello"), replacing: alive))]], intent: "edit", at: wall + 1)
    try ann.write(
      [[operation(.delete(seen: ann.state(note)!.aliveChanges))]], intent: "delete", at: wall + 2)
    try ann.write(
      [
        [operation(.restore(ann.state(note)!.tombstones.map(\.id)))],
        [Operation(entity: .zero, kind: 0, .unknown(code: 99, [0, 1, 2]))],
      ], undoes: first[0].id, intent: "import", at: wall + 3)
    try ann.write(
      [[operation(.write(4, Text("due on Monday at noon"), replacing: []))]], intent: "note",
      at: wall + 4)
    let document = ann.state(note)!.document(of: ann.state(note)![4]!.alive[0], in: 4)!
    try ann.write(
      [[operation(.edit(4, document.edit(to: "due on Friday at noon, in Tokyo")!))]],
      intent: "edit", at: wall + 5)
    // A log that has her first two.
    let own = ann.log.filter { $0.header.writer == ann.writer }
    try ann.write(
      [[operation(.add(3, .text("known")))]], intent: "edit",
      checkpoint: start.advanced(over: own[0].id).advanced(over: own[1].id), at: wall + 6)
    return ann.log
  }
}
