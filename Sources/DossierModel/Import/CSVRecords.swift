/// Records of one kind from a table: a row each, a column a field.
public enum CSVRecords {
  /// - Parameters:
  ///   - columns: the field of each column that is not called as its field; "" for one to pass over.
  /// - Returns: records with the id in column `id`, or the slug, or a label made of all cells: the same file imported
  ///   again makes none twice.
  public static func read(
    _ bytes: [UInt8], kind: Kind, columns: [String: String], separator: Character,
    _ surroundings: ForeignSurroundings
  ) throws -> ForeignFile {
    var file = ForeignFile()
    let rows: [CSVReader.Row]
    do {
      rows = try CSVReader.rows(bytes, separator: separator.asciiValue ?? 0x2c)
    } catch {
      file.refuse(error.line, "", error.reason)
      return file
    }
    guard let header = rows.first else { return file }
    let fields = fields(header.cells, kind, columns, &file)
    guard file.problems.isEmpty else { return file }
    for row in rows.dropFirst() {
      guard row.cells.count == header.cells.count else {
        file.refuse(
          row.line, "", "\(row.cells.count) cells, where the first row has \(header.cells.count)")
        continue
      }
      do {
        file.records.append((row.line, try record(row, fields, kind, surroundings)))
      } catch let problem as RecordProblem {
        file.refuse(row.line, problem.field, problem.reason)
      }
    }
    return file
  }

  private enum Column {
    case id
    case field(Field)
    case none
  }

  private static func fields(
    _ header: [String], _ kind: Kind, _ columns: [String: String], _ file: inout ForeignFile
  ) -> [Column] {
    var seen: Set<String> = []
    return header.map { title in
      let name = columns[title] ?? title.lowercased().replacing(" ", with: "_")
      if name.isEmpty || (name == "title" && columns[title] == nil) { return .none }
      if !seen.insert(name).inserted { file.refuse(1, title, "a second column for \(name)") }
      if name == "id" { return .id }
      if let field = kind.field(named: name), !field.isInternal { return .field(field) }
      file.refuse(
        1, title,
        "\(kind.withArticle) has no such field; say which it is with --map \"\(title)=FIELD\", or pass over it with --map \"\(title)=\""
      )
      return .none
    }
  }

  private static func record(
    _ row: CSVReader.Row, _ columns: [Column], _ kind: Kind, _ surroundings: ForeignSurroundings
  ) throws -> JSON {
    var members: [JSON.Member] = [.init("type", .string(kind.name))]
    var hasName = false
    for (column, cell) in zip(columns, row.cells) where !cell.isEmpty {
      switch column {
      case .none: continue
      case .id:
        hasName = true
        let known = try surroundings.find(cell).flatMap { $0.kind == kind ? $0.id : nil }
        members.append(.init("id", .string(known ?? "csv \(cell)")))
      case .field(let field):
        if field.number == Field.slug.number { hasName = true }
        members.append(.init(field.name, try value(cell, field, surroundings)))
      }
    }
    if !hasName {
      let cells = JSON.array(row.cells.map { .string($0) }).line
      members.append(.init("id", .string("csv \(kind.name) \(cells)")))
    }
    return .object(members)
  }

  private static func value(
    _ cell: String, _ field: Field, _ surroundings: ForeignSurroundings
  ) throws -> JSON {
    guard field.isSet else { return try single(cell, field, surroundings) }
    let separator = cell.contains(";") ? ";" : ","
    let parts = cell.split(separator: Character(separator)).map(trimmed).filter { !$0.isEmpty }
    return .array(try parts.map { try single($0, field, surroundings) })
  }

  private static func trimmed(_ text: some StringProtocol) -> String {
    var text = Substring(text)
    while text.first?.isWhitespace == true { text = text.dropFirst() }
    while text.last?.isWhitespace == true { text = text.dropLast() }
    return String(text)
  }

  private static func single(
    _ cell: String, _ field: Field, _ surroundings: ForeignSurroundings
  ) throws -> JSON {
    switch field.type {
    case .text, .prose, .word: return .string(cell)
    case .reference: return .string(try surroundings.find(cell)?.id ?? cell)
    case .flag:
      guard ["yes", "no", "true", "false"].contains(cell.lowercased()) else {
        throw RecordProblem(field: field.name, reason: "\"\(cell)\" is neither yes nor no")
      }
      return .bool(["yes", "true"].contains(cell.lowercased()))
    case .number:
      guard let number = Int64(cell) else {
        throw RecordProblem(field: field.name, reason: "\"\(cell)\" is no whole number")
      }
      return .int(number)
    case .date:
      do { return try surroundings.dates.read(cell).json } catch {
        throw RecordProblem(field: field.name, reason: error.reason)
      }
    case .parts:
      guard field.number == Field.actionState.number, field.name == Field.actionState.name else {
        throw RecordProblem(field: field.name, reason: "a cell cannot say it; set it in the record")
      }
      return .object([.init("is", .string(cell))])
    }
  }
}

extension DateError {
  /// In the words of an import's problems.
  var reason: String {
    switch self {
    case .ambiguous(let input, let readings):
      "\"\(input)\" can be read two ways: "
        + readings.map(\.day.description).joined(separator: ", ")
    case .unknown(let input, _): "\"\(input)\" is no date this program reads"
    case .impossible(let input, let reason): "there is no date \"\(input)\": \(reason)"
    default: "no date this program reads"
    }
  }
}
