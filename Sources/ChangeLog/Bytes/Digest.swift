import Crypto

/// A SHA-256: names a changeset, or a point in a log (running hash).
public struct Digest: Hashable, Comparable, Sendable {
  private let words: (UInt64, UInt64, UInt64, UInt64)

  /// - Precondition: `bytes` has 32 elements.
  public init(bytes: some Collection<UInt8>) {
    precondition(bytes.count == 32)
    var rest = bytes[...]
    func next() -> UInt64 {
      defer { rest = rest.dropFirst(8) }
      return rest.prefix(8).reduce(0) { $0 << 8 | UInt64($1) }
    }
    words = (next(), next(), next(), next())
  }

  public init(of bytes: [UInt8]) { self.init(bytes: Array(SHA256.hash(data: bytes))) }

  private init(words: (UInt64, UInt64, UInt64, UInt64)) { self.words = words }

  public static let zero = Digest(words: (0, 0, 0, 0))

  public var bytes: [UInt8] {
    var writer = ByteWriter(reserving: 32)
    writer.append(digest: self)
    return writer.bytes
  }

  /// The running hash after `next` was put behind what this one stands for.
  public func followed(by next: Digest) -> Digest { Digest(of: bytes + next.bytes) }

  public static func == (a: Digest, b: Digest) -> Bool { a.words == b.words }

  public static func < (a: Digest, b: Digest) -> Bool { a.words < b.words }

  public func hash(into hasher: inout Hasher) { hasher.combine(words.0) }

  fileprivate var all: (UInt64, UInt64, UInt64, UInt64) { words }
}

extension Digest: CustomStringConvertible {
  public var description: String { Hexadecimal.encode(bytes) }
}

extension ByteWriter {
  public mutating func append(digest: Digest) {
    append(bigEndian: digest.all.0)
    append(bigEndian: digest.all.1)
    append(bigEndian: digest.all.2)
    append(bigEndian: digest.all.3)
  }
}

extension ByteReader {
  public mutating func digest() throws(FormatError) -> Digest { Digest(bytes: try raw(32)) }
}
