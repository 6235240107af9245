internal import ChangeLog
internal import DossierModel

/// Notes of a dialogue or a partnership: decisions first, then positions, statements, lines, notes.
struct NoteList {
  private let notes: [Record]
  private let graph: RecordGraph
  private let citations: Citations
  private let date: FuzzyDate?

  /// - Parameter date: when it was said, where a note does not say it itself.
  init(_ notes: [Record], _ graph: RecordGraph, _ citations: Citations, at date: FuzzyDate?) {
    self.notes = notes
    self.graph = graph
    self.citations = citations
    self.date = date
  }

  var blocks: [String] {
    let titles = [
      ("decision", "Decisions"), ("position", "Positions"), ("statement", "Statements"),
      ("line", "Lines to take"),
    ]
    var blocks: [String] = []
    for (kind, title) in titles {
      let some = notes.filter { $0.text(.kind) == kind }
      if !some.isEmpty { blocks += ["**\(title)**", some.map(line).joined(separator: "\n")] }
    }
    let rest = notes.filter { note in !titles.contains { $0.0 == note.text(.kind) } }
    if !rest.isEmpty { blocks += ["**Notes**", rest.map(line).joined(separator: "\n")] }
    return blocks
  }

  func line(_ note: Record) -> String {
    var prose = Markdown.prose(note.text(.noteText) ?? "")
    if let who = attribution(note), let first = prose.first { prose[0] = "\(who): \(first)" }
    var marks: [String] = []
    if let point = note.text(.point) { marks.append("on \(Markdown.inline(point))") }
    switch note.text(.rule) {
    case "background": marks.append("background, not to be quoted")
    case "chatham": marks.append("Chatham House rule")
    case "off": marks.append("off the record")
    default: break
    }
    if note.text(.kind) == "statement" {
      marks.append(note.flag(.verbatim) ? "verbatim" : "paraphrase")
    }
    marks += note.texts(.flags).sorted().map { Markdown.inline($0) }
    if let remark = note.text(.remark) { marks.append(Markdown.inline(remark)) }
    if !note.conflicts.isEmpty { marks.append("to review: two versions") }
    let tail = (marks.isEmpty ? "" : " *(\(marks.joined(separator: "; ")))*") + citations.of(note)
    let isFenced = prose.last.map { $0.hasPrefix("```") || $0.hasPrefix("~~~") } ?? false
    if isFenced, !tail.isEmpty {
      prose.append(String(tail.dropFirst()))
    } else if !prose.isEmpty {
      prose[prose.count - 1] += tail
    }
    return prose.enumerated().map { $0 == 0 ? "- " + $1 : $1.isEmpty ? "" : "  " + $1 }.joined(
      separator: "\n")
  }

  /// Who said it. Under the Chatham House rule, and off the record, nobody is named.
  private func attribution(_ note: Record) -> String? {
    guard let id = note.reference(.speaker) else { return nil }
    if let rule = note.text(.rule), rule == "chatham" || rule == "off" { return "A participant" }
    guard let speaker = graph[id] else { return "**unknown party**" }
    let title = graph.title(of: speaker, at: note.date(.when) ?? date)
    return "**\(Markdown.inline(speaker.title))**"
      + (title.map { " (\(Markdown.inline($0)))" } ?? "")
  }
}
