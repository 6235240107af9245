/// Reads the canonical encoding that ``ByteWriter`` writes, from bytes that may be hostile.
///
/// Every length is checked against what is there before anything is allocated, so the memory used is
/// bounded by a small multiple of the input.
public struct ByteReader: Sendable {
  private let bytes: [UInt8]
  public private(set) var offset: Int
  private let end: Int

  public init(_ bytes: [UInt8]) {
    self.bytes = bytes
    offset = 0
    end = bytes.count
  }

  private init(_ bytes: [UInt8], from start: Int, to end: Int) {
    self.bytes = bytes
    offset = start
    self.end = end
  }

  public var remaining: Int { end - offset }
  public var isAtEnd: Bool { offset == end }

  public mutating func byte() throws(FormatError) -> UInt8 {
    guard offset < end else { throw .truncated(at: offset) }
    defer { offset += 1 }
    return bytes[offset]
  }

  public mutating func raw(_ count: Int) throws(FormatError) -> ArraySlice<UInt8> {
    guard count >= 0, count <= remaining else { throw .truncated(at: offset) }
    defer { offset += count }
    return bytes[offset..<offset + count]
  }

  public mutating func varint() throws(FormatError) -> UInt64 {
    let start = offset
    var number: UInt64 = 0
    var shift: UInt64 = 0
    while true {
      let next = try byte()
      // The tenth byte may carry one bit only.
      guard shift < 63 || (shift == 63 && next <= 1) else { throw .numberOutOfRange(at: start) }
      number |= UInt64(next & 0x7f) << shift
      if next < 0x80 {
        guard next != 0 || shift == 0 else { throw .notCanonical(at: start) }
        return number
      }
      shift += 7
    }
  }

  /// A count, an index or a position: 0 to `limit`.
  public mutating func count(upTo limit: Int = Int(UInt32.max)) throws(FormatError) -> Int {
    let start = offset
    let number = try varint()
    guard number <= UInt64(limit) else { throw .numberOutOfRange(at: start) }
    return Int(number)
  }

  /// The number of items that follow, each at least `minimumSize` bytes long.
  public mutating func itemCount(minimumSize: Int) throws(FormatError) -> Int {
    try count(upTo: remaining / max(1, minimumSize))
  }

  public mutating func signed() throws(FormatError) -> Int64 {
    let number = try varint()
    return Int64(bitPattern: number >> 1) ^ -Int64(bitPattern: number & 1)
  }

  public mutating func bigEndian() throws(FormatError) -> UInt64 {
    try raw(8).reduce(0) { $0 << 8 | UInt64($1) }
  }

  public mutating func text() throws(FormatError) -> String {
    let start = offset
    let slice = try raw(count(upTo: remaining))
    guard let text = String(validating: slice, as: UTF8.self) else { throw .invalidText(at: start) }
    // SQLite and C cut a text at NUL; such a text could not be kept whole.
    guard !slice.contains(0) else { throw .invalidText(at: start) }
    return text
  }

  public mutating func block() throws(FormatError) -> ArraySlice<UInt8> {
    try raw(count(upTo: remaining))
  }

  /// A reader over the next `length` bytes, which this one steps over.
  public mutating func nested(_ length: Int) throws(FormatError) -> ByteReader {
    guard length >= 0, length <= remaining else { throw .truncated(at: offset) }
    defer { offset += length }
    return ByteReader(bytes, from: offset, to: offset + length)
  }

  public func expectEnd() throws(FormatError) {
    guard isAtEnd else { throw .trailingBytes(at: offset) }
  }
}

/// Why bytes are not what they claim to be. Offsets count from the start of the message.
public enum FormatError: Error, Equatable, Sendable {
  case truncated(at: Int)
  case notCanonical(at: Int)
  case numberOutOfRange(at: Int)
  case invalidText(at: Int)
  case trailingBytes(at: Int)
  case unknownFormat(Int)
  case tooLarge(limit: Int)
  case invalid(String)
  /// Sealed with a key of the workspace that is not here.
  case sealed(epoch: UInt64)
}

extension FormatError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .truncated(let at): "the data ends early, at byte \(at)"
    case .notCanonical(let at): "a number is not in its shortest form, at byte \(at)"
    case .numberOutOfRange(let at): "a number is out of range, at byte \(at)"
    case .invalidText(let at): "a text is not valid UTF-8 or holds NUL, at byte \(at)"
    case .trailingBytes(let at): "data goes on after its end, at byte \(at)"
    case .unknownFormat(let number): "format \(number) is not known to this version"
    case .tooLarge(let limit): "larger than \(limit) bytes"
    case .invalid(let what): what
    case .sealed(let epoch): "sealed with the key of epoch \(epoch), which is not here"
    }
  }
}
