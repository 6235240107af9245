public import ChangeLog

/// The kinds of record. Numbers are for ever; a kind of a newer version is kept and relayed, not shown.
public enum Kind: KindNumber, CaseIterable, Sendable {
  case partnership = 1
  case dialogue = 2
  /// Something written or said: note, decision, position, statement, line to take.
  case note = 3
  case action = 4
  /// State, organisation, unit, group or person.
  case party = 5
  /// What a party is in a partnership, a dialogue or another party, for a time.
  case role = 6
  /// What a party did to a partnership or document on a date.
  case act = 7
  case document = 8
  /// What sources disagree on.
  case discrepancy = 9
  case topic = 10
  /// One of the ordered points a partnership declares.
  case principle = 11
  /// A programme or a fund that supports partnerships.
  case instrument = 12
  /// A machine of a member.
  case device = 13

  /// The singular word, as in JSON and on the command line.
  public var name: String { "\(self)" }

  /// "a note", "an action".
  public var withArticle: String { ("aeiou".contains(name.first ?? "x") ? "an " : "a ") + name }

  public var plural: String {
    switch self {
    case .party: "parties"
    case .discrepancy: "discrepancies"
    default: name + "s"
    }
  }

  /// First letter of short ids.
  public var letter: Character {
    switch self {
    case .partnership: "p"
    case .dialogue: "d"
    case .note: "n"
    case .action: "a"
    case .party: "y"
    case .role: "r"
    case .act: "t"
    case .document: "f"
    case .discrepancy: "x"
    case .topic: "o"
    case .principle: "g"
    case .instrument: "i"
    case .device: "v"
    }
  }

  public init?(letter: Character) {
    guard let kind = Self.allCases.first(where: { $0.letter == letter }) else { return nil }
    self = kind
  }

  private static let byWord: [String: Kind] = Dictionary(
    uniqueKeysWithValues: allCases.flatMap { [($0.name, $0), ($0.plural, $0)] })

  /// - Parameter word: singular or plural.
  public init?(word: String) {
    guard let kind = Self.byWord[word] else { return nil }
    self = kind
  }

  /// All fields a record of this kind can have, in the order they are shown and exported.
  public var fields: [Field] { Field.table[self]! }

  public func field(named name: String) -> Field? { fields.first { $0.name == name } }
  public func field(_ number: FieldNumber) -> Field? { fields.first { $0.number == number } }
}
