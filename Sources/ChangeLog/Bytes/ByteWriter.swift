/// Appends the canonical encoding of numbers, texts and identifiers to a byte array.
///
/// Every value has exactly one encoding; ``ByteReader`` refuses any other.
public struct ByteWriter: Sendable {
  public private(set) var bytes: [UInt8] = []

  public init(reserving capacity: Int = 0) { bytes.reserveCapacity(capacity) }

  public mutating func append(_ byte: UInt8) { bytes.append(byte) }

  public mutating func append(raw more: some Sequence<UInt8>) { bytes.append(contentsOf: more) }

  /// LEB128: seven bits a byte, least significant first, shortest form only.
  public mutating func append(varint number: UInt64) {
    var rest = number
    while rest >= 0x80 {
      bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    bytes.append(UInt8(rest))
  }

  /// A count or an index. Negative numbers are a programming error.
  public mutating func append(count: Int) { append(varint: UInt64(count)) }

  /// Zigzag, so that small negative numbers stay short.
  public mutating func append(signed number: Int64) {
    append(varint: UInt64(bitPattern: (number << 1) ^ (number >> 63)))
  }

  public mutating func append(bigEndian number: UInt64) {
    withUnsafeBytes(of: number.bigEndian) { bytes.append(contentsOf: $0) }
  }

  /// The length in bytes, then the bytes of the text in UTF-8.
  public mutating func append(text: String) {
    append(count: text.utf8.count)
    bytes.append(contentsOf: text.utf8)
  }

  /// The length, then the bytes.
  public mutating func append(block: [UInt8]) {
    append(count: block.count)
    bytes.append(contentsOf: block)
  }
}
