/// What a field can hold. The engine compares values by their bytes and never looks inside.
public enum Value: Hashable, Sendable {
  /// A field that was emptied.
  case null
  case bool(Bool)
  case int(Int64)
  /// Kept byte for byte: no Unicode normalisation.
  case text(Text)
  case bytes([UInt8])
  /// A reference to another entity.
  case entity(EntityID)
  /// A value of several parts, such as a fuzzy date or a citation.
  case list([Value])

  public static func text(_ string: String) -> Value { .text(Text(string)) }
}

/// A text that is equal only to the same bytes. `String` would find "é" and "e + accent" equal, and the
/// database would not.
public struct Text: Hashable, Sendable {
  public let string: String

  public init(_ string: String) { self.string = string }

  public static func == (a: Text, b: Text) -> Bool { a.string.utf8.elementsEqual(b.string.utf8) }

  public func hash(into hasher: inout Hasher) {
    for byte in string.utf8 { hasher.combine(byte) }
  }
}

extension Value {
  /// How deep lists may nest.
  public static let maximumDepth = 8

  public func encode(into writer: inout ByteWriter) {
    switch self {
    case .null: writer.append(0)
    case .bool(false): writer.append(1)
    case .bool(true): writer.append(2)
    case .int(let number):
      writer.append(3)
      writer.append(signed: number)
    case .text(let text):
      writer.append(4)
      writer.append(text: text.string)
    case .bytes(let bytes):
      writer.append(5)
      writer.append(block: bytes)
    case .entity(let id):
      writer.append(6)
      writer.append(id: id)
    case .list(let items):
      writer.append(7)
      writer.append(count: items.count)
      for item in items { item.encode(into: &writer) }
    }
  }

  public init(from reader: inout ByteReader, depth: Int = 0) throws(FormatError) {
    let start = reader.offset
    switch try reader.byte() {
    case 0: self = .null
    case 1: self = .bool(false)
    case 2: self = .bool(true)
    case 3: self = .int(try reader.signed())
    case 4: self = .text(try reader.text())
    case 5: self = .bytes(Array(try reader.block()))
    case 6: self = .entity(try reader.id())
    case 7:
      guard depth < Self.maximumDepth else { throw .invalid("lists nest too deep") }
      let count = try reader.itemCount(minimumSize: 1)
      var items: [Value] = []
      items.reserveCapacity(count)
      for _ in 0..<count { items.append(try Value(from: &reader, depth: depth + 1)) }
      self = .list(items)
    default: throw .invalid("unknown type of value at byte \(start)")
    }
  }

  public var encoded: [UInt8] {
    var writer = ByteWriter()
    encode(into: &writer)
    return writer.bytes
  }
}
