internal import ChangeLog
internal import DossierModel

/// One dialogue in a dossier: when and where, who, what was said, what came out.
struct DialogueSection {
  private let dialogue: Record
  private let graph: RecordGraph
  private let citations: Citations

  init(_ dialogue: Record, _ graph: RecordGraph, _ citations: Citations) {
    self.dialogue = dialogue
    self.graph = graph
    self.citations = citations
  }

  var blocks: [String] {
    var blocks = ["### " + Markdown.inline(dialogue.title)]
    blocks.append(head)
    let notes = graph.sources(of: dialogue.id, .note, in: .noteDialogue)
    blocks += NoteList(notes, graph, citations, at: dialogue.date(.date)).blocks
    return blocks
  }

  private var head: String {
    var facts: [String] = []
    if let date = dialogue.date(.date), !date.display.isEmpty {
      let base = date.relativeTo.map { ", relative to \(relation($0))" } ?? ""
      facts.append("**When:** " + Markdown.inline(date.sourced) + base)
    } else {
      facts.append("**When:** not known")
    }
    for reading in dialogue.parts(.readings) where reading.text("field") == "date" {
      let words = reading.date("date")?.display ?? reading.text("text") ?? ""
      facts.append(
        "**Another source says:** \(Markdown.inline(words))"
          + citations.list([(reading.reference("source"), reading.text("locator"))]))
    }
    let place = [dialogue.text(.city), dialogue.reference(.country).flatMap { graph[$0]?.title }]
      .compactMap { $0 }
    if !place.isEmpty {
      facts.append("**Where:** " + Markdown.inline(place.joined(separator: ", ")))
    }
    let kind = [dialogue.text(.kind), dialogue.text(.mode), dialogue.text(.state)].compactMap { $0 }
    if !kind.isEmpty { facts.append("**What:** " + Markdown.inline(kind.joined(separator: ", "))) }
    if let cadence = dialogue.text(.dialogueCadence) {
      facts.append("**How often:** " + Markdown.inline(cadence))
    }
    let organisers = names(dialogue.references(.organisers))
    if !organisers.isEmpty { facts.append("**Organised by:** " + organisers) }
    if !participants.isEmpty { facts.append("**Participants:** " + participants) }
    for (field, label) in [(Field.agenda, "Agenda"), (.outcome, "Outcome")] {
      guard let text = dialogue.text(field) else { continue }
      let lines = Markdown.prose(text)
      facts.append("**\(label):** " + lines.joined(separator: "\n  "))
    }
    if let remark = dialogue.text(.remark) {
      facts.append("**Remark:** " + Markdown.prose(remark).joined(separator: "\n  "))
    }
    if dialogue.flag(.implied) {
      facts.append("No source describes it; another dialogue implies it")
    }
    if let outside = dialogue.text(.outside) {
      facts.append("*Not sourced:* " + Markdown.inline(outside))
    }
    if dialogue.conflicts.isEmpty == false {
      let names = dialogue.conflicts.compactMap { dialogue.kind.field($0)?.name }.sorted()
      facts.append("*To review:* " + names.joined(separator: ", "))
    }
    facts += citations.line(dialogue)
    return facts.map { "- " + $0 }.joined(separator: "\n")
  }

  /// The name of an event the date is relative to, or the words as they stand.
  private func relation(_ text: String) -> String {
    let event = graph.all(.dialogue).first { $0.text(.slug) == text }
    return Markdown.inline(event?.title ?? text)
  }

  private var participants: String {
    let texts = dialogue.parts(.participants).map { participant -> String in
      let party = participant.reference("party").flatMap { graph[$0] }?.title ?? "unknown party"
      var marks: [String] = []
      if let principal = participant.reference("for").flatMap({ graph[$0] }) {
        marks.append("for \(principal.title)")
      }
      if let how = participant.text("as"), how != "present" { marks.append(how) }
      return Markdown.inline(party)
        + (marks.isEmpty ? "" : " (\(Markdown.inline(marks.joined(separator: ", "))))")
    }
    return texts.sorted { Folding.fold($0) < Folding.fold($1) }.joined(separator: ", ")
  }

  private func names(_ ids: [EntityID]) -> String {
    ids.map { graph[$0].map { Markdown.inline($0.title) } ?? "unknown party" }.sorted().joined(
      separator: ", ")
  }
}
