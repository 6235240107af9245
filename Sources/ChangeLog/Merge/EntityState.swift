/// All that is alive of one entity: the result of the operations applied so far.
///
/// Operations arrive causes first (``Causality`` sees to it); under that condition every order gives the
/// same state, whatever the clocks say.
public struct EntityState: Hashable, Sendable {
  /// The least that its authors said; they say the same unless one of them is wrong.
  public private(set) var kind: KindNumber
  /// Ascending by number, then shape; a field nobody has written is absent. The same number has both
  /// shapes only when authors disagree about it: neither can then disturb the other.
  public private(set) var fields: [FieldState]
  public private(set) var tombstones: [Tombstone]
  /// The insides of texts that were edited, or replaced, ascending by id: an edit may still come for either.
  /// Reading needs none of them; a state to be applied to has them all.
  public var documents: [TextDocument]

  public init(
    kind: KindNumber, fields: [FieldState] = [], tombstones: [Tombstone] = [],
    documents: [TextDocument] = []
  ) {
    self.kind = kind
    self.fields = fields
    self.tombstones = tombstones
    self.documents = documents
  }

  /// A deletion that nobody has taken back.
  public struct Tombstone: Hashable, Sendable {
    public let id: ChangeID
    public let clock: Timestamp
    public let seen: [ChangeID]

    public init(id: ChangeID, clock: Timestamp, seen: [ChangeID]) {
      self.id = id
      self.clock = clock
      self.seen = seen
    }
  }

  public subscript(field: FieldNumber) -> FieldState? { fields.first { $0.number == field } }

  /// Deleted, and nothing is alive that the deletions had not seen.
  public var isDeleted: Bool { !tombstones.isEmpty && unseenByDeletions.isEmpty }

  /// Deleted by somebody who had not seen an edit that is alive: it shows, and waits for a decision.
  public var isResurrected: Bool { !tombstones.isEmpty && !unseenByDeletions.isEmpty }

  /// The fields that hold several values at once, whose authors did not know of each other.
  public var conflicts: [FieldState] { fields.filter(\.isConflict) }

  private var unseenByDeletions: [ChangeID] {
    let seen = Set(tombstones.flatMap(\.seen))
    return aliveChanges.filter { !seen.contains($0) }
  }

  /// Every change that is alive here: what a deletion names.
  public var aliveChanges: [ChangeID] { fields.flatMap(\.alive).flatMap(\.changes) }

  /// The inside of a text that is alive, edited or not.
  public func document(of value: FieldState.AliveValue, in field: FieldNumber) -> TextDocument? {
    if let document = documents.first(where: { $0.id == value.id }) { return document }
    guard value.edits == nil, case .text(let text) = value.value else { return nil }
    return TextDocument(id: value.id, field: field, text: text.string)
  }

  public mutating func apply(_ operation: Operation, id: ChangeID, clock: Timestamp) {
    kind = min(kind, operation.kind)
    switch operation.action {
    case .put(let number, let value, let replaced):
      update(number, as: .register) { $0.put(value, replacing: replaced, id: id, clock: clock) }
    case .write(let number, let text, let replaced):
      var gone: [FieldState.AliveValue] = []
      update(number, as: .text) { field in
        gone = field.remove(replaced)
        field.put(.text(text), replacing: [], id: id, clock: clock)
      }
      for value in gone { keep(document(of: value, in: number)) }
    case .edit(let number, let edit):
      let written = fields.first { $0.number == number && $0.shape == .text }
      let document =
        documents.first { $0.id == edit.text && $0.field == number }
        ?? written?.alive.first { $0.id == edit.text }.flatMap { self.document(of: $0, in: number) }
      // Only an author who breaks the rules edits what is no text here.
      guard var document else { return }
      document.apply(edit, id: id)
      keep(document)
      update(number, as: .text) { $0.edited(document, by: id, clock: clock) }
    case .add(let number, let value):
      update(number, as: .set) { $0.put(value, replacing: [], id: id, clock: clock) }
    case .remove(let number, let additions):
      update(number, as: .set) { $0.remove(additions) }
    case .delete(let seen):
      tombstones.append(Tombstone(id: id, clock: clock, seen: seen))
      tombstones.sort { $0.id < $1.id }
    case .restore(let deletions):
      tombstones.removeAll { deletions.contains($0.id) }
    case .unknown:
      break
    }
  }

  private mutating func keep(_ document: TextDocument?) {
    guard let document else { return }
    documents.removeAll { $0.id == document.id }
    documents.insert(
      document, at: documents.firstIndex { $0.id > document.id } ?? documents.endIndex)
  }

  private mutating func update(
    _ number: FieldNumber, as shape: FieldState.Shape, _ change: (inout FieldState) -> Void
  ) {
    let index =
      fields.firstIndex { ($0.number, $0.shape.rawValue) >= (number, shape.rawValue) }
      ?? fields.endIndex
    if index == fields.endIndex || fields[index].number != number || fields[index].shape != shape {
      fields.insert(FieldState(number: number, shape: shape), at: index)
    }
    change(&fields[index])
    if fields[index].alive.isEmpty { fields.remove(at: index) }
  }
}
