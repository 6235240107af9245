public import ChangeLog
internal import DossierModel
internal import ReplicaStore
internal import SQLite

/// Who wrote something, on which machine.
public struct Author: Hashable, Sendable {
  public let member: String
  public let device: String
}

extension Store {
  /// The party that stands for the person at this machine.
  public func me() throws -> EntityID? {
    try setting("me").flatMap { ShortID.parseFull($0)?.id }
  }

  /// Records who the person and the machine are, and the name this store writes under. Changes nothing
  /// when that is recorded already.
  public func introduce(member: String, device: String) throws {
    let party = Self.party(ofMember: member)
    try write("init") { draft in
      if try self.record(party) == nil { _ = draft.create(.party, id: party) }
      try draft.put(.name, .text(member), on: party)
      if let slug = Folding.slug(member),
        try self.candidates(slug, []).allSatisfy({ $0.id == party })
      {
        try draft.put(.slug, .text(slug), on: party)
      }
      try draft.put(.kind, .text("person"), on: party)
      try draft.put(.us, .bool(true), on: party)
      let writer = try self.replica.identity().head.writer
      let found = try self.setting("device").flatMap { ShortID.parseFull($0)?.id }
      let machine =
        try found.flatMap { try self.record($0) == nil ? nil : $0 } ?? draft.create(.device)
      try draft.put(.name, .text(device), on: machine)
      try draft.put(.deviceMember, .entity(party), on: machine)
      try draft.add(.deviceWriter, .text(writer.description), on: machine)
      try self.set("me", to: ShortID.full(party, .party))
      try self.set("device", to: ShortID.full(machine, .device))
    }
  }

  /// The same after the store took a new name: the person and the machine stay who they were.
  public func introduceAgain() throws {
    let machine = try setting("device").flatMap { ShortID.parseFull($0)?.id }
    guard let record = try machine.flatMap({ try record($0) }),
      let member = try record.reference(.deviceMember).flatMap({ try self.record($0)?.title })
    else { return }
    try introduce(member: member, device: record.title)
  }

  /// Enters a workspace. Who wrote here alone becomes the member of that name there.
  ///
  /// - Parameter keys: of an encrypted workspace, by epoch.
  public func enter(
    _ workspace: WorkspaceID, as member: String, holding keys: [UInt64: EpochKey] = [:]
  ) throws {
    let there = Self.party(ofMember: member)
    let here = try me()
    try replica.join(
      workspace, renaming: here.map { $0 == there ? [:] : [$0: there] } ?? [:], holding: keys)
  }

  /// The same on every machine: two devices of a member speak of one party.
  private static func party(ofMember name: String) -> EntityID {
    ImportFile.derivedID(.party, "member \(name)")
  }

  /// The people and machines behind the names of writers, as they introduced themselves.
  public func authors() throws -> [WriterID: Author] {
    var authors: [WriterID: Author] = [:]
    for device in try records(ListQuery(.device)) {
      let member =
        try device.reference(.deviceMember).flatMap { try record($0)?.title } ?? "unknown"
      for text in device.texts(.deviceWriter) {
        guard let bytes = Hexadecimal.decode(text), bytes.count == 16 else { continue }
        authors[WriterID(bytes: bytes)] = Author(member: member, device: device.title)
      }
    }
    return authors
  }

  /// The parties that are one of us.
  public func us() throws -> Set<EntityID> {
    let parties = try connection.all(
      """
      SELECT DISTINCT target FROM reference JOIN record ON record.id = reference.source
      WHERE kind = ? AND field = ?
      """, .int(Int64(Kind.device.rawValue)), .int(Int64(Field.deviceMember.number))
    ) { EntityID(bytes: $0.blob(0)) }
    return Set(parties)
  }
}
