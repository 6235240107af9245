internal import ChangeLog
public import DossierModel

/// The paper for the next dialogue: who sits across the table, what is open, what was said last.
public struct BriefPage {
  private let dialogue: Record
  private let graph: RecordGraph
  private let today: Day
  /// The one before it, in its series or about the same partnership.
  private let previous: Record?
  private let partnerships: [Record]
  private let since: FuzzyDate?
  private let citations: Citations

  /// - Parameters:
  ///   - today: decides what is overdue.
  ///   - since: from when on something is news; the dialogue before when nil.
  public init(_ dialogue: Record, _ graph: RecordGraph, today: Day, since: FuzzyDate? = nil) {
    self.dialogue = dialogue
    self.graph = graph
    self.today = today
    let partnerships = dialogue.references(.partnerships).compactMap { graph[$0] }
      .sorted { $0.id < $1.id }
    self.partnerships = partnerships
    previous = Self.previous(of: dialogue, partnerships, graph)
    self.since = since ?? previous?.date(.date)
    citations = Citations([], graph)
  }

  /// Of those held before it, the last: of its series if there is one, else of its partnerships.
  private static func previous(
    of dialogue: Record, _ partnerships: [Record], _ graph: RecordGraph
  ) -> Record? {
    let related = partnerships.flatMap { graph.sources(of: $0.id, .dialogue, in: .partnerships) }
    let series = dialogue.reference(.series).map { graph.sources(of: $0, .dialogue, in: .series) }
    func last(_ candidates: [Record]) -> Record? {
      candidates.filter { other in
        guard other.id != dialogue.id, let day = other.date(.date)?.earliest else { return false }
        if ["cancelled", "postponed", "planned"].contains(other.text(.state) ?? "") {
          return false
        }
        return dialogue.date(.date)?.earliest.map { day < $0 } ?? true
      }.sorted(by: RecordGraph.isOrderedBefore).last
    }
    return series.flatMap(last) ?? last(related)
  }

  public var text: String {
    var blocks = ["# Brief: " + Markdown.inline(dialogue.title), facts]
    blocks += section("Across the table", people)
    if let agenda = dialogue.text(.agenda) {
      blocks += ["## Agenda", Markdown.prose(agenda).joined(separator: "\n")]
    }
    blocks += section("What they promised", open(ours: false))
    blocks += section("What we owe", open(ours: true))
    blocks += section("Where they stood last", positions)
    blocks += section("Decided last time", decisions)
    blocks += section("Lines to take", lines)
    blocks += section("Since then", news)
    blocks += section("Documents", documents)
    return Page(path: "", blocks: blocks).text
  }

  private func section(_ title: String, _ lines: [String]) -> [String] {
    lines.isEmpty ? [] : ["## " + title, lines.joined(separator: "\n")]
  }

  private var facts: String {
    var lines: [String] = []
    func add(_ label: String, _ text: String?) {
      if let text, !text.isEmpty { lines.append("- **\(label):** " + Markdown.inline(text)) }
    }
    add("When", dialogue.date(.date)?.sourced ?? "not known")
    let country = dialogue.reference(.country).flatMap { graph[$0]?.title }
    add("Where", [dialogue.text(.city), country].compactMap { $0 }.joined(separator: ", "))
    add("How", dialogue.text(.mode))
    add("About", partnerships.map(\.title).joined(separator: "; "))
    if let previous {
      let date = previous.date(.date)?.sourced
      add("Last time", [previous.title, date].compactMap { $0 }.joined(separator: ", "))
    }
    return lines.joined(separator: "\n")
  }

  // MARK: People

  /// Who is expected; who was there last time when nobody is noted yet. With the title of the day.
  private var people: [String] {
    let noted = dialogue.parts(.participants)
    let parts = noted.isEmpty ? previous?.parts(.participants) ?? [] : noted
    let lines = parts.compactMap { part -> (String, String)? in
      guard let party = part.reference("party").flatMap({ graph[$0] }), !party.flag(.us) else {
        return nil
      }
      var facts: [String] = []
      if let title = graph.title(of: party, at: dialogue.date(.date)) { facts.append(title) }
      if let principal = part.reference("for").flatMap({ graph[$0] }) {
        facts.append("for \(principal.title)")
      }
      if let how = part.text("as"), how != "present" { facts.append(how) }
      let tail = facts.isEmpty ? "" : ", " + Markdown.inline(facts.joined(separator: ", "))
      return (Folding.fold(party.title), "- **\(Markdown.inline(party.title))**" + tail)
    }.sorted { $0 < $1 }.map(\.1)
    guard noted.isEmpty, !lines.isEmpty else { return lines }
    return ["*As last time; nobody is noted for this one yet.*", ""] + lines
  }

  // MARK: Actions

  private func open(ours: Bool) -> [String] {
    var seen: Set<EntityID> = []
    let actions = Actions(graph)
    return partnerships.flatMap { actions.of($0) }
      .filter { $0.isOpen && seen.insert($0.id).inserted && isOurs($0) == ours }
      .sorted(by: RecordGraph.isOrderedBefore)
      .map { action in
        let late = action.date(.due)?.isOver(asOf: today) == true ? "**overdue** " : ""
        var line = actions.line(action).replacing(
          "- [ ] ", with: "- [ ] " + late, maxReplacements: 1)
        if let origin = action.reference(.from).flatMap({ graph[$0] }), origin.kind == .note,
          let words = origin.text(.noteText)
        {
          line += "\n  > " + Markdown.prose(words).joined(separator: "\n  > ")
        }
        return line
      }
  }

  private func isOurs(_ action: Record) -> Bool {
    let owners = action.references(.owners).compactMap { graph[$0] }
    return owners.isEmpty
      ? action.text(.modality) != "commitment" : owners.contains { $0.flag(.us) }
  }

  // MARK: Words

  private var former: [Record] {
    var seen: Set<EntityID> = []
    return partnerships.flatMap { graph.sources(of: $0.id, .dialogue, in: .partnerships) }
      .filter { $0.id != dialogue.id && seen.insert($0.id).inserted }
      .sorted(by: RecordGraph.isOrderedBefore)
  }

  /// The last position of each party on each point of an agenda.
  private var positions: [String] {
    var last: [String: (note: Record, dialogue: Record?)] = [:]
    var order: [String] = []
    func take(_ notes: [Record], _ dialogue: Record?) {
      for note in notes where note.text(.kind) == "position" {
        let party = note.reference(.speaker).flatMap { graph[$0]?.title } ?? ""
        let key = Folding.fold(party) + "\u{0}" + Folding.fold(note.text(.point) ?? "")
        if last[key] == nil { order.append(key) }
        last[key] = (note, dialogue)
      }
    }
    for partnership in partnerships {
      take(graph.sources(of: partnership.id, .note, in: .notePartnership), nil)
    }
    for one in former { take(graph.sources(of: one.id, .note, in: .noteDialogue), one) }
    return order.sorted().compactMap { last[$0] }.map { note, dialogue in
      let date = note.date(.when) ?? dialogue?.date(.date)
      let line = NoteList([note], graph, citations, at: date).line(note)
      let when = [dialogue?.title, date?.display].compactMap { $0 }.filter { !$0.isEmpty }
      return when.isEmpty ? line : line + "\n  — " + Markdown.inline(when.joined(separator: ", "))
    }
  }

  private var decisions: [String] {
    guard let previous else { return [] }
    let notes = graph.sources(of: previous.id, .note, in: .noteDialogue)
      .filter { $0.text(.kind) == "decision" }
    let list = NoteList(notes, graph, citations, at: previous.date(.date))
    return notes.map { list.line($0) }
  }

  private var lines: [String] {
    var seen: Set<EntityID> = []
    let notes =
      graph.sources(of: dialogue.id, .note, in: .noteDialogue)
      + partnerships.flatMap { graph.sources(of: $0.id, .note, in: .notePartnership) }
    let some = notes.filter {
      $0.text(.kind) == "line" && seen.insert($0.id).inserted
        && ($0.reference(.noteDialogue) ?? dialogue.id) == dialogue.id
    }
    let list = NoteList(some, graph, citations, at: dialogue.date(.date))
    return some.map { list.line($0) }
  }

  // MARK: News

  private func isNews(_ record: Record) -> Bool {
    guard let since = since?.latest, let day = record.mainDate?.latest else { return false }
    return day > since && (record.mainDate?.earliest.map { $0 <= today } ?? true)
  }

  /// Acts, other dialogues and notes since the last time.
  private var news: [String] {
    var seen: Set<EntityID> = []
    var records = former.filter { $0.id != previous?.id }
    for partnership in partnerships {
      records += graph.sources(of: partnership.id, .act, in: .actIn)
      records += graph.sources(of: partnership.id, .note, in: .notePartnership)
        .filter { $0.text(.kind) != "line" }
    }
    return records.filter { isNews($0) && seen.insert($0.id).inserted }
      .sorted(by: RecordGraph.isOrderedBefore).map { record in
        let date = Markdown.inline(record.mainDate?.display ?? "")
        switch record.kind {
        case .act:
          let party = record.reference(.actParty).flatMap { graph[$0]?.title } ?? "unknown party"
          return "- **\(date)** " + Markdown.inline("\(party) \(record.text(.actWhat) ?? "")")
        case .note:
          let line = NoteList([record], graph, citations, at: record.date(.when)).line(record)
          return "- **\(date)** " + line.dropFirst(2)
        default: return "- **\(date)** " + Markdown.inline(record.title)
        }
      }
  }

  private var documents: [String] {
    var seen: Set<EntityID> = []
    let about =
      graph.sources(of: dialogue.id, .document)
      + (previous.map { graph.sources(of: $0.id, .document) } ?? [])
      + partnerships.flatMap { graph.sources(of: $0.id, .document, in: .documentAbout) }
    let list = DocumentLine(graph)
    return about.filter { seen.insert($0.id).inserted }.sorted(by: RecordGraph.isOrderedBefore)
      .suffix(10).map { "- " + list.text($0) }
  }
}
