public import ChangeLog

/// A value of several named parts, such as a participant or a citation.
public struct Parts: Hashable, Sendable {
  private let names: [String]
  private var values: [Value]

  /// - Returns: nil when the value is not of that type.
  public init?(value: Value, of type: FieldType) {
    guard case .parts(let parts) = type, case .list(let values) = value else { return nil }
    names = parts.map(\.name)
    // A newer version may have added parts at the end.
    self.values = Array(values.prefix(names.count))
    while self.values.count < names.count { self.values.append(.null) }
  }

  /// Parts that are all absent.
  public init?(of field: Field) { self.init(value: .list([]), of: field.type) }

  public subscript(name: String) -> Value? {
    get {
      guard let index = names.firstIndex(of: name), values[index] != .null else { return nil }
      return values[index]
    }
    set {
      guard let index = names.firstIndex(of: name) else { return }
      values[index] = newValue ?? .null
    }
  }

  public func text(_ name: String) -> String? {
    guard case .text(let text) = self[name] else { return nil }
    return text.string
  }

  public func reference(_ name: String) -> EntityID? {
    guard case .entity(let id) = self[name] else { return nil }
    return id
  }

  public func date(_ name: String) -> FuzzyDate? { self[name].flatMap { FuzzyDate(value: $0) } }

  public var value: Value { .list(values) }
}
