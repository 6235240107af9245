/// The number of a kind of record, or of a field; the product gives them their meaning.
public typealias KindNumber = UInt32
public typealias FieldNumber = UInt32

/// One change of one entity.
public struct Operation: Hashable, Sendable {
  public let entity: EntityID
  public let kind: KindNumber
  public let action: Action

  public init(entity: EntityID, kind: KindNumber, _ action: Action) {
    self.entity = entity
    self.kind = kind
    self.action = action
  }

  public enum Action: Hashable, Sendable {
    /// A field takes a value in the place of those its author saw.
    case put(FieldNumber, Value, replacing: [ChangeID])
    /// A field takes a text that merges, in the place of those its author saw.
    case write(FieldNumber, Text, replacing: [ChangeID])
    /// A text that merges is edited.
    case edit(FieldNumber, TextEdit)
    /// A set gains an element.
    case add(FieldNumber, Value)
    /// A set loses the additions its author saw; one it had not seen stays.
    case remove(FieldNumber, [ChangeID])
    /// The entity goes, with all of it that its author saw.
    case delete(seen: [ChangeID])
    /// The deletions named are taken back.
    case restore([ChangeID])
    /// An operation of a newer version: kept and relayed as it is, applied after an upgrade.
    case unknown(code: UInt64, [UInt8])
  }

  /// The codes on the wire.
  enum Code {
    static let put: UInt64 = 1
    static let add: UInt64 = 2
    static let remove: UInt64 = 3
    static let delete: UInt64 = 4
    static let restore: UInt64 = 5
    static let write: UInt64 = 6
    static let edit: UInt64 = 7
    static let last = edit
    /// No operation on an entity: see ``Body/checkpoint``. Older programs keep it as one they do not know.
    static let checkpoint: UInt64 = 8
    /// The same: see ``Body/adopts``.
    static let adopts: UInt64 = 9
  }
}

extension Operation.Action {
  /// The changes it names.
  public var named: [ChangeID] {
    switch self {
    case .put(_, _, let changes), .write(_, _, let changes), .remove(_, let changes),
      .delete(let changes),
      .restore(let changes):
      changes
    case .edit(_, let edit): edit.named
    case .add, .unknown: []
    }
  }
}
