/// 128 bits that name one thing for ever. `Owner` says what kind of thing; it has no values.
///
/// Ids of entities begin with 48 bits of time, so that rows made one after another lie side by side,
/// and end with 80 random bits, which are what people see (``Base32``).
public struct ID<Owner>: Hashable, Comparable, Sendable {
  public let high: UInt64
  public let low: UInt64

  public init(high: UInt64, low: UInt64) {
    self.high = high
    self.low = low
  }

  /// - Precondition: `bytes` has 16 elements.
  public init(bytes: some Collection<UInt8>) {
    precondition(bytes.count == 16)
    high = bytes.prefix(8).reduce(0) { $0 << 8 | UInt64($1) }
    low = bytes.dropFirst(8).reduce(0) { $0 << 8 | UInt64($1) }
  }

  /// A new id: the time in milliseconds since 1970, then 80 of the 128 random bits given.
  public init(milliseconds: UInt64, random: (UInt64, UInt64)) {
    self.init(high: milliseconds << 16 | random.0 & 0xffff, low: random.1)
  }

  public static var zero: Self { Self(high: 0, low: 0) }

  public var bytes: [UInt8] {
    var writer = ByteWriter(reserving: 16)
    writer.append(id: self)
    return writer.bytes
  }

  public static func < (a: Self, b: Self) -> Bool { (a.high, a.low) < (b.high, b.low) }
}

public enum Entity {}
public enum Writer {}
public enum Workspace {}
public enum Log {}

/// Names a record of the product.
public typealias EntityID = ID<Entity>
/// Names one life of a device's store.
public typealias WriterID = ID<Writer>
/// Names what a team shares.
public typealias WorkspaceID = ID<Workspace>
/// Names one life of a remote's log.
public typealias LogID = ID<Log>

extension ID: CustomStringConvertible {
  public var description: String { Hexadecimal.encode(bytes) }
}

extension ByteWriter {
  public mutating func append<Owner>(id: ID<Owner>) {
    append(bigEndian: id.high)
    append(bigEndian: id.low)
  }
}

extension ByteReader {
  public mutating func id<Owner>(_: Owner.Type = Owner.self) throws(FormatError) -> ID<Owner> {
    ID(high: try bigEndian(), low: try bigEndian())
  }
}
