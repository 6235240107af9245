import ChangeLog
import DossierModel
import DossierStore
import ReplicaStore

/// One thing that waits for a decision.
enum ReviewItem {
  /// Several values of one field; the one shown first.
  case values(Found, Field, [ReviewChoice])
  /// Deleted by one, changed by another.
  case deletion(Found)
  /// Perhaps one thing, entered twice.
  case lookAlikes(Found, Found)

  var found: Found {
    switch self {
    case .values(let found, _, _), .deletion(let found), .lookAlikes(let found, _): found
    }
  }
}

/// One of the values to choose from.
struct ReviewChoice {
  let value: Value
  let writer: WriterID
  let clock: Timestamp
  /// The text that two edits of one place became.
  var isMerged = false

  /// Names this very value: what comes to the list later does not take its place.
  var mark: String {
    var writer = ByteWriter()
    value.encode(into: &writer)
    return String(Base32.encode(Digest(of: writer.bytes).bytes).prefix(3))
  }
}

extension Context {
  /// All that waits: what people changed without knowing of each other, then what looks alike.
  func reviewItems() throws -> [ReviewItem] {
    try store.replica.review().compactMap { try reviewItem($0.entity, $0.field) }
      + store.lookAlikes().compactMap { pair in
        guard let first = try store.found(pair.first), let second = try store.found(pair.second)
        else { return nil }
        return .lookAlikes(first, second)
      }
  }

  private func reviewItem(_ entity: EntityID, _ number: FieldNumber?) throws -> ReviewItem? {
    guard let found = try store.found(entity),
      let state = try store.replica.state(of: entity).map(store.replica.displayed)
    else { return nil }
    guard let number, let field = found.kind.field(number), let values = state[number] else {
      return .deletion(found)
    }
    return .values(found, field, try reviewChoices(values, of: entity))
  }

  /// Different values, the one shown first: siblings, and of a text with a clash what each author had saved.
  func reviewChoices(_ field: FieldState, of entity: EntityID) throws -> [ReviewChoice] {
    var choices: [ReviewChoice] = []
    for value in field.alive.reversed() {
      let versions = try store.clashingVersions(of: value, in: field.number, of: entity)
      choices.append(
        ReviewChoice(
          value: value.value, writer: value.lastChange.writer, clock: value.clock,
          isMerged: !versions.isEmpty))
      choices += versions.map {
        ReviewChoice(value: .text($0.text), writer: $0.writer, clock: $0.clock)
      }
    }
    var seen: Set<Value> = []
    return choices.filter { seen.insert($0.value).inserted }
  }

  /// The lines that show an item to a person, the ways to decide not among them.
  func lines(of item: ReviewItem, authors: [WriterID: Author]) throws -> [String] {
    switch item {
    case .deletion(let found):
      return ["\(found.short)  \(found.title)", "   deleted by one, changed by another"]
    case .lookAlikes(let one, let other):
      return ["\(one.short)  \(one.title)", "\(other.short)  \(other.title)", "   look alike"]
    case .values(let found, let field, let choices):
      return try ["\(found.short)  \(field.name)  \(found.title)"]
        + choices.enumerated().map { index, choice in
          let who =
            authors[choice.writer].map { "\($0.member) on \($0.device)" } ?? "unknown writer"
          let shown = index == 0 ? "shown" : "     "
          let text = Self.beginning(of: try self.text(choice.value, field.type))
          let origin =
            choice.isMerged ? "both, as they merged" : "\(who), \(Machine.text(choice.clock))"
          return "   \(choice.mark)  \(shown)  \(text.isEmpty ? "(empty)" : text)  · \(origin)"
        }
    }
  }

  /// Enough to tell one value from another.
  private static func beginning(of text: String) -> String {
    guard text.count > 2000 else { return text }
    return "\(text.prefix(2000))…\n      (\(text.count) characters in all: dossier review --json)"
  }

  func json(of item: ReviewItem, authors: [WriterID: Author]) throws -> JSON {
    var members: [JSON.Member] = [
      .init("id", .string(try fullID(item.found.id))), .init("title", .string(item.found.title)),
    ]
    switch item {
    case .deletion: members.append(.init("deleted", .bool(true)))
    case .lookAlikes(_, let other):
      members.append(
        .init(
          "looks_like",
          .object([
            .init("id", .string(try fullID(other.id))), .init("title", .string(other.title)),
          ])))
    case .values(_, let field, let choices):
      members.append(.init("field", .string(field.name)))
      let values = try choices.map { choice in
        JSON.object([
          .init("mark", .string(choice.mark)),
          .init("value", .string(try text(choice.value, field.type))),
          .init("by", .string(authors[choice.writer]?.member ?? "")),
          .init("at", .int(Int64(choice.clock.milliseconds))),
          .init("merged", .bool(choice.isMerged)),
        ])
      }
      members.append(.init("values", .array(values)))
    }
    return .object(members)
  }
}
