/// A snapshot that a log keeps: its name, how far it goes, how long it is.
public struct KeptSnapshot: Hashable, Sendable {
  /// The SHA-256 of all its bytes.
  public let id: Digest
  /// The position of the last changeset it stands for.
  public let position: Int
  /// In bytes.
  public let size: Int

  public init(id: Digest, position: Int, size: Int) {
    self.id = id
    self.position = position
    self.size = size
  }

  func encode(into writer: inout ByteWriter) {
    writer.append(digest: id)
    writer.append(count: position)
    writer.append(count: size)
  }

  init(from reader: inout ByteReader) throws(FormatError) {
    id = try reader.digest()
    position = try reader.count(upTo: 1 << 53 - 1)
    size = try reader.count(upTo: Snapshot.maximumSize)
  }
}

/// A stretch of a snapshot's bytes.
public struct SnapshotPart: Hashable, Sendable {
  /// Of the whole snapshot.
  public let id: Digest
  /// Of the whole, in bytes.
  public let size: Int
  public let offset: Int
  public let bytes: [UInt8]

  /// How long a part is, in bytes; the last may be shorter.
  public static let length = 2 << 20

  public init(id: Digest, size: Int, offset: Int, bytes: [UInt8]) {
    self.id = id
    self.size = size
    self.offset = offset
    self.bytes = bytes
  }

  /// The part at an offset of a snapshot's bytes.
  public init(of whole: [UInt8], id: Digest, at offset: Int) {
    let end = min(whole.count, offset + Self.length)
    self.init(id: id, size: whole.count, offset: offset, bytes: Array(whole[offset..<end]))
  }

  func encode(into writer: inout ByteWriter) {
    writer.append(digest: id)
    writer.append(count: size)
    writer.append(count: offset)
    writer.append(block: bytes)
  }

  init(from reader: inout ByteReader) throws(FormatError) {
    id = try reader.digest()
    size = try reader.count(upTo: Snapshot.maximumSize)
    offset = try reader.count(upTo: size)
    bytes = Array(try reader.block())
    guard !bytes.isEmpty, bytes.count <= min(size - offset, Self.length) else {
      throw .invalid("a part of a snapshot lies outside of it")
    }
  }
}

/// What a replica has to say about snapshots in one exchange.
public enum SnapshotRequest: Hashable, Sendable {
  case none
  /// Send that one from there on.
  case wants(id: Digest, offset: Int)
  /// Here is a part of one that we made, or that our own log begins with.
  case offers(SnapshotPart)

  func encode(into writer: inout ByteWriter) {
    switch self {
    case .none: writer.append(0)
    case .wants(let id, let offset):
      writer.append(1)
      writer.append(digest: id)
      writer.append(count: offset)
    case .offers(let part):
      writer.append(2)
      part.encode(into: &writer)
    }
  }

  init(from reader: inout ByteReader) throws(FormatError) {
    switch try reader.byte() {
    case 0: self = .none
    case 1:
      let id = try reader.digest()
      self = .wants(id: id, offset: try reader.count(upTo: Snapshot.maximumSize))
    case 2: self = .offers(try SnapshotPart(from: &reader))
    default: throw .invalid("what it asks of snapshots is not known to this version")
    }
  }
}

/// What became of a part that was offered.
public enum SnapshotVerdict: Hashable, Sendable {
  /// None was offered.
  case none
  /// So many bytes of it are here; the next part begins there.
  case needs(offset: Int)
  /// The log has all that it stands for.
  case taken
  case refused(Verdict.Refusal)

  func encode(into writer: inout ByteWriter) {
    switch self {
    case .none: writer.append(0)
    case .needs(let offset):
      writer.append(1)
      writer.append(count: offset)
    case .taken: writer.append(2)
    case .refused(let refusal):
      writer.append(3)
      writer.append(refusal.rawValue)
    }
  }

  init(from reader: inout ByteReader) throws(FormatError) {
    switch try reader.byte() {
    case 0: self = .none
    case 1: self = .needs(offset: try reader.count(upTo: Snapshot.maximumSize))
    case 2: self = .taken
    case 3:
      guard let refusal = Verdict.Refusal(rawValue: try reader.byte()) else { fallthrough }
      self = .refused(refusal)
    default: throw .invalid("the verdict on a snapshot is not known to this version")
    }
  }
}
