import ChangeLog
import DossierModel
import ReplicaStore

@testable import DossierStore

/// What must hold in a simulation, at any moment and after the world has healed.
extension Simulation {
  /// What nobody has any more cannot be asked for.
  func countAgain() throws {
    // Somebody starts it again.
    if !server.isUp { try server.mend() }
    try gatherKeys()
    try gather()
    var there = marks(in: try server.changesets())
    there.formUnion(Self.marks(alive: try server.snapshot(keys)?.entities.map(\.state) ?? []))
    for device in devices {
      there.formUnion(marks(in: try device.replica.log() + device.replica.quarantined()))
      try device.replica.replica.forEachState { there.formUnion(Self.marks(alive: [$1])) }
    }
    census.formIntersection(there)
  }

  func gather() throws {
    for server in [server, otherFace].compactMap({ $0 }) where server.isUp {
      for changeset in try server.changesets() { archive[changeset.id] = changeset }
    }
    for device in devices {
      for changeset in try device.replica.log() { archive[changeset.id] = changeset }
    }
  }

  /// Of changesets that a snapshot stands for it has only what is alive: what their authors had replaced or removed
  /// themselves went with the bytes.
  private static func marks(alive states: [EntityState]) -> Set<String> {
    let values = states.flatMap(\.fields).flatMap(\.alive).map(\.value)
    return values.reduce(into: []) { marks, value in
      if case .text(let text) = value { marks.formUnion(self.marks(in: text)) }
    }
  }

  private static func marks(in text: Text) -> [String] {
    text.string.split(separator: " ").filter { $0.hasPrefix("m") }.map(String.init)
  }

  private func marks(in changesets: [Changeset]) -> Set<String> {
    var marks: Set<String> = []
    for changeset in changesets {
      for operation in (try? changeset.decodedBody(keys))?.operations ?? [] {
        var texts: [Text] = []
        switch operation.action {
        case .put(_, .text(let text), _), .add(_, .text(let text)), .write(_, let text, _):
          texts = [text]
        case .edit(_, let edit): texts = edit.hunks.map(\.inserted)
        default: break
        }
        for text in texts where text.string.utf8.count < 10_000 {
          marks.formUnion(Self.marks(in: text))
        }
      }
    }
    return marks
  }

  func heal() async throws {
    trace.append("the world heals")
    try gather()
    showOneFace()
    try server.mend()
    try await letEverybodyWrite()
    try countAgain()
    let revocations = try knownRevocations()
    // Copies that wrote nothing since may share a name; from now on they must not.
    for device in devices {
      device.moveClock(to: device.clock)
      try device.replica.put(Field.status.number, .text(device.name), on: entities[0])
    }
    for _ in 0..<5 {
      for device in devices { try await syncHealed(device) }
      // What was lost of the members came back, roles too.
      try await letEverybodyWrite()
    }
    try gatherKeys()
    try checkSecrets()
    let members = try server.membership()
    try check(revocations, in: members)
    let out = devices.filter { members.role(of: $0.replica.key.publicKey) == nil }
    let devices = devices.filter { members.role(of: $0.replica.key.publicKey) != nil }
    try await outsider.sync(with: server)
    guard try outsider.names() == server.outsidersNames() else {
      throw Broken(description: "the other workspace is not level")
    }
    try gather()
    let there = try server.names()
    let changesets = there.compactMap { archive[$0] }
    guard changesets.count == there.count else {
      throw Broken(description: "the server names what nobody of the team ever wrote")
    }
    let expected = try ReplicaPicture(of: changesets, keys)
    // On a machine that is out its words stay, to be exported.
    let kept =
      try devices.flatMap { try $0.replica.quarantined() }
      + out.flatMap { try $0.replica.log() + $0.replica.quarantined() }
    try checkAuthors()
    var found = marks(in: changesets + kept)
    for one in out {
      try one.replica.replica.forEachState { found.formUnion(Self.marks(alive: [$1])) }
    }
    let lost = census.subtracting(found)
    guard lost.isEmpty else { throw Broken(description: "lost for ever: \(lost.sorted())") }
    let head = try server.head()
    for device in devices {
      let one = device.replica!
      func demand(_ condition: Bool, _ what: String) throws {
        if !condition { throw Broken(description: "\(device.name) \(what)") }
      }
      let here = try one.names()
      func names(_ set: Set<ChangesetID>) -> [String] {
        set.compactMap { archive[$0]?.header }
          .map { "\($0.writer.description.prefix(4)):\($0.sequence)" }.sorted()
      }
      try demand(
        here == there,
        "holds other changesets than the server: more \(names(here.subtracting(there))), less \(names(there.subtracting(here))), refused \(try one.replica.refused().count), quarantined \(names(Set(try one.quarantined().map(\.id))))"
      )
      try demand(one.identity.cursor == head, "is not at the server's end")
      try demand(
        one.replica.membership().head == members.head, "knows other members than the server")
      try demand(one.replica.unsentCount() == 0, "has something unsent")
      try demand(
        one.replica.waitingCount() == 0, "waits for something: \(try one.replica.missing())")
      try demand(one.replica.missing().isEmpty, "misses something")
      try demand(one.picture() == expected, "shows something else: \(one.difference(to: expected))")
      let tables = try RecordProjection.dump(one.replica.connection)
      try demand(
        tables == RecordProjection.dump(devices[0].replica.replica.connection),
        "lists or finds something else than \(devices[0].name)")
      if let wrong = try device.wrong() { throw Broken(description: "\(device.name): \(wrong)") }
      let quiet = try await SyncSession(one.replica, with: line(device)).run()
      try demand(
        quiet.exchanges == 1 && quiet.sent == 0 && quiet.received == 0, "does not come to rest")
    }
    let writers = Set(try devices.map { try $0.replica.identity.head.writer })
    guard writers.count == devices.count else {
      throw Broken(description: "two devices write under one name")
    }
  }

  /// Who is shut out, as those know who can say so to a server that has lost it: in a team that is encrypted its owner.
  private func knownRevocations() throws -> [(device: SimulatedDevice, members: Membership)] {
    try devices.filter { !isEncrypted || isOwners($0) }
      .map { ($0, try $0.replica.replica.membership()) }
  }

  /// Nobody is in again whom somebody who may say so knew to be out.
  private func check(
    _ revocations: [(device: SimulatedDevice, members: Membership)], in members: Membership
  ) throws {
    for (device, known) in revocations
    where known.hash(at: 1) == members.hash(at: 1)
      && members.role(of: device.replica.key.publicKey) != nil
    {
      for one in known.devices where one.revoked != nil {
        guard members.role(of: one.key) == nil else {
          throw Broken(
            description: "\(device.name) knows that \(one.name) is shut out, who is in again")
        }
      }
    }
  }

  private func letEverybodyWrite() async throws {
    if isEncrypted {
      try await letEverybodyWriteEncrypted()
    } else {
      try server.letEverybodyWrite()
    }
  }

  /// A sync on a good line; who is not let in joins again, when that is possible.
  private func syncHealed(_ device: SimulatedDevice) async throws {
    for _ in 0..<3 {
      do {
        let isContradicted = try server.contradicts(device.replica.identity.cursor)
        let report = try await SyncSession(device.replica.replica, with: line(device)).run()
        try check(report, of: device, isContradicted: isContradicted)
        return
      } catch is SimulatedServer.Refused {
        if try server.membership().device(device.replica.key.publicKey)?.revoked != nil { return }
        try await join(device)
      } catch ReplicaError.foreignMembers { try await join(device) }
    }
  }

  /// Nothing in the server's log was written by somebody who had no right to. What came by name only, in a snapshot of a
  /// colleague, is the colleague's word: he had it before its author was shut out here, and cannot take it out any more.
  func checkAuthors() throws {
    let members = try server.membership()
    var keys: [WriterID: PublicKey] = [:]
    for (_, one) in archive {
      if let introduction = one.header.introduction { keys[one.header.writer] = introduction.key }
    }
    for one in try server.changesets() {
      guard let key = keys[one.header.writer] else { continue }
      if let refusal = members.refusal(of: one.header, by: key) {
        throw Broken(description: "the server has what nobody may write: \(refusal)")
      }
    }
  }
}
