internal import DossierModel

/// Flat YAML at the head of a page. Every value is a quoted scalar or a list of them, so that no text can be
/// taken for another type or another key.
struct FrontMatter {
  private var lines: [String] = []

  mutating func add(_ key: String, _ value: String?) {
    guard let value, !value.isEmpty else { return }
    lines.append("\(key): \(Self.quoted(value))")
  }

  mutating func add(_ key: String, _ values: [String]) {
    guard !values.isEmpty else { return }
    lines.append("\(key): [\(values.map(Self.quoted).joined(separator: ", "))]")
  }

  var text: String { "---\n" + lines.joined(separator: "\n") + "\n---" }

  private static func quoted(_ text: String) -> String {
    var quoted = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"", "\\":
        quoted += "\\"
        quoted.unicodeScalars.append(scalar)
      default:
        if scalar.mustBeEscaped {
          let digits = String(scalar.value, radix: 16)
          quoted +=
            scalar.value > 0xffff
            ? "\\U" + String(repeating: "0", count: 8 - digits.count) + digits
            : "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
        } else {
          quoted.unicodeScalars.append(scalar)
        }
      }
    }
    return quoted + "\""
  }
}
