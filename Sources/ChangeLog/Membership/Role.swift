/// What a member may do.
public enum Role: String, CaseIterable, Sendable {
  /// May write, and say who else may.
  case owner
  case editor
  /// May read only.
  case reader

  var code: UInt8 {
    switch self {
    case .owner: 1
    case .editor: 2
    case .reader: 3
    }
  }

  init?(code: UInt8) {
    guard let role = Self.allCases.first(where: { $0.code == code }) else { return nil }
    self = role
  }
}
