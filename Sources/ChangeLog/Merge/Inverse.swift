/// Undo: the operations that take back one changeset, given what has become of its entities since.
///
/// A change that somebody has already replaced is left alone: taking it back would eat the newer words.
public struct Inverse: Sendable {
  public private(set) var operations: [Operation] = []
  /// Entities of which some change could not be taken back, because it was changed again since.
  public private(set) var skipped: [EntityID] = []

  /// - Parameters:
  ///   - changeset: the one to take back, with its body.
  ///   - state: the present state of an entity.
  ///   - value: what a change wrote, from the log; nil when it wrote none.
  ///   - origin: the change whose effect a later undo or redo brought back; any other change itself. So one
  ///     command can be taken back after another.
  public init(
    of changeset: Changeset, body: Body,
    state: (EntityID) throws -> EntityState?,
    value: (ChangeID) throws -> Value?,
    origin: (ChangeID) throws -> ChangeID = { $0 }
  ) rethrows {
    let header = changeset.header
    var handled: Set<EntityID> = []
    for (index, operation) in body.operations.enumerated().reversed() {
      guard !handled.contains(operation.entity), let present = try state(operation.entity) else {
        continue
      }
      if try Self.wasCreated(operation.entity, by: changeset, body, present, origin) {
        handled.insert(operation.entity)
        append(operation, .delete(seen: present.aliveChanges))
        continue
      }
      let id = ChangeID(writer: header.writer, sequence: header.sequence, index: index)
      if let inverse = try Self.invert(operation, id: id, present, value, origin) {
        for action in inverse { append(operation, action) }
      } else if !skipped.contains(operation.entity) {
        skipped.append(operation.entity)
      }
    }
  }

  private mutating func append(_ operation: Operation, _ action: Operation.Action) {
    operations.append(Operation(entity: operation.entity, kind: operation.kind, action))
  }

  /// All that is alive of the entity comes from this changeset, and it replaced nothing.
  private static func wasCreated(
    _ entity: EntityID, by changeset: Changeset, _ body: Body, _ present: EntityState,
    _ origin: (ChangeID) throws -> ChangeID
  ) rethrows -> Bool {
    let replacesNothing = body.operations.allSatisfy { operation in
      guard operation.entity == entity else { return true }
      switch operation.action {
      case .put(_, _, let replaced): return replaced.isEmpty
      case .add: return true
      default: return false
      }
    }
    guard replacesNothing, !present.isDeleted else { return false }
    return try present.aliveChanges.map(origin).allSatisfy {
      $0.writer == changeset.header.writer && $0.sequence == changeset.header.sequence
    }
  }

  /// The actions that take one operation back; nil when it was changed again since.
  private static func invert(
    _ operation: Operation, id: ChangeID, _ present: EntityState,
    _ value: (ChangeID) throws -> Value?, _ origin: (ChangeID) throws -> ChangeID
  ) rethrows -> [Operation.Action]? {
    /// The alive changes that are this one, or have brought it back.
    func alive(in field: FieldNumber) throws -> [ChangeID] {
      try (present[field]?.alive ?? []).map(\.id).filter { try $0 == id || origin($0) == id }
    }
    switch operation.action {
    case .put(let field, _, let replaced):
      let own = try alive(in: field)
      guard !own.isEmpty else { return nil }
      let former = try replaced.compactMap(value)
      guard let first = former.first else { return [.put(field, .null, replacing: own)] }
      // What had been siblings become siblings again.
      return [.put(field, first, replacing: own)]
        + former.dropFirst().map { .put(field, $0, replacing: []) }
    case .add(let field, _):
      let own = try alive(in: field)
      return own.isEmpty ? nil : [.remove(field, own)]
    case .remove(let field, let additions):
      let there = present[field]?.distinctValues ?? []
      return try additions.compactMap(value).filter { !there.contains($0) }.map { .add(field, $0) }
    case .delete:
      let own = try present.tombstones.map(\.id).filter { try $0 == id || origin($0) == id }
      return own.isEmpty ? nil : [.restore(own)]
    case .restore:
      return present.tombstones.isEmpty ? [.delete(seen: present.aliveChanges)] : nil
    case .unknown:
      return nil
    }
  }
}
