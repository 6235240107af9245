/// A replica in memory: the merge at its plainest.
///
/// Tests hold the stored replica against this one.
public struct MemoryReplica: Sendable {
  public private(set) var entities: [EntityID: EntityState] = [:]
  public private(set) var applied = VersionVector()
  private var appliedIDs: Set<ChangesetID> = []
  /// What came before its causes, in order of arrival.
  public private(set) var held: [Changeset] = []

  private let keys: Keyring

  /// - Parameters:
  ///   - snapshot: what came before all that will be received.
  ///   - keys: for bodies that are sealed.
  public init(_ snapshot: Snapshot? = nil, keys: Keyring = Keyring()) {
    self.keys = keys
    for entity in snapshot?.entities ?? [] { entities[entity.id] = entity.state }
    for head in snapshot?.heads ?? [] { applied[head.writer] = head.sequence }
    appliedIDs = Set(snapshot?.entries.map(\.id) ?? [])
  }

  /// Takes changesets in any order and any number of times.
  public mutating func receive(_ changesets: [Changeset]) throws {
    for changeset in changesets where applied[changeset.header.writer] < changeset.header.sequence {
      if !held.contains(changeset) { held.append(changeset) }
    }
    while let group = nextReadyGroup() {
      for changeset in group { try apply(changeset) }
      held.removeAll { applied[$0.header.writer] >= $0.header.sequence }
    }
  }

  /// The parts of one command, all of them here and none waiting for anything outside the command.
  private func nextReadyGroup() -> [Changeset]? {
    for first in held where first.header.sequence == applied[first.header.writer] + 1 {
      var vector = applied
      var group: [Changeset] = []
      var next: Changeset? = first
      while let part = next, let body = try? part.decodedBody(keys),
        vector.wait(for: part.header, body) == nil,
        part.header.seen.allSatisfy({ appliedIDs.contains($0.id) })
      {
        group.append(part)
        if !part.header.isContinued { return group }
        vector[part.header.writer] = part.header.sequence
        next = held.first {
          $0.header.writer == part.header.writer && $0.header.sequence == part.header.sequence + 1
        }
      }
    }
    return nil
  }

  private mutating func apply(_ changeset: Changeset) throws {
    let header = changeset.header
    for (index, operation) in try changeset.decodedBody(keys).operations.enumerated() {
      if case .unknown = operation.action { continue }
      let id = ChangeID(writer: header.writer, sequence: header.sequence, index: index)
      entities[operation.entity, default: EntityState(kind: operation.kind)]
        .apply(operation, id: id, clock: header.clock)
    }
    applied[header.writer] = header.sequence
    appliedIDs.insert(changeset.id)
  }
}
