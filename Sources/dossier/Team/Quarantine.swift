import ArgumentParser
import ChangeLog
import DossierModel
import DossierStore
import ReplicaStore

struct Quarantine: StoreCommand {
  static let configuration = CommandConfiguration(
    abstract:
      "Changes that do not count, with their words: of somebody who may not write, or of a lost branch.",
    discussion: """
      What a device wrote that is shut out is not lost: whoever gets it (dossier sync --from FILE --trust) can read it here, and \
      take it over in his own name with --adopt. What was written before on the same records comes along; what was changed \
      since stays beside it, for dossier review.
      """)

  static let isPaged = true

  @OptionGroup var options: GlobalOptions
  @Argument(
    help: ArgumentHelp(
      "Only these: the first four characters of an id or more, or who wrote it; all when absent.",
      valueName: "WHICH"))
  var which: [String] = []
  @Flag(help: "Say the same in your own name.") var adopt = false

  private static let fields = [
    "changeset", "at", "by", "device", "command", "why", "adopted", "changes",
  ]

  func run(_ context: Context) throws {
    if !context.wantsJSON { try context.refuseFields() }
    try context.store.transaction {
      let authors = try context.store.authors()
      let members = try context.store.replica.membership()
      let rows = try context.store.replica.quarantined()
        .map { Row($0, authors[$0.changeset.header.writer], members) }
      let chosen = try choose(from: rows)
      if adopt { return try take(chosen, of: rows, context) }
      if context.wantsJSON {
        return try context.answer(objects: chosen.map { try $0.json(context) }, of: Self.fields)
      }
      for row in chosen { try row.show(context) }
      if rows.isEmpty { context.report("nothing is in quarantine") }
    }
  }

  /// - Throws: ``Failure`` when a word stands for none of them.
  private func choose(from rows: [Row]) throws -> [Row] {
    guard !which.isEmpty else { return rows }
    for word in which where !rows.contains(where: { $0.answers(to: word) }) {
      throw Failure(
        "no-such-record", exit: 66,
        "nothing in quarantine is \"\(word)\", or by somebody of that name",
        fix: "dossier quarantine", input: word)
    }
    return rows.filter { row in which.contains(where: row.answers) }
  }

  private func take(_ chosen: [Row], of rows: [Row], _ context: Context) throws {
    let good = chosen.filter(\.quarantined.isAdoptable)
    guard !good.isEmpty else {
      throw Failure(
        "nothing-waits", exit: 66, "there is nothing to take over",
        details: [
          "only what somebody signed who may not write, and was not taken over yet; what stands in another branch its author writes again himself"
        ], fix: "dossier quarantine")
    }
    let ids = Set(good.map(\.quarantined.changeset.id))
    let taken = Set(try context.store.replica.adopt(ids).map(\.changeset.id))
    let left = ids.subtracting(taken).count
    if left > 0 {
      context.report(
        "\(left) change\(left == 1 ? "" : "s") left: what \(left == 1 ? "it changes" : "they change") is not here"
      )
    }
    let authors = Set(rows.filter { taken.contains($0.quarantined.changeset.id) }.map(\.who))
    context.report(
      "took over \(taken.count) change\(taken.count == 1 ? "" : "s")"
        + (taken.isEmpty
          ? "" : " of \(authors.sorted().joined(separator: ", ")); dossier undo takes it back"))
  }
}

private struct Row {
  let quarantined: Quarantined
  private let member: String
  private let device: String

  init(_ quarantined: Quarantined, _ author: Author?, _ members: Membership) {
    self.quarantined = quarantined
    // Who signed it, by the log of the members; of somebody it never knew, what he says of himself.
    let signed = quarantined.author.flatMap { members.device($0) }
    member = signed?.member ?? author?.member ?? ""
    device = signed?.name ?? author?.device ?? ""
  }

  var who: String {
    member.isEmpty ? "somebody unknown" : device.isEmpty ? member : "\(member) on \(device)"
  }

  private var id: String { quarantined.changeset.id.description }

  private var why: String {
    quarantined.author == nil ? "nobody's signature that is known here" : "\(quarantined.reason)"
  }

  func answers(to word: String) -> Bool {
    let wanted = word.lowercased()
    return (wanted.count >= 4 && id.hasPrefix(wanted)) || member.lowercased() == wanted
      || device.lowercased() == wanted
  }

  func show(_ context: Context) throws {
    let header = quarantined.changeset.header
    let state = quarantined.adopted == nil ? "" : "  (taken over)"
    say(
      "\(id.prefix(12))  \(Machine.text(header.clock))  \(who)  \(quarantined.body?.intent ?? "unreadable"): \(why)\(state)"
    )
    for change in try changes(context) {
      let found = try context.store.found(change.entity)
      let record =
        found.map { "\($0.short) \($0.title)" }
        ?? "\(ShortID.text(change.entity, change.kind)) (not here)"
      // Their lines must not look like ours.
      let words = change.value.replacing("\n", with: "\n        ")
      say("    \(record)  \(change.field): \(words)")
    }
  }

  func json(_ context: Context) throws -> JSON {
    let header = quarantined.changeset.header
    return .object([
      .init("changeset", .string(id)),
      .init("at", .int(Int64(header.clock.milliseconds))),
      .init("by", .string(member)), .init("device", .string(device)),
      .init("command", .string(quarantined.body?.intent ?? "")),
      .init("why", .string(why)), .init("adopted", .bool(quarantined.adopted != nil)),
      .init(
        "changes",
        .array(
          try changes(context).map { change in
            .object([
              .init("record", .string(ShortID.full(change.entity, change.kind))),
              .init(
                "title", try context.store.found(change.entity).map { .string($0.title) } ?? .null),
              .init("field", .string(change.field)), .init("value", .string(change.value)),
            ])
          })),
    ])
  }

  private func changes(
    _ context: Context
  ) throws -> [(entity: EntityID, kind: Kind, field: String, value: String)] {
    try (quarantined.body?.operations ?? []).compactMap { operation in
      guard let kind = Kind(rawValue: operation.kind),
        let change = try context.describe(operation, kind, nil)
      else { return nil }
      return (operation.entity, kind, change.field, change.value)
    }
  }
}
