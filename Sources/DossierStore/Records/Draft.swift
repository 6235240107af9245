public import ChangeLog
public import DossierModel
internal import ReplicaStore
internal import SQLite

/// The changes of one command while it is being put together. Each names the values it replaces, as the
/// store has them now.
public struct Draft {
  private let store: Store
  private var states: [EntityID: EntityState] = [:]
  private var created: Set<EntityID> = []
  /// Where in `operations` a field was put by this draft.
  private var places: [Place: Int] = [:]
  private var added: Set<Element> = []
  /// What this draft took out of sets: it may be put in again.
  private var removed: Set<Element> = []
  private(set) var operations: [Operation] = []

  private struct Element: Hashable {
    let place: Place
    let value: Value
  }

  private struct Place: Hashable {
    let entity: EntityID
    let field: FieldNumber
  }

  init(_ store: Store) { self.store = store }

  /// Begins a new record.
  ///
  /// - Parameter id: for a record whose id is given, such as an imported one.
  public mutating func create(_ kind: Kind, id: EntityID? = nil) -> EntityID {
    let id = id ?? store.replica.newID()
    states[id] = EntityState(kind: kind.rawValue)
    created.insert(id)
    return id
  }

  /// Gives a field its value; nil empties it. Writes nothing when it has that value already.
  public mutating func put(_ field: Field, _ value: Value?, on id: EntityID) throws {
    if field.merges { return try write(field, value, on: id, settles: false) }
    let state = try state(id)
    let value = value ?? .null
    let place = Place(entity: id, field: field.number)
    if let index = places[place], case .put(let number, _, let replaced) = operations[index].action
    {
      operations[index] = Operation(
        entity: id, kind: state.kind, .put(number, value, replacing: replaced))
      return
    }
    let present = state[field.number]
    if let present, present.distinctValues == [value] { return }
    if present == nil, value == .null { return }
    places[place] = operations.count
    append(id, state, .put(field.number, value, replacing: present?.alive.flatMap(\.changes) ?? []))
  }

  /// Decides about a field that holds several values, or two edits of one place of its text.
  public mutating func settle(_ field: Field, _ value: Value?, on id: EntityID) throws {
    if field.merges {
      try write(field, value, on: id, settles: true)
    } else {
      try put(field, value, on: id)
    }
  }

  /// Writes a text that merges: what differs from the present one; whole when it is new, when no word of the
  /// present one stays, or when there are several.
  private mutating func write(
    _ field: Field, _ value: Value?, on id: EntityID, settles: Bool
  ) throws {
    var text = Text("")
    if case .text(let words) = value { text = words }
    let place = Place(entity: id, field: field.number)
    let state = try created.contains(id) ? state(id) : stateWithTexts(id)
    let present = state.fields.first { $0.number == field.number && $0.shape == .text }
    let action: Operation.Action
    if let present, present.alive.count == 1, let value = present.alive.first,
      let edit = state.document(of: value, in: field.number)?
        .edit(to: text.string, settles: settles)
    {
      guard !edit.hunks.isEmpty || settles else { return forget(place) }
      action = .edit(field.number, edit)
    } else {
      guard present != nil || !text.string.isEmpty else { return forget(place) }
      action = .write(
        field.number, text, replacing: present?.alive.flatMap(\.changes) ?? [])
    }
    if let index = places[place] {
      operations[index] = Operation(entity: id, kind: state.kind, action)
    } else {
      places[place] = operations.count
      append(id, state, action)
    }
  }

  /// Writes what a person made of a text that was read some time ago: what came since is not replaced, it merges
  /// or waits beside it.
  ///
  /// - Parameter before: the record as it was read.
  public mutating func put(
    _ field: Field, _ text: Text, on id: EntityID, asReadIn before: EntityState
  ) throws {
    let present = before.fields.first {
      $0.number == field.number && $0.shape == (field.merges ? .text : .register)
    }
    let replaced = present?.alive.flatMap(\.changes) ?? []
    guard field.merges else {
      return append(id, before, .put(field.number, .text(text), replacing: replaced))
    }
    if let present, present.alive.count == 1, let value = present.alive.first,
      let edit = before.document(of: value, in: field.number)?.edit(to: text.string, settles: true)
    {
      append(id, before, .edit(field.number, edit))
    } else {
      append(id, before, .write(field.number, text, replacing: replaced))
    }
  }

  /// What this draft had put there is taken out again.
  private mutating func forget(_ place: Place) {
    guard let index = places.removeValue(forKey: place) else { return }
    operations.remove(at: index)
    places = places.mapValues { $0 > index ? $0 - 1 : $0 }
  }

  /// Adds an element to a set, unless it is there.
  public mutating func add(_ field: Field, _ value: Value, on id: EntityID) throws {
    let state = try state(id)
    let element = Element(place: Place(entity: id, field: field.number), value: value)
    let isThere = state[field.number]?.distinctValues.contains(value) == true
    guard !isThere || removed.contains(element) else { return }
    guard added.insert(element).inserted else { return }
    append(id, state, .add(field.number, value))
  }

  /// Removes an element from a set.
  ///
  /// - Returns: whether it was there.
  @discardableResult
  public mutating func remove(_ field: Field, _ value: Value, from id: EntityID) throws -> Bool {
    let state = try state(id)
    let additions = state[field.number]?.alive.filter { $0.value == value }.flatMap(\.changes) ?? []
    guard !additions.isEmpty else { return false }
    removed.insert(Element(place: Place(entity: id, field: field.number), value: value))
    append(id, state, .remove(field.number, additions))
    return true
  }

  /// Puts the fields of an import or a form: registers take the value, sets gain the elements.
  public mutating func fill(_ fields: [(field: Field, values: [Value])], on id: EntityID) throws {
    for (field, values) in fields {
      if field.isSet {
        for value in values { try add(field, value, on: id) }
      } else {
        try put(field, values.first, on: id)
      }
    }
  }

  /// Deletes a record, naming all of it that is to be seen here.
  public mutating func delete(_ id: EntityID) throws {
    let state = try state(id)
    append(id, state, .delete(seen: state.aliveChanges))
  }

  /// Takes every deletion of a record back.
  public mutating func restore(_ id: EntityID) throws {
    let state = try state(id)
    guard !state.tombstones.isEmpty else { return }
    append(id, state, .restore(state.tombstones.map(\.id)))
  }

  /// Whether the record is new in this draft.
  public func isNew(_ id: EntityID) -> Bool { created.contains(id) }

  mutating func append(_ inverse: [Operation]) { operations += inverse }

  private mutating func append(_ id: EntityID, _ state: EntityState, _ action: Operation.Action) {
    operations.append(Operation(entity: id, kind: state.kind, action))
  }

  private mutating func stateWithTexts(_ id: EntityID) throws -> EntityState {
    guard let state = try store.replica.state(of: id, withTexts: true) else {
      throw ReplicaError.damaged("record \(id)")
    }
    return try store.replica.displayed(state)
  }

  private mutating func state(_ id: EntityID) throws -> EntityState {
    if let state = states[id] { return state }
    guard let stored = try store.replica.state(of: id) else {
      throw ReplicaError.damaged("record \(id)")
    }
    // What is replaced is named in the order in which it was seen: an undo brings it back so.
    let state = try store.replica.displayed(stored)
    states[id] = state
    return state
  }
}

extension Store {
  /// Writes what `body` puts together as one changeset, all or none.
  ///
  /// - Parameter intent: the command, as history shows it.
  @discardableResult
  public func write<Result>(
    _ intent: String, _ body: (inout Draft) throws -> Result
  ) throws -> Result {
    try connection.transaction {
      var draft = Draft(self)
      let result = try body(&draft)
      try replica.commit(intent, draft.operations)
      return result
    }
  }
}
