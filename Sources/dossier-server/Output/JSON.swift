/// A JSON text (RFC 8259), keys in the order given.
enum JSON {
  case null
  case number(Int)
  case flag(Bool)
  case text(String)
  case list([JSON])
  case object([(String, JSON)])

  static func optional(_ number: Int?) -> JSON { number.map(JSON.number) ?? .null }

  var encoded: String {
    switch self {
    case .null: "null"
    case .number(let number): "\(number)"
    case .flag(let flag): "\(flag)"
    case .text(let text): Self.quoted(text)
    case .list(let items): "[" + items.map(\.encoded).joined(separator: ",") + "]"
    case .object(let members):
      "{" + members.map { "\(Self.quoted($0)):\($1.encoded)" }.joined(separator: ",") + "}"
    }
  }

  private static func quoted(_ text: String) -> String {
    var quoted = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": quoted += "\\\""
      case "\\": quoted += "\\\\"
      case _ where scalar.value < 0x20 || (0x7f...0x9f).contains(scalar.value):
        let digits = String(scalar.value, radix: 16)
        quoted += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      default: quoted.unicodeScalars.append(scalar)
      }
    }
    return quoted + "\""
  }
}
