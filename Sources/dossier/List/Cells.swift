import ChangeLog
import DossierModel
import DossierStore

extension Context {
  /// One field of a record as text in a table: names instead of ids, dates in their own words.
  func cell(_ record: Record, _ name: String) throws -> String {
    switch name {
    case "id": return try store.short(record.id, record.kind)
    case "title": return record.title
    case "state" where record.kind == .action && record.elements(.actionState).isEmpty:
      return "open"
    default: break
    }
    guard let field = record.kind.field(named: name) else { return "" }
    let texts = try record.elements(field).map { try text($0, field.type) }
    let mark = record.conflicts.contains(field.number) ? " (to review)" : ""
    return texts.filter { !$0.isEmpty }.joined(separator: ", ") + mark
  }

  /// A value as a person reads it.
  func text(_ value: Value, _ type: FieldType) throws -> String {
    switch (type, value) {
    case (_, .null): return ""
    case (.date, _): return FuzzyDate(value: value)?.display ?? ""
    case (.parts(let parts), .list(let values)):
      return try zip(parts, values).map { try text($1, $0.type) }.filter { !$0.isEmpty }
        .joined(separator: " · ")
    case (_, .text(let text)): return text.string
    case (_, .bool(let flag)): return flag ? "yes" : "no"
    case (_, .int(let number)): return String(number)
    case (_, .entity(let id)): return try self.name(id)
    case (_, .bytes(let bytes)): return Hexadecimal.encode(bytes)
    case (_, .list(let items)):
      return try items.map { try text($0, .text) }.joined(separator: " · ")
    }
  }

  /// Prints records: a table on a terminal, tab-separated in a pipe, or JSON.
  func list(_ records: [Record], _ kind: Kind, defaults: [String]) throws {
    let wanted = try options.fields.map { try fieldNames($0, kind) }
    if wantsJSON {
      let objects = try records.map {
        try RecordJSON.encode($0, fields: wanted) { try self.fullID($0) }
      }
      if options.format == .jsonl {
        for object in objects { say(object.line) }
      } else {
        say(JSON.array(objects).line)
      }
      return
    }
    let names = wanted ?? defaults
    var table = Table(header: names.map { $0.replacing("_", with: " ") })
    for record in records { table.rows.append(try names.map { try cell(record, $0) }) }
    show(table)
  }

  /// The names after `--fields`.
  func fieldNames(_ text: String, _ kind: Kind) throws -> [String] {
    let known = ["id", "title"] + kind.fields.filter { !$0.isInternal }.map(\.name)
    let names = text.split(separator: ",").map { String($0).trimmingEnd() }
    guard !names.isEmpty else {
      throw Failure(
        "unknown-field", exit: 64, "--fields \"\(text)\" names no field",
        details: ["fields: " + known.joined(separator: ", ")], input: text)
    }
    if let unknown = names.first(where: { !known.contains($0) }) {
      throw Failure(
        "unknown-field", exit: 64, "\(kind.withArticle) has no field \"\(unknown)\"",
        details: ["fields: " + known.joined(separator: ", ")], input: unknown)
    }
    return names
  }
}
