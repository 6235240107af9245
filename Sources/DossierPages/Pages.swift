public import ChangeLog
public import DossierModel

/// What a reader gets: one file a partnership, an index, the open action items.
///
/// The same records give the same bytes: no clock, no machine, no version.
public struct Pages: Sendable {
  let graph: RecordGraph
  private let paths: [EntityID: String]

  public init(_ graph: RecordGraph) {
    self.graph = graph
    var taken: Set<String> = ["index", "open-actions"]
    var paths: [EntityID: String] = [:]
    for record in graph.all(.partnership).sorted(by: { $0.id < $1.id }) {
      let random = ShortID.random(of: record.id).prefix(ShortID.exportedLength)
      let slug = record.text(.slug).flatMap { Folding.isSlug($0) ? $0 : nil }
      var name = slug ?? "p-\(random)"
      if !taken.insert(name).inserted { name += "-\(random)" }
      taken.insert(name)
      paths[record.id] = name + ".md"
    }
    self.paths = paths
  }

  public func all() -> [Page] {
    let dossiers = graph.all(.partnership).compactMap { dossier($0.id) }
    return ([index(), openActions()] + dossiers).sorted { $0.path < $1.path }
  }

  /// The dossier of one partnership; nil when there is none.
  public func dossier(_ id: EntityID) -> Page? {
    guard let record = graph[id], record.kind == .partnership, let path = paths[id] else {
      return nil
    }
    return DossierPage(record, self).page(path)
  }

  /// All partnerships: those that belong to another one below it.
  public func index() -> Page {
    var blocks = ["# Dossiers"]
    let all = graph.all(.partnership).sorted { Self.order($0) < Self.order($1) }
    let roots = all.filter { $0.reference(.partnershipParent).flatMap { graph[$0] } == nil }
    var lines: [String] = []
    var shown: Set<EntityID> = []
    func add(_ record: Record, depth: Int) {
      guard shown.insert(record.id).inserted else { return }
      lines.append(String(repeating: "  ", count: depth) + "- " + indexLine(record))
      for child in all where child.reference(.partnershipParent) == record.id {
        add(child, depth: depth + 1)
      }
    }
    for root in roots { add(root, depth: 0) }
    // Partnerships that name each other as parent in a circle.
    for record in all { add(record, depth: 0) }
    blocks.append(lines.isEmpty ? "No partnerships." : lines.joined(separator: "\n"))
    blocks.append("[Open action items](open-actions.md)")
    return Page(path: "index.md", blocks: blocks)
  }

  private func indexLine(_ record: Record) -> String {
    let facts = [record.text(.kind), record.text(.status)].compactMap { $0 }.map {
      Markdown.inline($0)
    }
    let open = Actions(graph).of(record).filter(\.isOpen).count
    let actions = open == 0 ? [] : ["\(open) open \(open == 1 ? "action item" : "action items")"]
    return ([link(record)] + [(facts + actions).joined(separator: ", ")]).filter { !$0.isEmpty }
      .joined(separator: " · ")
  }

  private static func order(_ record: Record) -> (String, EntityID) {
    (Folding.fold(record.title), record.id)
  }

  /// Every open action item by due date, overdue ones not told apart: that depends on the day.
  public func openActions() -> Page {
    let open = graph.all(.action).filter(\.isOpen)
    var blocks = ["# Open action items"]
    let dated = open.filter { $0.mainDate?.latest != nil || $0.mainDate?.earliest != nil }
    if !dated.isEmpty {
      blocks.append("## With a date")
      blocks.append(dated.map(line).joined(separator: "\n"))
    }
    let rest = open.filter { record in !dated.contains { $0.id == record.id } }
    let groups = Dictionary(grouping: rest) { Actions(graph).partnership(of: $0) }
    let order = groups.keys.sorted { a, b in
      switch (a.flatMap { graph[$0] }, b.flatMap { graph[$0] }) {
      case (let a?, let b?): Self.order(a) < Self.order(b)
      case (nil, .some): false
      case (.some, nil): true
      case (nil, nil): false
      }
    }
    if !rest.isEmpty { blocks.append("## Without a date") }
    for key in order {
      blocks.append(
        "### "
          + (key.flatMap { graph[$0] }.map { Markdown.inline($0.title) }
            ?? "Belonging to no partnership"))
      blocks.append(groups[key, default: []].map(line).joined(separator: "\n"))
    }
    if open.isEmpty { blocks.append("None.") }
    return Page(path: "open-actions.md", blocks: blocks)
  }

  private func line(_ action: Record) -> String {
    let place = Actions(graph).partnership(of: action).flatMap { graph[$0] }.map { link($0) }
    return Actions(graph).line(action, place: place)
  }

  /// A partnership as a link to its page; text when it has none.
  func link(_ record: Record) -> String {
    guard let path = paths[record.id] else { return Markdown.inline(record.title) }
    return "[\(Markdown.inline(record.title))](\(path))"
  }

  /// A record named in a sentence: a link when it has a page, its name otherwise, never a dead link.
  func mention(_ id: EntityID) -> String {
    guard let record = graph[id] else { return "unknown record" }
    return record.kind == .partnership ? link(record) : Markdown.inline(record.title)
  }
}
