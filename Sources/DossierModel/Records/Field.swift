public import ChangeLog

/// One field of a kind of record: its number in the log, its name in JSON and on the command line, its type.
public struct Field: Sendable {
  public let number: FieldNumber
  public let name: String
  public let type: FieldType
  /// Holds any number of elements; otherwise one value.
  public let isSet: Bool
  /// A live record that names another here keeps that one visible.
  public let isParent: Bool
  /// For the program, not for people: not shown, not exported.
  public let isInternal: Bool
  /// What it says, for the documentation of fields.
  public let remark: String

  /// Two edits of it that did not know of each other become one text.
  public var merges: Bool {
    if case .prose = type { !isSet } else { false }
  }

  init(
    _ number: FieldNumber, _ name: String, _ type: FieldType, set: Bool = false,
    parent: Bool = false, internal isInternal: Bool = false, _ remark: String
  ) {
    self.number = number
    self.name = name
    self.type = type
    isSet = set
    isParent = parent
    self.isInternal = isInternal
    self.remark = remark
  }
}

/// What a field, or one part of it, can hold.
public indirect enum FieldType: Sendable {
  /// One line.
  case text
  /// Markdown of any length.
  case prose
  /// A word of an open list: the tool knows some, keeps any.
  case word([String])
  case flag
  case number
  case date
  /// Another record, of one of these kinds; of any kind when empty.
  case reference([Kind])
  /// Several parts that change as one. Parts may be absent.
  case parts([(name: String, type: FieldType)])
}
