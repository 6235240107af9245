/// What everybody on the way can read of a changeset, the server included.
public struct Header: Hashable, Sendable {
  /// The version of the format these bytes are in.
  public static let format: UInt8 = 1
  /// The newest rules this program can apply; see ``minimumReader``.
  public static let reader: UInt64 = 2

  /// The oldest reader that may apply this changeset. An older one keeps it and waits for its upgrade.
  public var minimumReader: UInt64
  public var workspace: WorkspaceID
  public var writer: WriterID
  /// 1 for the writer's first changeset, without gaps.
  public var sequence: UInt64
  /// The writer's changeset before this one; zero for the first.
  public var previous: ChangesetID
  public var clock: Timestamp
  /// Which key of the workspace seals the body; 0 means that it is not encrypted.
  public var epoch: UInt64
  /// Whether the writer's next changeset belongs to the same command: all parts apply together or not at all.
  public var isContinued: Bool
  /// In the first changeset of a writer, and only there: who it is.
  public var introduction: Introduction?
  /// How far the author had read other writers, where that moved since the author's previous changeset.
  public var seen: [Seen]

  public struct Seen: Hashable, Sendable {
    public let writer: WriterID
    public let sequence: UInt64
    /// The changeset with that number: of a writer whose store was copied there can be two.
    public let id: ChangesetID

    public init(writer: WriterID, sequence: UInt64, id: ChangesetID) {
      self.writer = writer
      self.sequence = sequence
      self.id = id
    }
  }

  public init(
    workspace: WorkspaceID, writer: WriterID, sequence: UInt64, previous: ChangesetID,
    clock: Timestamp, minimumReader: UInt64 = 1, epoch: UInt64 = 0, isContinued: Bool = false,
    introduction: Introduction? = nil, seen: [Seen] = []
  ) {
    self.minimumReader = minimumReader
    self.workspace = workspace
    self.writer = writer
    self.sequence = sequence
    self.previous = previous
    self.clock = clock
    self.epoch = epoch
    self.isContinued = isContinued
    self.introduction = introduction
    self.seen = seen.sorted { $0.writer < $1.writer }
  }

  private enum Flag {
    static let continued: UInt8 = 1
    static let introduces: UInt8 = 2
  }

  func encode(into writer: inout ByteWriter) {
    writer.append(Self.format)
    writer.append((isContinued ? Flag.continued : 0) | (introduction != nil ? Flag.introduces : 0))
    writer.append(varint: minimumReader)
    writer.append(id: workspace)
    writer.append(id: self.writer)
    writer.append(varint: sequence)
    writer.append(digest: previous)
    writer.append(bigEndian: clock.rawValue)
    writer.append(varint: epoch)
    if let introduction {
      writer.append(raw: introduction.key.bytes)
      writer.append(id: introduction.salt)
    }
    writer.append(count: seen.count)
    for seen in seen {
      writer.append(id: seen.writer)
      writer.append(varint: seen.sequence)
      writer.append(digest: seen.id)
    }
  }

  init(from reader: inout ByteReader) throws(FormatError) {
    let format = try reader.byte()
    guard format == Self.format else { throw .unknownFormat(Int(format)) }
    let flags = try reader.byte()
    guard flags & ~(Flag.continued | Flag.introduces) == 0 else {
      throw .invalid("a flag of the header is not known to this version")
    }
    isContinued = flags & Flag.continued != 0
    minimumReader = try reader.varint()
    workspace = try reader.id()
    writer = try reader.id()
    sequence = try Self.sequence(from: &reader)
    previous = try reader.digest()
    clock = Timestamp(rawValue: try reader.bigEndian())
    epoch = try reader.varint()
    introduction = flags & Flag.introduces != 0 ? try Introduction(from: &reader) : nil
    let count = try reader.itemCount(minimumSize: 49)
    seen = []
    seen.reserveCapacity(count)
    for _ in 0..<count {
      let writer: WriterID = try reader.id()
      let sequence = try Self.sequence(from: &reader)
      let next = Seen(writer: writer, sequence: sequence, id: try reader.digest())
      guard seen.last.map({ $0.writer < next.writer }) ?? true, next.writer != self.writer else {
        throw .invalid("the writers seen are not in order")
      }
      seen.append(next)
    }
    guard (sequence == 1) == (introduction != nil), (sequence == 1) == (previous == .zero) else {
      throw .invalid("only a writer's first changeset introduces it and has no previous one")
    }
    guard introduction?.writer ?? writer == writer else {
      throw .invalid("the writer's name does not come from its key")
    }
  }

  /// 1 to 2^53 - 1, so that every language and every database can hold it.
  static func sequence(from reader: inout ByteReader) throws(FormatError) -> UInt64 {
    let number = try reader.count(upTo: 1 << 53 - 1)
    guard number > 0 else { throw .invalid("sequence numbers begin at 1") }
    return UInt64(number)
  }
}

/// Binds a writer's name to the key of its device. The name is a hash of both, so no other key can take it.
public struct Introduction: Hashable, Sendable {
  public let key: PublicKey
  /// Distinguishes the lives of one device's store.
  public let salt: ID<Writer>

  public init(key: PublicKey, salt: ID<Writer>) {
    self.key = key
    self.salt = salt
  }

  init(from reader: inout ByteReader) throws(FormatError) {
    key = PublicKey(bytes: Array(try reader.raw(PublicKey.size)))
    salt = try reader.id()
  }

  /// The first 16 bytes of SHA-256 over "dossier writer 1", the key and the salt.
  public var writer: WriterID {
    let named = Array("dossier writer 1".utf8) + key.bytes + salt.bytes
    return WriterID(bytes: Digest(of: named).bytes.prefix(16))
  }
}
