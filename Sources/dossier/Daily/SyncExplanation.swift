import ChangeLog
import DossierModel
import DossierStore
import ReplicaStore

/// What is sent of one record, what waits and why.
struct SyncExplanation {
  private let context: Context
  private let found: Found
  private let authors: [WriterID: Author]

  init(_ context: Context, _ reference: String) throws {
    self.context = context
    found = try context.store.find(reference, includeHidden: true)
    authors = try context.store.authors()
  }

  func print() throws {
    let passages = try context.store.replica.passages(of: found.id)
    let isShutOut = try context.shutOut != nil
    if context.wantsJSON {
      return try context.answer(
        objects: passages.map { passage in
          .object([
            .init("changeset", .string(passage.changeset.id.description)),
            .init("command", .string(passage.body.intent)),
            .init("by", .string(authors[passage.changeset.header.writer]?.member ?? "")),
            .init("at", .int(Int64(passage.changeset.header.clock.milliseconds))),
            .init("state", .string(code(passage.state))),
            .init("why", .string(words(passage.state, isShutOut))),
          ])
        }, of: ["changeset", "command", "by", "at", "state", "why"])
    }
    try context.refuseFields()
    let remote = try context.store.setting("remote.address")
    say("\(found.short)  \(found.title)")
    if remote == nil {
      say("  this store has no remote; all of it is here only (dossier join CODE)")
    }
    for passage in passages {
      let header = passage.changeset.header
      let author = authors[header.writer].map { "\($0.member) on \($0.device)" } ?? "unknown writer"
      say(
        "  \(Machine.text(header.clock))  \(author)  \(passage.body.intent): \(words(passage.state, isShutOut))"
      )
    }
  }

  private func code(_ state: Passage.State) -> String {
    switch state {
    case .there: "sent"
    case .unsent: "unsent"
    case .refused: "refused"
    case .waits: "waits"
    case .quarantined: "quarantined"
    }
  }

  private func words(_ state: Passage.State, _ isShutOut: Bool) -> String {
    switch state {
    case .there(let position): "on the server, number \(position) of its log"
    case .unsent where isShutOut:
      "is here only: the server lets this device in no more (dossier sync --status)"
    case .unsent: "waits here for the next sync"
    case .refused(let reason): "the server does not take it: \(reason)"
    case .quarantined(let reason): "came and is not believed: \(reason)"
    case .waits(.changeset(let writer, let sequence)):
      "came and waits for change \(sequence) of \(name(writer)), which is not here yet"
    case .waits(.otherBranch(let writer, let sequence)):
      "came and knows another change \(sequence) of \(name(writer)), whose store was copied, than the one here"
    case .waits(.continuation): "came and waits for the rest of the same command"
    case .waits(.upgrade): "came from a newer version of dossier and waits for an upgrade here"
    }
  }

  private func name(_ writer: WriterID) -> String {
    authors[writer].map { "\($0.member) on \($0.device)" } ?? "a machine that is not known here"
  }
}
