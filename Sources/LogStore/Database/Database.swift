internal import ChangeLog
internal import SQLite

/// What the server's stores are kept in: a SQLite file, or a PostgreSQL database.
///
/// One SQL text serves both; its parameters are `$1`, `$2`, `$3` ...
protocol Database: AnyObject {
  /// Runs one statement to its end.
  func run(_ sql: String, _ arguments: [Binding]) throws
  /// Calls `body` for each row while the query runs. `body` must not use the database.
  func forEach(
    _ sql: String, _ arguments: [Binding], _ body: (any DatabaseRow) throws -> Void) throws

  var isInTransaction: Bool { get }
  /// Counts the transactions: what was read in one is not known to hold in the next.
  var transactionNumber: Int { get }

  /// Commits what `body` did, or none of it when it throws. Inside another transaction it is part of that one.
  ///
  /// - Parameter workspace: whose rows are meant, and nobody else writes meanwhile; nil for those of none.
  func writing<Value>(in workspace: WorkspaceID?, _ body: () throws -> Value) throws -> Value
  /// A consistent view for several queries.
  func reading<Value>(in workspace: WorkspaceID?, _ body: () throws -> Value) throws -> Value
  /// The same as ``writing(in:_:)``, while nobody is inside ``unchanged(in:isWriting:_:)``.
  func exclusively<Value>(in workspace: WorkspaceID?, _ body: () throws -> Value) throws -> Value
  /// Keeps the rows of a workspace as they are while `body` is done.
  ///
  /// - Parameter isWriting: whether `body` writes rows of the workspace itself, here or in a store beside this one.
  func unchanged<Value>(
    in workspace: WorkspaceID, isWriting: Bool, _ body: () throws -> Value
  ) throws -> Value
  /// Single statements about a workspace, outside of a transaction too.
  func inside<Value>(_ workspace: WorkspaceID, _ body: () throws -> Value) throws -> Value

  /// Says that this process serves from it, as long as this lives.
  func sayServed() throws
  /// Keeps other processes from serving from it while this lives; files have a lock of their own.
  ///
  /// - Throws: ``StoreError/served(_:)`` while one does.
  func beAlone() throws
  /// Gives the room of what was dropped back to the disk, where it can.
  func giveBack() throws
  /// What is wrong with it as a database.
  func problems() throws -> [String]
}

/// One row of a result, valid until the next one. Columns count from 0.
protocol DatabaseRow {
  func isNull(_ column: Int) -> Bool
  /// 0 for NULL.
  func int(_ column: Int) -> Int
  /// Empty for NULL.
  func text(_ column: Int) -> String
  /// Empty for NULL.
  func blob(_ column: Int) -> [UInt8]
}

extension Database {
  func run(_ sql: String, _ arguments: Binding...) throws { try run(sql, arguments) }

  /// All rows of a query, each made into a value.
  func all<Value>(
    _ sql: String, _ arguments: Binding..., row: (any DatabaseRow) throws -> Value
  ) throws -> [Value] {
    var values: [Value] = []
    try forEach(sql, arguments) { values.append(try row($0)) }
    return values
  }

  /// The first row of a query, or nil when there is none. The query itself has to say that one is enough.
  func first<Value>(
    _ sql: String, _ arguments: Binding..., row: (any DatabaseRow) throws -> Value
  ) throws -> Value? {
    var value: Value?
    try forEach(sql, arguments) { if value == nil { value = try row($0) } }
    return value
  }
}
