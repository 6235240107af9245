internal import ChangeLog
internal import DossierModel

/// Who stands where towards a partnership: the last act of each party, and who is what in it.
struct Standing {
  private let graph: RecordGraph
  private let partnership: Record
  private let citations: Citations

  init(_ partnership: Record, _ graph: RecordGraph, _ citations: Citations) {
    self.partnership = partnership
    self.graph = graph
    self.citations = citations
  }

  var section: [String] {
    var lines: [String] = []
    for (what, acts) in groups {
      let names = acts.map { name($0) }
      let count = acts.count == 1 ? "" : " (\(acts.count))"
      lines.append(
        "- **\(Markdown.inline(what).capitalizedFirst)\(count):** " + names.joined(separator: ", "))
    }
    for role in graph.sources(of: partnership.id, .role, in: .roleIn) { lines.append(line(role)) }
    if let claimed = partnership.number(.claimedMembers) {
      lines.append("- **Claimed by a source:** \(claimed) members" + citations.of(partnership))
    }
    return lines.isEmpty ? [] : ["## Members", lines.joined(separator: "\n")]
  }

  /// The last act of each party, by what was done; the acts most parties did first.
  private var groups: [(String, [Record])] {
    let acts = StandingActs(graph.sources(of: partnership.id, .act, in: .actIn)).acts
    let groups = Dictionary(grouping: acts) { $0.text(.actWhat) ?? "" }
    return groups.map { what, acts in
      (what, acts.sorted { Folding.fold(plainName($0)) < Folding.fold(plainName($1)) })
    }.sorted { ($0.1.count, $1.0) > ($1.1.count, $0.0) }
  }

  private func plainName(_ act: Record) -> String {
    act.reference(.actParty).flatMap { graph[$0] }?.title ?? "unknown party"
  }

  private func name(_ act: Record) -> String {
    var name = Markdown.inline(plainName(act))
    if let date = act.date(.actDate), !date.display.isEmpty {
      name += " (\(Markdown.inline(date.display)))"
    }
    if let remark = act.text(.remark) { name += " (\(Markdown.inline(remark)))" }
    return name
  }

  private func line(_ role: Record) -> String {
    let party = role.reference(.roleParty).flatMap { graph[$0] }
    var text = "- " + (party.map { Markdown.inline($0.title) } ?? "unknown party")
    if let count = role.number(.roleMemberCount) ?? party?.number(.memberCount) {
      text += " (\(count))"
    }
    text += ": " + Markdown.inline(role.text(.title) ?? role.text(.roleWhat) ?? "")
    if let start = role.date(.roleStart), !start.display.isEmpty {
      text +=
        start.latest == nil && start.earliest == nil
        ? ", since \(Markdown.inline(start.display))" : ", \(Markdown.inline(start.display))"
    }
    if let end = role.date(.roleEnd) { text += ", until \(Markdown.inline(end.display))" }
    if let remark = role.text(.remark) { text += " (\(Markdown.inline(remark)))" }
    return text + citations.of(role)
  }
}

extension String {
  var capitalizedFirst: String { prefix(1).uppercased() + dropFirst() }
}
