internal import ChangeLog
internal import DossierModel
internal import ReplicaStore
internal import SQLite

/// Keeps the tables that lists, filters and search run over in line with the states of records.
struct RecordProjection: Projection {
  func clear(in connection: Connection) throws {
    try connection.execute(
      "DELETE FROM record; DELETE FROM reference; DELETE FROM name; DELETE FROM search")
  }

  func update(_ changed: [EntityID: EntityState], in connection: Connection) throws {
    var touched: [EntityID] = []
    for (id, state) in changed.sorted(by: { $0.key < $1.key }) {
      guard let record = Record(id: id, state: state) else { continue }
      let known = try connection.first(
        "SELECT number FROM record WHERE id = ?", .blob(id.bytes)
      ) { $0.int(0) }
      if let known {
        // A parent this record leaves may go out of sight with it.
        touched += try parents(of: id, connection)
        try clear(id, row: known, connection)
      }
      let row = try write(record, row: known, connection)
      try writeReferences(record, connection)
      try writeNames(record, connection)
      if !record.isDeleted { try writeSearch(record, state, row: row, connection) }
      touched.append(id)
      touched += try parents(of: id, connection)
    }
    try updateVisibility(touched, connection)
  }

  private func clear(_ id: EntityID, row: Int, _ connection: Connection) throws {
    try connection.run("DELETE FROM reference WHERE source = ?", .blob(id.bytes))
    try connection.run("DELETE FROM name WHERE id = ?", .blob(id.bytes))
    try connection.run("DELETE FROM search WHERE rowid = ?", .int(row))
  }

  private func write(_ record: Record, row: Int?, _ connection: Connection) throws -> Int {
    let date = record.mainDate
    let state: String? =
      switch record.kind {
      case .action: record.openState ?? "open"
      case .dialogue: record.text(.state)
      case .partnership: record.text(.status)
      default: nil
      }
    let word =
      switch record.kind {
      case .act: record.text(.actWhat)
      case .role: record.text(.roleWhat)
      default: record.text(.kind)
      }
    let deleted = record.isDeleted ? 1 : 0
    try connection.run(
      "INSERT OR REPLACE INTO record VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
      .int(row), .blob(record.id.bytes), .int(Int64(record.kind.rawValue)),
      .text(ShortID.random(of: record.id)), .optional(record.text(.slug)),
      .text(String(record.title.prefix(300))), .optional(word), .optional(state),
      .optional(date?.words), .int(date?.earliest?.number), .int(date?.latest?.number),
      .int(deleted), .int(deleted))
    return row ?? connection.lastInsertedRow
  }

  private func writeReferences(_ record: Record, _ connection: Connection) throws {
    for (field, target) in record.allReferences {
      try connection.run(
        "INSERT OR IGNORE INTO reference VALUES (?, ?, ?, ?)", .blob(record.id.bytes),
        .int(Int64(field.number)), .blob(target.bytes), .bool(field.isParent))
    }
  }

  private func writeNames(_ record: Record, _ connection: Connection) throws {
    guard !record.isDeleted else { return }
    var names: [(String, Int)] = []
    if let slug = record.text(.slug) { names.append((slug, 0)) }
    if let acronym = record.text(.acronym) { names.append((acronym, 1)) }
    if let name = record.text(.name) { names.append((name, 2)) }
    names += record.texts(.aliases).map { ($0, 3) }
    names += record.parts(.names).compactMap { $0.text("text").map { ($0, 3) } }
    names += record.parts(.codes).compactMap { $0.text("code").map { ($0, 4) } }
    names += record.texts(.formerSlugs).map { ($0, 5) }
    for (name, rank) in names {
      let folded = Folding.fold(name)
      if folded.isEmpty { continue }
      try connection.run(
        "INSERT OR IGNORE INTO name VALUES (?, ?, ?)", .text(folded), .blob(record.id.bytes),
        .int(rank))
    }
  }

  /// All texts of the record, siblings included, so that nothing anybody wrote is hidden from a search.
  private func writeSearch(
    _ record: Record, _ state: EntityState, row: Int, _ connection: Connection
  ) throws {
    var body: [String] = []
    // Names for typing and places in sources are not words anybody looks for.
    let silent = [Field.slug, .formerSlugs, .sources, .imported].map(\.number)
    for field in state.fields where !silent.contains(field.number) {
      let type = record.kind.field(field.number)?.type ?? .text
      for value in field.distinctValues { body += Self.words(of: value, type) }
    }
    body.removeAll { $0 == record.title }
    // A soft hyphen would cut a word in two.
    let text = body.joined(separator: "\n").replacing("\u{ad}", with: "")
    let title = record.title.replacing("\u{ad}", with: "")
    try connection.run(
      "INSERT INTO search (rowid, title, body, joined) VALUES (?, ?, ?, ?)", .int(row),
      .text(title), .text(text), .text(Folding.joined(title + "\n" + text)))
  }

  /// The texts in a value. Of a date only what was said: nobody looks for its code.
  private static func words(of value: Value, _ type: FieldType) -> [String] {
    switch (type, value) {
    case (.date, _):
      guard let date = FuzzyDate(value: value), date.words != date.edtf else { return [] }
      return [date.words]
    case (.parts(let parts), .list(let values)):
      return zip(parts, values).flatMap { words(of: $1, $0.type) }
    case (_, .text(let text)): return [text.string]
    case (_, .list(let values)): return values.flatMap { words(of: $0, .text) }
    default: return []
    }
  }

  private func parents(of id: EntityID, _ connection: Connection) throws -> [EntityID] {
    try connection.all(
      "SELECT target FROM reference WHERE source = ? AND parent = 1", .blob(id.bytes)
    ) { EntityID(bytes: $0.blob(0)) }
  }

  /// A deleted record stays in sight as long as something that is not deleted belongs to it, or to what does. Looked for from
  /// the record down: what two who belong to each other say of one another would not end.
  private func updateVisibility(_ changed: [EntityID], _ connection: Connection) throws {
    // Nothing is hidden that is not deleted, and most stores have deleted nothing.
    let hasDeleted = try connection.first("SELECT 1 FROM record WHERE deleted = 1 LIMIT 1") { _ in
      true
    }
    guard hasDeleted == true else { return }
    var queue = changed
    var rounds = 0
    while let id = queue.popLast(), rounds < 1_000_000 {
      rounds += 1
      let hidden = try connection.first(
        """
        WITH RECURSIVE below (id, deleted) AS (
          SELECT id, deleted FROM record WHERE id = ?1
          UNION
          SELECT child.id, child.deleted FROM below
          JOIN reference ON reference.target = below.id AND reference.parent = 1
          JOIN record AS child ON child.id = reference.source
          WHERE below.deleted = 1)
        SELECT hidden, NOT EXISTS (SELECT 1 FROM below WHERE deleted = 0)
        FROM record WHERE id = ?1
        """, .blob(id.bytes)
      ) { (was: $0.bool(0), isNow: $0.bool(1)) }
      guard let hidden, hidden.was != hidden.isNow else { continue }
      try connection.run(
        "UPDATE record SET hidden = ? WHERE id = ?", .bool(hidden.isNow), .blob(id.bytes))
      queue += try parents(of: id, connection)
    }
  }
}
