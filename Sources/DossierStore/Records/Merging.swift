public import ChangeLog
public import DossierModel
internal import ReplicaStore
internal import SQLite

/// What a merge of two records did.
public struct MergeReport: Sendable {
  /// Records that named the one and name the other now.
  public let moved: Int
  /// Fields in which both said something else; the one that stays keeps its own.
  public let differing: [Field]
}

extension Store {
  /// Makes one record of two: all that names `id` names `other` from now on, what `other` lacks it takes over, and
  /// `id` is deleted. One command, undone as one.
  ///
  /// - Precondition: both are of one kind.
  public func merge(_ id: EntityID, into other: EntityID) throws -> MergeReport {
    try write("merge") { draft in
      guard let gone = try record(id), let stays = try record(other) else {
        throw ReplicaError.damaged("a record that was to be merged")
      }
      var moved: Set<EntityID> = []
      for source in try recordsNaming(id) where source != id {
        guard let record = try record(source) else { continue }
        if try draft.rename(id, to: other, in: record) { moved.insert(source) }
      }
      let differing = try draft.takeOver(gone, by: stays)
      try draft.delete(id)
      return MergeReport(moved: moved.count, differing: differing)
    }
  }

  private func recordsNaming(_ id: EntityID) throws -> [EntityID] {
    try connection.all(
      "SELECT DISTINCT source FROM reference WHERE target = ? ORDER BY source", .blob(id.bytes)
    ) { EntityID(bytes: $0.blob(0)) }
  }
}

extension Draft {
  /// Puts one record's name in the place of another's, in every field.
  fileprivate mutating func rename(
    _ id: EntityID, to other: EntityID, in record: Record
  ) throws -> Bool {
    var hasChanged = false
    // What waits for a decision is decided by nobody here: it names the former record until then.
    for field in record.kind.fields where !record.conflicts.contains(field.number) {
      for value in record.elements(field) {
        let renamed = value.renaming(id, to: other)
        guard renamed != value else { continue }
        hasChanged = true
        if field.isSet {
          try remove(field, value, from: record.id)
          // A record is not related to itself.
          if record.id != other || renamed.entitiesNamed != [other] {
            try add(field, renamed, on: record.id)
          }
        } else {
          try put(field, record.id == other ? nil : renamed, on: record.id)
        }
      }
    }
    return hasChanged
  }

  /// Gives a record what another one has and it lacks; names and slugs stay findable, words are put below its own.
  fileprivate mutating func takeOver(_ gone: Record, by stays: Record) throws -> [Field] {
    var differing: [Field] = []
    for field in gone.kind.fields where !field.isInternal && !gone.elements(field).isEmpty {
      let values = gone.elements(field).map { $0.renaming(gone.id, to: stays.id) }
      if field.isSet {
        for value in values where value.entitiesNamed != [stays.id] {
          try add(field, value, on: stays.id)
        }
      } else if stays.value(field) == nil {
        try put(field, values[0], on: stays.id)
      } else if stays.value(field) != values[0] {
        try keepBoth(field, values[0], on: stays, &differing)
      }
    }
    return differing
  }

  private mutating func keepBoth(
    _ field: Field, _ value: Value, on stays: Record, _ differing: inout [Field]
  ) throws {
    let own = stays.text(field) ?? ""
    switch (field.number, value) {
    case (Field.name.number, .text), (Field.acronym.number, .text):
      try add(.aliases, value, on: stays.id)
    case (Field.slug.number, .text): try add(.formerSlugs, value, on: stays.id)
    case (_, .text(let words)) where field.merges:
      try put(field, .text(Text(own + "\n\n" + words.string)), on: stays.id)
    default: differing.append(field)
    }
  }
}

extension Value {
  fileprivate func renaming(_ id: EntityID, to other: EntityID) -> Value {
    switch self {
    case .entity(id): .entity(other)
    case .list(let items): .list(items.map { $0.renaming(id, to: other) })
    default: self
    }
  }

  fileprivate var entitiesNamed: [EntityID] {
    switch self {
    case .entity(let id): [id]
    case .list(let items): items.flatMap(\.entitiesNamed)
    default: []
    }
  }
}
