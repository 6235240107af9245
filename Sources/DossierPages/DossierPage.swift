internal import ChangeLog
internal import DossierModel

/// The dossier of one partnership, from its head to its sources.
struct DossierPage {
  private let partnership: Record
  private let pages: Pages
  private let graph: RecordGraph
  private let dialogues: [Record]
  private let documents: [Record]
  private let discrepancies: [Record]
  private let citations: Citations

  init(_ partnership: Record, _ pages: Pages) {
    self.partnership = partnership
    self.pages = pages
    let graph = pages.graph
    self.graph = graph
    let dialogues = graph.sources(of: partnership.id, .dialogue, in: .partnerships)
    self.dialogues = dialogues
    let about = graph.sources(of: partnership.id, .document, in: .documentAbout)
    let fromDialogues = dialogues.flatMap {
      graph.sources(of: $0.id, .document, in: .documentDialogue)
    }
    let issued = graph.sources(of: partnership.id, .document, in: .issuers)
    documents = Self.unique(about + fromDialogues + issued)
    let concerned = [partnership.id] + dialogues.map(\.id) + documents.map(\.id)
    discrepancies = Self.unique(
      concerned.flatMap { graph.sources(of: $0, .discrepancy, in: .concerns) })
    let notes = ([partnership] + dialogues).flatMap { record in
      graph.sources(of: record.id, .note)
    }
    citations = Citations(
      [partnership] + dialogues + documents + discrepancies + notes + Actions(graph).of(partnership)
        + graph.sources(of: partnership.id, .role) + graph.sources(of: partnership.id, .act)
        + graph.sources(of: partnership.id, .principle), graph)
  }

  private static func unique(_ records: [Record]) -> [Record] {
    var seen: Set<EntityID> = []
    return records.filter { seen.insert($0.id).inserted }.sorted(by: RecordGraph.isOrderedBefore)
  }

  func page(_ path: String) -> Page {
    var blocks = [frontMatter, heading, facts]
    if let summary = partnership.text(.summary) {
      blocks.append(Markdown.prose(summary).joined(separator: "\n"))
    }
    blocks += principles
    blocks += Standing(partnership, graph, citations).section
    blocks += timeline
    if !dialogues.isEmpty {
      blocks.append("## Dialogues")
      for dialogue in dialogues { blocks += DialogueSection(dialogue, graph, citations).blocks }
    }
    blocks += notes
    blocks += actions(Actions(graph).of(partnership).filter(\.isOpen), "Open action items")
    blocks += actions(Actions(graph).of(partnership).filter { !$0.isOpen }, "Closed action items")
    if !documents.isEmpty {
      let lines = documents.map {
        "- " + DocumentLine(graph).text($0) + remarks($0) + citations.of($0)
      }
      blocks += ["## Documents", lines.joined(separator: "\n")]
    }
    blocks += discrepancySection
    if let outside = partnership.text(.outside) {
      blocks.append("*Not sourced:* " + Markdown.inline(outside))
    }
    blocks += citations.section
    return Page(path: path, blocks: blocks)
  }

  private var frontMatter: String {
    var matter = FrontMatter()
    matter.add("title", partnership.title)
    matter.add("id", ShortID.text(partnership.id, .partnership, length: ShortID.exportedLength))
    matter.add("kind", partnership.text(.kind))
    matter.add("level", partnership.text(.level))
    matter.add("status", partnership.text(.status))
    matter.add("start", partnership.date(.start)?.display)
    matter.add("end", partnership.date(.end)?.display)
    matter.add("partners", names(partnership.references(.partners)))
    matter.add("topics", names(partnership.references(.topics)))
    return matter.text
  }

  private var heading: String {
    let acronym = partnership.text(.acronym).flatMap { $0 == partnership.title ? nil : $0 }
    return "# " + Markdown.inline(partnership.title)
      + (acronym.map { " (\(Markdown.inline($0)))" } ?? "")
  }

  private func names(_ ids: [EntityID]) -> [String] {
    ids.map { graph[$0]?.title ?? "unknown record" }.sorted { Folding.fold($0) < Folding.fold($1) }
  }

  /// What it is, a line a fact.
  private var facts: String {
    var lines: [String] = []
    func add(_ label: String, _ text: String?) {
      if let text, !text.isEmpty { lines.append("- **\(label):** " + text) }
    }
    func plain(_ text: String?) -> String? { text.map { Markdown.inline($0) } }
    func mentions(_ field: Field) -> String {
      partnership.references(field).map { pages.mention($0) }.sorted().joined(separator: ", ")
    }
    let kind = [partnership.text(.level), partnership.text(.kind)].compactMap { $0 }.joined(
      separator: " ")
    add("Kind", plain(kind))
    add("Status", plain(partnership.text(.status)))
    add("Also called", plain(partnership.texts(.aliases).sorted().joined(separator: "; ")))
    let translated = partnership.parts(.names).map {
      [$0.text("text") ?? "", $0.text("language").map { "(\($0))" } ?? ""].joined(separator: " ")
    }
    add("In other languages", plain(translated.sorted().joined(separator: "; ")))
    add("Our role", plain(partnership.text(.ourRole)))
    add("Legal nature", plain(partnership.text(.legalNature)))
    add("Legal basis", plain(partnership.text(.legalBasis)))
    add("Since", plain(partnership.date(.start)?.sourced))
    add("Until", plain(partnership.date(.end)?.sourced))
    add("Meets", plain(partnership.text(.cadence)))
    add("Part of", partnership.reference(.partnershipParent).map { pages.mention($0) })
    add("One of", partnership.reference(.instanceOf).map { pages.mention($0) })
    add("Led by", mentions(.lead))
    add("Partners", mentions(.partners))
    add("Organisation", partnership.reference(.organisation).map { pages.mention($0) })
    let funds =
      partnership.references(.instruments)
      + graph.sources(of: partnership.id, .instrument, in: .supports).map(\.id)
    add("Supported by", Set(funds).map { pages.mention($0) }.sorted().joined(separator: ", "))
    for link in partnership.parts(.links) {
      guard let target = link.reference("to") else { continue }
      add(Markdown.inline(link.text("as") ?? "related").capitalizedFirst, pages.mention(target))
    }
    add("Topics", mentions(.topics))
    let children = graph.sources(of: partnership.id, .partnership, in: .partnershipParent)
    add("Contains", children.map { pages.link($0) }.sorted().joined(separator: ", "))
    let instances = graph.sources(of: partnership.id, .partnership, in: .instanceOf)
    add("Instances", instances.map { pages.link($0) }.sorted().joined(separator: ", "))
    add("Remark", plain(partnership.text(.remark)))
    let waiting = partnership.conflicts.compactMap { partnership.kind.field($0)?.name }.sorted()
    add("To review", waiting.joined(separator: ", "))
    lines += citations.line(partnership).map { "- " + $0 }
    return lines.joined(separator: "\n")
  }

  private var principles: [String] {
    let records = graph.sources(of: partnership.id, .principle, in: .principleOf)
      .sorted {
        ($0.number(.principleOrdinal) ?? .max, $0.id) < (
          $1.number(.principleOrdinal) ?? .max, $1.id
        )
      }
    guard let kind = records.first?.text(.kind) else { return [] }
    let lines = records.map { record in
      "\(record.number(.principleOrdinal) ?? 0). " + Markdown.inline(record.title)
        + citations.of(record)
    }
    return [
      "## " + Markdown.inline(kind).capitalizedFirst + (records.count == 1 ? "" : "s"),
      lines.joined(separator: "\n"),
    ]
  }

  /// Dialogues, dated acts and documents by their bounds; what has no date stands last.
  private var timeline: [String] {
    var events: [(date: FuzzyDate?, id: EntityID, text: String)] = []
    for dialogue in dialogues {
      let state = dialogue.text(.state).map { " (\(Markdown.inline($0)))" } ?? ""
      events.append((dialogue.date(.date), dialogue.id, Markdown.inline(dialogue.title) + state))
    }
    for act in graph.sources(of: partnership.id, .act, in: .actIn) where act.mainDate != nil {
      let party = act.reference(.actParty).flatMap { graph[$0] }?.title ?? "unknown party"
      events.append(
        (act.date(.actDate), act.id, Markdown.inline("\(party) \(act.text(.actWhat) ?? "")")))
    }
    for document in documents where document.mainDate?.earliest != nil {
      events.append((document.mainDate, document.id, Markdown.inline(document.title)))
    }
    guard events.count > 1 else { return [] }
    events.sort { a, b in
      if FuzzyDate.isOrderedBefore(a.date, b.date) { return true }
      if FuzzyDate.isOrderedBefore(b.date, a.date) { return false }
      return a.id < b.id
    }
    let lines = events.map { event in
      let words = event.date?.sourced ?? ""
      return "- **" + (words.isEmpty ? "date not known" : Markdown.inline(words)) + "** "
        + event.text
    }
    return ["## Timeline", lines.joined(separator: "\n")]
  }

  /// What was noted to the partnership itself.
  private var notes: [String] {
    let own = graph.sources(of: partnership.id, .note, in: .notePartnership)
      .filter { $0.reference(.noteDialogue) == nil }
    let blocks = NoteList(own, graph, citations, at: nil).blocks
    return blocks.isEmpty ? [] : ["## Notes"] + blocks
  }

  private func actions(_ actions: [Record], _ title: String) -> [String] {
    guard !actions.isEmpty else { return [] }
    let lines = actions.map { Actions(graph).line($0, cite: citations.of($0)) }
    return ["## \(title)", lines.joined(separator: "\n")]
  }

  private func remarks(_ record: Record) -> String {
    record.text(.remark).map { " (\(Markdown.inline($0)))" } ?? ""
  }

  private var discrepancySection: [String] {
    guard !discrepancies.isEmpty else { return [] }
    let lines = discrepancies.map { record -> String in
      var text = "- " + Markdown.inline(record.title)
      if let kind = record.text(.kind) { text += " *(\(Markdown.inline(kind)))*" }
      text += citations.of(record)
      let readings = Dictionary(grouping: record.parts(.values)) { $0.text("value") ?? "" }
      for (value, parts) in readings.sorted(by: { $0.key < $1.key }) {
        text +=
          "\n  - “\(Markdown.inline(value))”"
          + citations.list(parts.map { ($0.reference("source"), $0.text("locator")) })
      }
      if let settled = record.text(.settled) {
        text += "\n  - Settled: " + Markdown.prose(settled).joined(separator: "\n    ")
      }
      if let outside = record.text(.outside) {
        text += "\n  - *Not sourced:* " + Markdown.inline(outside)
      }
      return text
    }
    return ["## Where sources disagree", lines.joined(separator: "\n")]
  }
}
