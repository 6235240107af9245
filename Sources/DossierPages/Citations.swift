internal import ChangeLog
internal import DossierModel

/// The sources of one dossier: a number each, in the order of their dates, so that a new fact does not
/// renumber the old ones.
struct Citations {
  private let graph: RecordGraph
  private let documents: [Record]

  /// - Parameter records: all records whose sources the dossier cites.
  init(_ records: [Record], _ graph: RecordGraph) {
    self.graph = graph
    var ids: Set<EntityID> = []
    for record in records {
      for field in [Field.sources, .readings, .values] {
        for parts in record.parts(field) {
          if let id = parts.reference("document") ?? parts.reference("source") { ids.insert(id) }
        }
      }
    }
    documents = ids.compactMap { graph[$0] }.sorted(by: RecordGraph.isOrderedBefore)
  }

  /// " [1, lines 3-9; 2]"; nothing when no source is named.
  func of(_ record: Record) -> String {
    list(record.parts(.sources).map { ($0.reference("document"), $0.text("locator")) })
  }

  func list(_ pairs: [(EntityID?, String?)]) -> String {
    var locators: [Int: [String]] = [:]
    for (id, locator) in pairs {
      guard let index = documents.firstIndex(where: { $0.id == id }) else { continue }
      locators[index + 1, default: []] += [locator].compactMap { $0 }
    }
    guard !locators.isEmpty else { return "" }
    let texts = locators.sorted { $0.key < $1.key }.map { number, places in
      ([String(number)] + places.sorted { Self.key($0) < Self.key($1) }.map { Markdown.inline($0) })
        .joined(separator: ", ")
    }
    return " \\[" + texts.joined(separator: "; ") + "\\]"
  }

  /// "line 9" before "line 10".
  private static func key(_ locator: String) -> (Int, String) {
    let digits = locator.drop { !$0.isNumber }.prefix { $0.isNumber }
    return (Int(digits) ?? .max, locator)
  }

  /// The sources of a record as a fact of their own; none when there are none.
  func line(_ record: Record) -> [String] {
    let text = of(record)
    return text.isEmpty ? [] : ["**Sources:**" + text]
  }

  /// The numbered list at the end of the dossier.
  var section: [String] {
    guard !documents.isEmpty else { return [] }
    let lines = documents.enumerated().map { index, document in
      "\(index + 1). " + DocumentLine(graph).text(document)
    }
    return ["## Sources", lines.joined(separator: "\n")]
  }
}

extension FuzzyDate {
  /// The words; where somebody worked the days out, these too, so that nobody takes them for said.
  var sourced: String {
    guard isInferred, let earliest, let latest else { return display }
    let days = earliest == latest ? "\(earliest)" : "\(earliest) to \(latest)"
    return words.isEmpty ? "\(days), inferred" : "\(words) (inferred: \(days))"
  }
}

/// A document in a list.
struct DocumentLine {
  private let graph: RecordGraph

  init(_ graph: RecordGraph) { self.graph = graph }

  /// "Tunis Agenda, outcome document, United Nations, November 2005"
  func text(_ document: Record) -> String {
    var facts: [String] = []
    if let kind = document.text(.kind) { facts.append(Markdown.inline(kind)) }
    if let reference = document.text(.reference), reference != document.title {
      facts.append(Markdown.inline(reference))
    }
    let issuers = document.references(.issuers).compactMap { graph[$0] }.map {
      Markdown.inline($0.title)
    }.sorted()
    if !issuers.isEmpty { facts.append(issuers.joined(separator: " and ")) }
    if let date = document.date(.documentDate), !date.display.isEmpty {
      facts.append(Markdown.inline(date.display))
    }
    if document.flag(.urlMissing) { facts.append("address missing") }
    if let file = document.text(.file) {
      facts.append("file `\(Markdown.visible(file).replacing("`", with: "'"))`")
    }
    let title =
      document.text(.url).map { Markdown.link(document.title, to: $0) }
      ?? Markdown.inline(document.title)
    return ([title] + facts).joined(separator: ", ")
  }
}
