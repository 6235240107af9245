/// Names one change: the writer, the number of its changeset, the place of the operation in it.
public struct ChangeID: Hashable, Comparable, Sendable {
  public let writer: WriterID
  /// 1 for a writer's first changeset.
  public let sequence: UInt64
  /// 0 for the first operation of the changeset.
  public let index: Int

  public init(writer: WriterID, sequence: UInt64, index: Int) {
    self.writer = writer
    self.sequence = sequence
    self.index = index
  }

  public static func < (a: ChangeID, b: ChangeID) -> Bool {
    (a.writer, a.sequence, a.index) < (b.writer, b.sequence, b.index)
  }
}
