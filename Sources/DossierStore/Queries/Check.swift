internal import ChangeLog
internal import DossierModel
internal import ReplicaStore
internal import SQLite

extension Store {
  /// What SQLite finds wrong with the file; nil when nothing is.
  public func integrity() throws -> String? {
    let found = try connection.all("PRAGMA integrity_check(5)") { $0.text(0) }
    return found == ["ok"] ? nil : found.joined(separator: "; ")
  }

  /// Whether making every list and search table anew from the log gives what is there. Changes nothing.
  public func tablesFollowFromLog() throws -> Bool {
    try RecordProjection.followsFromLog(replica)
  }

  /// The derived tables, row numbers left out, in one order.
  func dump() throws -> [String] { try RecordProjection.dump(connection) }
}

extension RecordProjection {
  static func followsFromLog(_ replica: Replica) throws -> Bool {
    struct Result: Error { let isSame: Bool }
    do {
      try replica.connection.transaction {
        let before = try dump(replica.connection)
        try replica.rebuild()
        // Thrown so that the rebuilt tables are rolled back.
        throw Result(isSame: try dump(replica.connection) == before)
      }
      return true
    } catch let result as Result {
      return result.isSame
    }
  }

  static func dump(_ connection: Connection) throws -> [String] {
    let queries = [
      """
      SELECT hex(record.id), kind, short, slug, record.title, word, state, words, earliest, latest, deleted, hidden,
        search.title, body, joined
      FROM record LEFT JOIN search ON search.rowid = record.number ORDER BY record.id
      """,
      "SELECT hex(source), field, hex(target), parent FROM reference ORDER BY source, field, target",
      "SELECT folded, hex(id), rank FROM name ORDER BY folded, id",
      "SELECT hex(entity), field FROM review ORDER BY entity, field",
      "SELECT hex(id), kind FROM entity ORDER BY id",
    ]
    return try queries.flatMap { sql in
      try connection.all(sql) { row in
        (0..<row.count).map { row.optionalText($0) ?? "NULL" }.joined(separator: "|")
      }
    }
  }
}
