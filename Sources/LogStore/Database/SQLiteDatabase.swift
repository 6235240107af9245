internal import ChangeLog
internal import SQLite

/// A SQLite file. Its locks are on the whole file, so no workspace has to be named.
final class SQLiteDatabase: Database {
  let connection: Connection

  init(_ connection: Connection) { self.connection = connection }

  func run(_ sql: String, _ arguments: [Binding]) throws { try connection.run(sql, arguments) }

  func forEach(
    _ sql: String, _ arguments: [Binding], _ body: (any DatabaseRow) throws -> Void
  ) throws {
    try connection.forEach(sql, arguments) { try body($0) }
  }

  var isInTransaction: Bool { connection.isInTransaction }
  var transactionNumber: Int { connection.transactionNumber }

  func writing<Value>(in workspace: WorkspaceID?, _ body: () throws -> Value) throws -> Value {
    try connection.transaction(body)
  }

  func reading<Value>(in workspace: WorkspaceID?, _ body: () throws -> Value) throws -> Value {
    try connection.reading(body)
  }

  func exclusively<Value>(in workspace: WorkspaceID?, _ body: () throws -> Value) throws -> Value {
    try connection.exclusively(body)
  }

  func unchanged<Value>(
    in workspace: WorkspaceID, isWriting: Bool, _ body: () throws -> Value
  ) throws -> Value {
    try connection.reading {
      // The lock is taken with the first look.
      _ = try connection.first("SELECT count(*) FROM sqlite_schema", row: { $0.int(0) })
      return try body()
    }
  }

  func inside<Value>(_ workspace: WorkspaceID, _ body: () throws -> Value) throws -> Value {
    try body()
  }

  func sayServed() {}

  func beAlone() {}

  func giveBack() throws {
    try connection.execute("VACUUM")
    try connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
  }

  func problems() throws -> [String] {
    try connection.all("PRAGMA integrity_check", row: { $0.text(0) }).filter { $0 != "ok" }
      + connection.all(
        "PRAGMA foreign_key_check", row: { "a row of \($0.text(0)) belongs to nothing" })
  }
}

extension Row: DatabaseRow {}
