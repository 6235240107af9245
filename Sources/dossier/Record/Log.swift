import ArgumentParser
import ChangeLog
import DossierModel
import DossierStore
import ReplicaStore

struct Log: StoreCommand {
  static let configuration = CommandConfiguration(
    abstract: "Every change of a record: who, when, on which machine, what it replaced.")

  static let isPaged = true

  @OptionGroup var options: GlobalOptions
  @Argument(help: ArgumentHelp("The record.", valueName: "REF")) var reference: String

  func run(_ context: Context) throws {
    if !context.wantsJSON { try context.refuseFields() }
    try context.store.transaction {
      let found = try context.store.find(reference, includeHidden: true)
      let authors = try context.store.authors()
      var entries: [JSON] = []
      var texts: [ChangesetID: (before: EntityState?, after: EntityState)] = [:]
      _ = try context.store.replica.replay(found.id) { texts[$0.changeset.id] = ($1, $2) }
      for logged in try context.store.replica.history(of: found.id) {
        let header = logged.changeset.header
        let author = authors[header.writer]
        let who = author.map { "\($0.member) on \($0.device)" } ?? "unknown writer"
        if !context.wantsJSON {
          say(
            "\(Machine.text(header.clock))  \(who)  \(logged.body.intent)\(logged.isSent ? "" : "  (waits to sync)")"
          )
        }
        for operation in logged.body.operations where operation.entity == found.id {
          guard
            let change = try context.describe(
              operation, found.kind, texts[logged.changeset.id])
          else { continue }
          if context.wantsJSON {
            entries.append(
              .object([
                .init("at", .int(Int64(header.clock.milliseconds))),
                .init("by", .string(author?.member ?? "")),
                .init("device", .string(author?.device ?? "")),
                .init("command", .string(logged.body.intent)),
                .init("field", .string(change.field)),
                .init("value", .string(change.value)),
                .init("replaced", .array(change.replaced.map { .string($0) })),
                .init("changeset", .string(logged.changeset.id.description)),
              ]))
          } else {
            let replaced =
              change.replaced.isEmpty ? "" : "   was: " + change.replaced.joined(separator: " | ")
            // Their lines must not look like ours.
            let words = "\(change.value)\(replaced)".replacing("\n", with: "\n        ")
            say("    \(change.field): \(words)")
          }
        }
      }
      if context.wantsJSON {
        return try context.answer(
          objects: entries,
          of: ["at", "by", "device", "command", "field", "value", "replaced", "changeset"])
      }
      if try context.store.replica.hasOlderHistory(of: found.id) {
        context.report("what came before is not on this machine, only what it amounts to")
      }
    }
  }
}

extension Context {
  /// What one operation did, in words; nil for what is not shown to people.
  func describe(
    _ operation: Operation, _ kind: Kind, _ states: (before: EntityState?, after: EntityState)?
  ) throws -> (field: String, value: String, replaced: [String])? {
    func former(_ changes: [ChangeID], _ type: FieldType) throws -> [String] {
      try changes.compactMap { try store.replica.value(of: $0, on: operation.entity) }
        .map { try text($0, type) }.filter { !$0.isEmpty }
    }
    func named(_ number: FieldNumber) -> (name: String, type: FieldType)? {
      guard let field = kind.field(number) else { return ("field \(number)", .text) }
      return field.isInternal ? nil : (field.name, field.type)
    }
    switch operation.action {
    case .put(let number, let value, let replaced):
      guard let (name, type) = named(number) else { return nil }
      let words = try text(value, type)
      return (name, words.isEmpty ? "(empty)" : words, try former(replaced, type))
    case .write(let number, let text, let replaced):
      guard let (name, type) = named(number) else { return nil }
      return (
        name, text.string.isEmpty ? "(empty)" : try self.text(.text(text), type),
        try former(replaced, type)
      )
    case .edit(let number, let edit):
      guard let (name, _) = named(number) else { return nil }
      if !edit.cancelled.isEmpty { return (name, "an edit taken back", []) }
      if edit.hunks.isEmpty { return (name, "decided as it is", []) }
      // The whole text, so that any earlier one can be had again.
      if let after = states?.after.value(of: edit.text, in: number) {
        let before = try states?.before?.value(of: edit.text, in: number).map {
          try text($0, .text)
        }
        return (name, try text(after, .text), before.map { [$0] } ?? [])
      }
      let words = try edit.hunks.map { try text(.text($0.inserted), .text) }
      let inserted = words.filter { !$0.isEmpty }.map { "\"\($0)\"" }
      return (
        name, inserted.isEmpty ? "words removed" : "edited: " + inserted.joined(separator: " … "),
        []
      )
    case .add(let number, let value):
      guard let (name, type) = named(number) else { return nil }
      return (name, "+ " + (try text(value, type)), [])
    case .remove(let number, let additions):
      guard let (name, type) = named(number) else { return nil }
      return (name, "- " + (try former(additions, type)).joined(separator: ", "), [])
    case .delete: return ("record", "deleted", [])
    case .restore: return ("record", "restored", [])
    case .unknown: return ("record", "changed by a newer version", [])
    }
  }
}

extension EntityState {
  /// The text that an edit is of, also where others stand beside it.
  fileprivate func value(of text: ChangeID, in number: FieldNumber) -> Value? {
    fields.first { $0.number == number && $0.shape == .text }?.alive.first { $0.id == text }?.value
  }
}
