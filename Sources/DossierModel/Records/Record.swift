public import ChangeLog

/// A record as it reads now: of each field the value shown, of each set its elements.
public struct Record: Sendable, Identifiable {
  public let id: EntityID
  public let kind: Kind
  /// Values by field; a register has one. Fields without a value are absent.
  public var values: [FieldNumber: [Value]]
  /// Fields that hold several values at once, which wait for a decision.
  public let conflicts: Set<FieldNumber>
  public let isDeleted: Bool

  public init(
    id: EntityID, kind: Kind, values: [FieldNumber: [Value]] = [:],
    conflicts: Set<FieldNumber> = [], isDeleted: Bool = false
  ) {
    self.id = id
    self.kind = kind
    self.values = values
    self.conflicts = conflicts
    self.isDeleted = isDeleted
  }

  /// - Returns: nil for a kind of a newer version.
  public init?(id: EntityID, state: EntityState) {
    guard let kind = Kind(rawValue: state.kind) else { return nil }
    var values: [FieldNumber: [Value]] = [:]
    for field in state.fields {
      switch field.shape {
      case .register:
        if let shown = field.shown, shown != .null { values[field.number] = [shown] }
      case .text:
        // An emptied text is none.
        if let shown = field.shown, shown != .text("") { values[field.number] = [shown] }
      case .set:
        // The order of the bytes: the same on every machine.
        values[field.number] = field.distinctValues.sorted {
          $0.encoded.lexicographicallyPrecedes($1.encoded)
        }
      }
    }
    self.init(
      id: id, kind: kind, values: values,
      conflicts: Set(state.conflicts.map(\.number)), isDeleted: state.isDeleted)
  }

  public func value(_ field: Field) -> Value? { values[field.number]?.first }
  public func elements(_ field: Field) -> [Value] { values[field.number] ?? [] }

  public func text(_ field: Field) -> String? {
    guard case .text(let text) = value(field) else { return nil }
    return text.string
  }

  public func flag(_ field: Field) -> Bool { value(field) == .bool(true) }

  public func number(_ field: Field) -> Int? {
    guard case .int(let number) = value(field) else { return nil }
    return Int(number)
  }

  public func date(_ field: Field) -> FuzzyDate? { value(field).flatMap { FuzzyDate(value: $0) } }

  public func reference(_ field: Field) -> EntityID? {
    guard case .entity(let id) = value(field) else { return nil }
    return id
  }

  public func references(_ field: Field) -> [EntityID] {
    elements(field).compactMap { if case .entity(let id) = $0 { id } else { nil } }
  }

  public func texts(_ field: Field) -> [String] {
    elements(field).compactMap { if case .text(let text) = $0 { text.string } else { nil } }
  }

  /// The elements of a set of parts, or the one value of a register of parts.
  public func parts(_ field: Field) -> [Parts] {
    elements(field).compactMap { Parts(value: $0, of: field.type) }
  }

  /// What it is called in a list: its name, or the first line of its words.
  public var title: String {
    let named = text(.name) ?? text(.acronym)
    switch kind {
    case .note: return named ?? firstLine(text(.noteText))
    case .action: return named ?? firstLine(text(.actionText))
    case .discrepancy: return named ?? firstLine(text(.what))
    case .role: return named ?? text(.title) ?? text(.roleWhat) ?? ""
    case .act: return named ?? text(.actWhat) ?? ""
    default: return named ?? text(.slug) ?? ""
    }
  }

  private func firstLine(_ text: String?) -> String {
    // Bytes, not characters: every record's title is made so.
    func isLineEnd(_ byte: UInt8) -> Bool { byte == 0x0a || byte == 0x0d }
    let body = (text ?? "").utf8.drop(while: isLineEnd)
    return String(Substring(body.prefix { !isLineEnd($0) }))
  }

  /// The date a list sorts and filters by.
  public var mainDate: FuzzyDate? {
    switch kind {
    case .partnership: date(.start)
    case .dialogue: date(.date)
    case .note: date(.when)
    case .action: date(.due)
    case .role: date(.roleStart) ?? date(.asOf)
    case .act: date(.actDate)
    case .document: date(.documentDate)
    default: nil
    }
  }

  /// Whether an action is still to be done. True for every other kind.
  public var isOpen: Bool { openState == nil || openState == "open" }

  /// "open", "done", "dropped"; nil when nobody said, which means open.
  public var openState: String? { parts(.actionState).first?.text("is") }

  /// Every record this one names, with the field it does so in.
  public var allReferences: [(field: Field, id: EntityID)] {
    kind.fields.flatMap { field in
      elements(field).flatMap { $0.entities.map { (field, $0) } }
    }
  }
}

extension Value {
  /// The records named in it.
  var entities: [EntityID] {
    switch self {
    case .entity(let id): [id]
    case .list(let items): items.flatMap(\.entities)
    default: []
    }
  }
}
