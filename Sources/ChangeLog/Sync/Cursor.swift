/// How far a replica has read a log: the position, and the running hash there.
///
/// The hash at position 0 is zero; at every further position it is the SHA-256 over the hash before and
/// the id of the changeset there. Two logs with the same hash at a position are the same up to it.
public struct Cursor: Hashable, Sendable {
  public var log: LogID
  public var position: Int
  public var hash: Digest

  public init(log: LogID, position: Int, hash: Digest) {
    self.log = log
    self.position = position
    self.hash = hash
  }

  /// Nothing read, of no log in particular.
  public static let start = Cursor(log: .zero, position: 0, hash: .zero)

  /// The cursor after one more changeset.
  public func advanced(over id: ChangesetID) -> Cursor {
    Cursor(log: log, position: position + 1, hash: hash.followed(by: id))
  }

  func encode(into writer: inout ByteWriter) {
    writer.append(id: log)
    writer.append(count: position)
    writer.append(digest: hash)
  }

  init(from reader: inout ByteReader) throws(FormatError) {
    log = try reader.id()
    position = try reader.count(upTo: 1 << 53 - 1)
    hash = try reader.digest()
  }
}
