import ChangeLog
import DossierModel
import DossierPages
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
    for record in records {
      if record.kind == .action, record.isOpen, let last = record.mainDate?.latest, last < today {
        table.marked.insert(table.rows.count)
      }
      table.rows.append(try names.map { try cell(record, $0) })
    }
    show(table)
  }

  /// Prints a table: for reading on a terminal, separated by tabs in a pipe.
  func show(_ table: Table) {
    if options.format == .csv { return sayRaw(CSV.text(header: table.header, rows: table.rows)) }
    let isTable = options.format.map { $0 == .table } ?? terminal.isOutputTerminal
    guard isTable else {
      for line in table.tabSeparated { say(line) }
      return
    }
    let isColored = terminal.isColored(options.color)
    for line in table.lines(width: terminal.width, isColored: isColored) {
      if isColored { sayRaw(line + "\n") } else { say(line) }
    }
  }

  /// Prints objects as JSON, with the members `--fields` names or all.
  ///
  /// - Parameter names: every member an object of this command can have.
  func answer(objects: [JSON], of names: [String]) throws {
    // What is wrong with the names is told even if there is nothing to print.
    _ = try chosen(.object([]), of: names)
    let shown = try objects.map { try chosen($0, of: names) }
    if options.format == .jsonl {
      for object in shown { say(object.line) }
    } else {
      say(JSON.array(shown).line)
    }
  }

  func answer(object: JSON, of names: [String]) throws {
    say(try chosen(object, of: names).line)
  }

  private func chosen(_ object: JSON, of names: [String]) throws -> JSON {
    guard let fields = options.fields, case .object(let members) = object else { return object }
    let wanted = try self.names(fields, names, of: "what this command prints has")
    return .object(members.filter { wanted.contains($0.key) })
  }

  /// - Throws: ``Failure`` when `--fields` was said where it has no meaning.
  func refuseFields() throws {
    guard options.fields != nil else { return }
    throw Failure("usage", exit: 64, "--fields goes with --json here", input: options.fields)
  }

  /// The names after `--fields`.
  func fieldNames(_ text: String, _ kind: Kind) throws -> [String] {
    let known = ["id", "title"] + kind.fields.filter { !$0.isInternal }.map(\.name)
    return try names(text, known, of: "\(kind.withArticle) has")
  }

  private func names(_ text: String, _ known: [String], of owner: String) throws -> [String] {
    let names = text.split { $0 == "," || $0 == " " }.map(String.init)
    guard !names.isEmpty else {
      throw Failure(
        "unknown-field", exit: 64, "--fields \"\(text)\" names no field",
        details: ["fields: " + known.joined(separator: ", ")], input: text)
    }
    if let unknown = names.first(where: { !known.contains($0) }) {
      throw Failure(
        "unknown-field", exit: 64, "\(owner) no field \"\(unknown)\"",
        details: ["fields: " + known.joined(separator: ", ")], input: unknown)
    }
    return names
  }
}
