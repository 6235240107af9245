/// Undo: the operations that take back one command, given what has become of its entities since.
///
/// A change that somebody has already replaced is left alone: taking it back would eat the newer words.
public struct Inverse: Sendable {
  public private(set) var operations: [Operation] = []
  /// Entities of which some change could not be taken back, because it was changed again since.
  public private(set) var skipped: [EntityID] = []

  /// - Parameters:
  ///   - parts: the changesets of the command with their bodies, in order.
  ///   - isNew: whether nothing was known of an entity before the command.
  ///   - state: the present state of an entity.
  ///   - action: what a change did to an entity, from the log; nil when it is not there.
  public init(
    of parts: [(changeset: Changeset, body: Body)],
    isNew: (EntityID) throws -> Bool,
    state: (EntityID) throws -> EntityState?,
    action: (ChangeID, EntityID) throws -> Operation.Action?
  ) rethrows {
    let command = Command(parts)
    var handled: Set<EntityID> = []
    for (id, operation) in command.changes.reversed() {
      let entity = operation.entity
      guard !handled.contains(entity), let present = try state(entity) else { continue }
      if try command.created(entity, present) || command.restored(entity, present, action) {
        handled.insert(entity)
        append(operation, .delete(seen: present.aliveChanges))
      } else if !command.changed(entity), try isNew(entity) {
        // Others have written on it since: what is left when its maker's part is taken away is nobody's.
        handled.insert(entity)
        if !present.isDeleted { skipped.append(entity) }
      } else if let inverse = try command.invert(operation, id: id, present, action) {
        for action in inverse { append(operation, action) }
      } else if !skipped.contains(entity) {
        skipped.append(entity)
      }
    }
  }

  /// The same with changes named as they are alive now, where a later undo or redo brought them back.
  public func renaming(_ names: [ChangeID: [ChangeID]]) -> Inverse {
    func renamed(_ changes: [ChangeID]) -> [ChangeID] { changes.flatMap { names[$0] ?? [$0] } }
    var inverse = self
    inverse.operations = operations.map { operation in
      let action: Operation.Action =
        switch operation.action {
        case .put(let field, let value, let replaced):
          .put(field, value, replacing: renamed(replaced))
        case .write(let field, let text, let replaced):
          .write(field, text, replacing: renamed(replaced))
        case .remove(let field, let additions): .remove(field, renamed(additions))
        case .delete(let seen): .delete(seen: renamed(seen))
        case .restore(let deletions): .restore(renamed(deletions))
        case .add, .edit, .unknown: operation.action
        }
      return Operation(entity: operation.entity, kind: operation.kind, action)
    }
    return inverse
  }

  private mutating func append(_ operation: Operation, _ action: Operation.Action) {
    operations.append(Operation(entity: operation.entity, kind: operation.kind, action))
  }
}

/// The changes that are to be taken back.
private struct Command {
  private(set) var changes: [(id: ChangeID, operation: Operation)] = []
  /// Entities of which it replaced, removed or deleted something.
  private var changed: Set<EntityID> = []
  private var restorations: [EntityID: [ChangeID]] = [:]

  init(_ parts: [(changeset: Changeset, body: Body)]) {
    for (changeset, body) in parts {
      let header = changeset.header
      for (index, operation) in body.operations.enumerated() {
        let id = ChangeID(writer: header.writer, sequence: header.sequence, index: index)
        changes.append((id, operation))
        switch operation.action {
        case .add, .put(_, _, replacing: []), .write(_, _, replacing: []): break
        default: changed.insert(operation.entity)
        }
        if case .restore(let deletions) = operation.action {
          restorations[operation.entity, default: []] += deletions
        }
      }
    }
  }

  func changed(_ entity: EntityID) -> Bool { changed.contains(entity) }

  private func wrote(_ change: ChangeID) -> Bool {
    guard let first = changes.first?.id, let last = changes.last?.id else { return false }
    return change.writer == first.writer
      && (first.sequence...last.sequence).contains(change.sequence)
  }

  /// All that is alive of the entity comes from this command, and it replaced nothing.
  func created(_ entity: EntityID, _ present: EntityState) -> Bool {
    !changed.contains(entity) && !present.isDeleted && present.aliveChanges.allSatisfy(wrote)
  }

  /// It took every deletion of the entity back, and nobody has written on it since.
  func restored(
    _ entity: EntityID, _ present: EntityState,
    _ action: (ChangeID, EntityID) throws -> Operation.Action?
  ) rethrows -> Bool {
    guard let deletions = restorations[entity], present.tombstones.isEmpty else { return false }
    var seen: Set<ChangeID> = []
    for deletion in deletions {
      if case .delete(let changes) = try action(deletion, entity) { seen.formUnion(changes) }
    }
    return present.aliveChanges.allSatisfy { seen.contains($0) || wrote($0) }
  }

  /// What stood in a register before this command put something in its place; nil when it did not, or that is not known.
  private func formerValue(
    of entity: EntityID, _ field: FieldNumber,
    _ action: (ChangeID, EntityID) throws -> Operation.Action?
  ) rethrows -> Value? {
    for (_, operation) in changes where operation.entity == entity {
      guard case .put(field, _, let replaced) = operation.action else { continue }
      for change in replaced {
        if let value = try action(change, entity)?.value { return value }
      }
    }
    return nil
  }

  /// The actions that take one operation back; nil when it was changed again since.
  func invert(
    _ operation: Operation, id: ChangeID, _ present: EntityState,
    _ action: (ChangeID, EntityID) throws -> Operation.Action?
  ) rethrows -> [Operation.Action]? {
    // A write would bring back what somebody has deleted since.
    if present.isDeleted, !present.tombstones.map(\.id).allSatisfy(wrote) { return nil }
    func isAlive(in field: FieldNumber, _ shape: FieldState.Shape) -> Bool {
      present.fields.contains {
        $0.number == field && $0.shape == shape && $0.alive.contains { $0.id == id }
      }
    }
    func value(_ change: ChangeID) throws -> Value? {
      try action(change, operation.entity)?.value
    }
    switch operation.action {
    case .put(let field, _, let replaced):
      guard isAlive(in: field, .register) else { return nil }
      let former = try replaced.compactMap(value)
      guard let first = former.first else {
        // What it replaced may not be known here any more.
        guard replaced.isEmpty else { return nil }
        // Where others stand beside it they stay, and an equal value counts once.
        let alive = present.fields.first { $0.number == field && $0.shape == .register }?.alive
        let rival = alive?.last { !wrote($0.id) }?.value
        let value = try rival ?? formerValue(of: operation.entity, field, action) ?? .null
        return [.put(field, value, replacing: [id])]
      }
      // What had been siblings become siblings again.
      return [.put(field, first, replacing: [id])]
        + former.dropFirst().map { .put(field, $0, replacing: []) }
    case .write(let field, _, let replaced):
      let written = present.fields.first { $0.number == field && $0.shape == .text }
      guard written?.alive.contains(where: { $0.changes == [id] }) == true else { return nil }
      let former = try replaced.compactMap { change in
        try present.documents.first { $0.has(change) }.map { Text($0.text) }
          ?? value(change)?.text
      }
      guard let first = former.first else {
        return replaced.isEmpty ? [.write(field, Text(""), replacing: [id])] : nil
      }
      return [.write(field, first, replacing: [id])]
        + former.dropFirst().map { .write(field, $0, replacing: []) }
    case .edit(let field, let edit):
      guard let document = present.documents.first(where: { $0.id == edit.text }),
        document.has(id), document.isEffective(id)
      else { return nil }
      return [.edit(field, document.cancel(id))]
    case .add(let field, _):
      return isAlive(in: field, .set) ? [.remove(field, [id])] : nil
    case .remove(let field, let additions):
      let there = present[field]?.distinctValues ?? []
      return try additions.compactMap(value).filter { !there.contains($0) }.map { .add(field, $0) }
    case .delete:
      return present.tombstones.contains { $0.id == id } ? [.restore([id])] : nil
    case .restore, .unknown:
      return nil
    }
  }
}

extension Operation.Action {
  /// What it wrote; nil when it wrote no value.
  public var value: Value? {
    switch self {
    case .put(_, let value, _), .add(_, let value): value
    case .write(_, let text, _): .text(text)
    default: nil
    }
  }
}

extension Value {
  fileprivate var text: Text? {
    if case .text(let text) = self { text } else { nil }
  }
}
