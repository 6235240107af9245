internal import ChangeLog
internal import DossierModel

/// Action items of a dossier, and how one is written.
struct Actions {
  private let graph: RecordGraph

  init(_ graph: RecordGraph) { self.graph = graph }

  /// Those of the partnership itself and of its dialogues.
  func of(_ partnership: Record) -> [Record] {
    var seen: Set<EntityID> = []
    let own = graph.sources(of: partnership.id, .action, in: .actionPartnership)
    let dialogues = graph.sources(of: partnership.id, .dialogue, in: .partnerships)
    let taken = dialogues.flatMap { graph.sources(of: $0.id, .action, in: .actionDialogue) }
      .filter { $0.reference(.actionPartnership) == nil }
    return (own + taken).filter { seen.insert($0.id).inserted }.sorted(
      by: RecordGraph.isOrderedBefore)
  }

  func partnership(of action: Record) -> EntityID? {
    action.reference(.actionPartnership)
      ?? action.reference(.actionDialogue).flatMap { graph[$0]?.references(.partnerships).min() }
  }

  /// "- [ ] Send the draft. Ann; due Friday; from the second dialogue (`a-7h3nq2x1`)"
  func line(_ action: Record, place: String? = nil, cite: String = "") -> String {
    let mark = action.isOpen ? " " : "x"
    let prose = Markdown.prose(action.text(.actionText) ?? "")
    var facts: [String] = []
    let owners = names(action.references(.owners))
    if !owners.isEmpty { facts.append(owners) }
    let others = names(action.references(.with))
    if !others.isEmpty { facts.append("with \(others)") }
    if let modality = action.text(.modality), modality != "task" {
      facts.append(Markdown.inline(modality))
    }
    if let due = action.date(.due) { facts.append("due \(Markdown.inline(due.display))") }
    if let dialogue = action.reference(.actionDialogue).flatMap({ graph[$0] }) {
      facts.append(Markdown.inline(dialogue.title))
    }
    if let place { facts.append(place) }
    if let state = action.parts(.actionState).first, !action.isOpen {
      let on = state.date("on").map { " " + Markdown.inline($0.display) } ?? ""
      let how = state.text("how").map { ": " + Markdown.inline($0) } ?? ""
      facts.append(Markdown.inline(state.text("is") ?? "closed") + on + how)
    }
    facts.append("`\(ShortID.text(action.id, .action, length: ShortID.exportedLength))`")
    let head = "- [\(mark)] " + (prose.first ?? "")
    let more = prose.dropFirst().map { $0.isEmpty ? "" : "  " + $0 }
    let tail = "  — " + facts.joined(separator: "; ") + cite
    return ([head] + more + [tail]).joined(separator: "\n")
  }

  private func names(_ ids: [EntityID]) -> String {
    ids.map { graph[$0].map { Markdown.inline($0.title) } ?? "unknown party" }.sorted()
      .joined(separator: ", ")
  }
}
