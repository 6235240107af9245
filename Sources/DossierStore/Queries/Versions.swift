public import ChangeLog
internal import ReplicaStore

extension Store {
  /// What one author had saved of a text before it merged with what another had saved.
  public struct Version: Sendable {
    public let text: String
    public let writer: WriterID
    public let clock: Timestamp
  }

  /// The texts of both sides of every clash inside a text; empty when there is none.
  public func clashingVersions(
    of value: FieldState.AliveValue, in field: FieldNumber, of entity: EntityID
  ) throws -> [Version] {
    guard value.edits?.isClashing == true,
      let document = try replica.state(of: entity, withTexts: true)?.document(of: value, in: field)
    else { return [] }
    let clashes = document.clashes
    let edits = Set(clashes.flatMap { [$0.0, $0.1] }).sorted()
    return try edits.map { id in
      let clock = try replica.history(of: entity).first {
        $0.changeset.header.writer == id.writer && $0.changeset.header.sequence == id.sequence
      }?.changeset.header.clock
      let text: String
      if case .edit(_, let edit) = try replica.action(of: id, on: entity) {
        text = document.text(after: id, seen: edit.seen)
      } else {
        // A snapshot stands for it: what its author knew is not told any more, but what it clashes with is.
        text = document.text(
          without: clashes.compactMap { pair in
            pair.0 == id ? pair.1 : pair.1 == id ? pair.0 : nil
          })
      }
      return Version(text: text, writer: id.writer, clock: clock ?? value.clock)
    }
  }
}
