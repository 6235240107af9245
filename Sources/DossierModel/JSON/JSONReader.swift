/// Reads one JSON value strictly.
public struct JSONReader {
  /// How deep arrays and objects may nest.
  public static let maximumDepth = 32

  private let bytes: [UInt8]
  private var offset = 0

  /// - Throws: ``JSONProblem`` with the column where reading stopped.
  public static func read(_ bytes: [UInt8]) throws(JSONProblem) -> JSON {
    var reader = JSONReader(bytes: bytes)
    reader.skipSpace()
    let value = try reader.value(depth: 0)
    reader.skipSpace()
    guard reader.offset == bytes.count else { throw reader.problem("something follows the value") }
    return value
  }

  private init(bytes: [UInt8]) { self.bytes = bytes }

  private func problem(_ what: String) -> JSONProblem {
    JSONProblem(column: offset + 1, reason: what)
  }

  private var next: UInt8? { offset < bytes.count ? bytes[offset] : nil }

  private mutating func skipSpace() {
    while let byte = next, byte == 0x20 || byte == 0x09 || byte == 0x0a || byte == 0x0d {
      offset += 1
    }
  }

  private mutating func value(depth: Int) throws(JSONProblem) -> JSON {
    guard depth < Self.maximumDepth else { throw problem("nested too deep") }
    switch next {
    case UInt8(ascii: "{"): return try object(depth: depth)
    case UInt8(ascii: "["): return try array(depth: depth)
    case UInt8(ascii: "\""): return .string(try string())
    case UInt8(ascii: "t"): return try word("true", .bool(true))
    case UInt8(ascii: "f"): return try word("false", .bool(false))
    case UInt8(ascii: "n"): return try word("null", .null)
    case nil: throw problem("the value ends early")
    case let byte? where byte == UInt8(ascii: "-") || (48...57).contains(byte): return try number()
    default: throw problem("no JSON value begins like this")
    }
  }

  private mutating func word(_ word: String, _ value: JSON) throws(JSONProblem) -> JSON {
    guard bytes[offset...].starts(with: word.utf8) else {
      throw problem("no JSON value begins like this")
    }
    offset += word.utf8.count
    return value
  }

  private mutating func object(depth: Int) throws(JSONProblem) -> JSON {
    offset += 1
    var members: [JSON.Member] = []
    var keys: Set<String> = []
    skipSpace()
    if next == UInt8(ascii: "}") {
      offset += 1
      return .object([])
    }
    while true {
      skipSpace()
      guard next == UInt8(ascii: "\"") else { throw problem("a key in quotes is expected") }
      let key = try string()
      guard keys.insert(key).inserted else { throw problem("the key \"\(key)\" stands here twice") }
      skipSpace()
      guard next == UInt8(ascii: ":") else { throw problem("a colon is expected") }
      offset += 1
      skipSpace()
      members.append(JSON.Member(key, try value(depth: depth + 1)))
      skipSpace()
      switch next {
      case UInt8(ascii: ","): offset += 1
      case UInt8(ascii: "}"):
        offset += 1
        return .object(members)
      default: throw problem("a comma or } is expected")
      }
    }
  }

  private mutating func array(depth: Int) throws(JSONProblem) -> JSON {
    offset += 1
    var items: [JSON] = []
    skipSpace()
    if next == UInt8(ascii: "]") {
      offset += 1
      return .array([])
    }
    while true {
      skipSpace()
      items.append(try value(depth: depth + 1))
      skipSpace()
      switch next {
      case UInt8(ascii: ","): offset += 1
      case UInt8(ascii: "]"):
        offset += 1
        return .array(items)
      default: throw problem("a comma or ] is expected")
      }
    }
  }

  private mutating func number() throws(JSONProblem) -> JSON {
    let start = offset
    func isDigit(_ byte: UInt8?) -> Bool { byte.map { (48...57).contains($0) } ?? false }
    if next == UInt8(ascii: "-") { offset += 1 }
    guard isDigit(next) else { throw problem("a digit is expected") }
    if next == UInt8(ascii: "0") { offset += 1 } else { while isDigit(next) { offset += 1 } }
    guard !isDigit(next) else { throw problem("a number does not begin with 0") }
    var isInteger = true
    if next == UInt8(ascii: ".") {
      isInteger = false
      offset += 1
      guard isDigit(next) else { throw problem("a digit is expected") }
      while isDigit(next) { offset += 1 }
    }
    if next == UInt8(ascii: "e") || next == UInt8(ascii: "E") {
      isInteger = false
      offset += 1
      if next == UInt8(ascii: "+") || next == UInt8(ascii: "-") { offset += 1 }
      guard isDigit(next) else { throw problem("a digit is expected") }
      while isDigit(next) { offset += 1 }
    }
    let text = String(decoding: bytes[start..<offset], as: UTF8.self)
    if isInteger, let number = Int64(text) { return .int(number) }
    return .decimal(text)
  }

  private mutating func string() throws(JSONProblem) -> String {
    offset += 1
    let start = offset
    // Most strings have no escapes: one copy.
    while let byte = next, byte != UInt8(ascii: "\""), byte != UInt8(ascii: "\\"), byte >= 0x20 {
      offset += 1
    }
    if next == UInt8(ascii: "\"") {
      defer { offset += 1 }
      return try text(bytes[start..<offset])
    }
    var collected = Array(bytes[start..<offset])
    while let byte = next {
      switch byte {
      case UInt8(ascii: "\""):
        offset += 1
        return try text(collected[...])
      case UInt8(ascii: "\\"): try escape(into: &collected)
      case 0..<0x20: throw problem("a control character stands in a string")
      default:
        collected.append(byte)
        offset += 1
      }
    }
    throw problem("a string does not end")
  }

  private func text(_ slice: ArraySlice<UInt8>) throws(JSONProblem) -> String {
    guard let text = String(validating: slice, as: UTF8.self) else {
      throw problem("a string is not valid UTF-8")
    }
    return text
  }

  private mutating func escape(into collected: inout [UInt8]) throws(JSONProblem) {
    offset += 1
    guard let letter = next else { throw problem("a string does not end") }
    offset += 1
    switch letter {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): collected.append(letter)
    case UInt8(ascii: "b"): collected.append(8)
    case UInt8(ascii: "f"): collected.append(12)
    case UInt8(ascii: "n"): collected.append(10)
    case UInt8(ascii: "r"): collected.append(13)
    case UInt8(ascii: "t"): collected.append(9)
    case UInt8(ascii: "u"):
      let scalar = try unicodeEscape()
      collected.append(contentsOf: String(scalar).utf8)
    default: throw problem("no escape is written like this")
    }
  }

  private mutating func unicodeEscape() throws(JSONProblem) -> Unicode.Scalar {
    let first = try fourDigits()
    if let scalar = Unicode.Scalar(first) {
      guard scalar.value != 0 else { throw problem("NUL cannot be kept") }
      return scalar
    }
    guard first < 0xdc00, next == UInt8(ascii: "\\") else { throw problem("half a character") }
    offset += 1
    guard next == UInt8(ascii: "u") else { throw problem("half a character") }
    offset += 1
    let second = try fourDigits()
    guard (0xdc00...0xdfff).contains(second),
      let scalar = Unicode.Scalar(0x10000 + (first - 0xd800) << 10 + (second - 0xdc00))
    else { throw problem("half a character") }
    return scalar
  }

  private mutating func fourDigits() throws(JSONProblem) -> UInt32 {
    guard offset + 4 <= bytes.count else { throw problem("four digits are expected") }
    var number: UInt32 = 0
    for byte in bytes[offset..<offset + 4] {
      guard let digit = Character(Unicode.Scalar(byte)).hexDigitValue, byte < 0x80 else {
        throw problem("four digits are expected")
      }
      number = number << 4 | UInt32(digit)
    }
    offset += 4
    return number
  }
}

/// Why a text is no JSON.
public struct JSONProblem: Error, Equatable, Sendable {
  /// The byte of the line, from 1.
  public let column: Int
  public let reason: String
}
