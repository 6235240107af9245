internal import CSQLite

/// One connection to one database file.
///
/// Not safe to share between threads; the owner serialises. Statements are prepared once and kept.
/// After an I/O error the connection refuses further work: whether the failed write happened is unknown,
/// and only a new connection reads what is really there.
public final class Connection {
  private let handle: OpaquePointer
  private var statements: [String: Statement] = [:]
  private var isBroken = false
  /// Counts the transactions of this connection: what was read in one is not known to hold in the next.
  public private(set) var transactionNumber = 0
  public let path: String
  /// Called after each commit, when what it wrote is on the disk.
  public var afterCommit: (() -> Void)?

  /// How long to wait for another process's lock, in milliseconds.
  static let busyTimeout: Int32 = 10_000

  public enum Mode: Sendable {
    case readOnly
    case readWrite
    /// As ``readWrite``; the file is made, with mode 0600, when it is missing.
    case create
  }

  /// - Parameter vfs: the file system of SQLite to use, registered before; nil for that of the machine.
  public init(
    path: String, mode: Mode = .create, vfs: String? = nil
  ) throws(SQLiteError) {
    self.path = path
    var flags = mode == .readOnly ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE
    if mode == .create, path != ":memory:" {
      if vfs == nil { try Files.createPrivately(path) } else { flags |= SQLITE_OPEN_CREATE }
    }
    var opened: OpaquePointer?
    let code = sqlite3_open_v2(
      path, &opened, flags | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, vfs)
    guard code == SQLITE_OK, let opened else {
      let error = SQLiteError(code: code, message: opened.map(Self.message) ?? "out of memory")
      sqlite3_close_v2(opened)
      throw error
    }
    handle = opened
    sqlite3_busy_timeout(handle, Self.busyTimeout)
    try execute("PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON")
  }

  deinit {
    for statement in statements.values { sqlite3_finalize(statement.handle) }
    sqlite3_close_v2(handle)
  }

  /// The version of the SQLite library in use.
  public static var libraryVersion: String { String(cString: sqlite3_libversion()) }

  /// Runs statements without arguments or results, such as a schema.
  public func execute(_ sql: String) throws(SQLiteError) {
    try check(sqlite3_exec(handle, sql, nil, nil, nil))
  }

  /// Runs one statement to its end.
  public func run(_ sql: String, _ arguments: Binding...) throws(SQLiteError) {
    try run(sql, arguments)
  }

  public func run(_ sql: String, _ arguments: [Binding]) throws(SQLiteError) {
    let statement = try statement(sql, arguments)
    defer { statement.reset() }
    var code = sqlite3_step(statement.handle)
    while code == SQLITE_ROW { code = sqlite3_step(statement.handle) }
    guard code == SQLITE_DONE else { throw failure(code) }
  }

  /// All rows of a query, each made into a value.
  public func all<Value>(
    _ sql: String, _ arguments: Binding..., row: (Row) throws -> Value
  ) throws -> [Value] {
    try all(sql, arguments, row: row)
  }

  public func all<Value>(
    _ sql: String, _ arguments: [Binding], row: (Row) throws -> Value
  ) throws -> [Value] {
    var values: [Value] = []
    try forEach(sql, arguments) { values.append(try row($0)) }
    return values
  }

  /// The first row of a query, or nil when there is none.
  public func first<Value>(
    _ sql: String, _ arguments: Binding..., row: (Row) throws -> Value
  ) throws -> Value? {
    let statement = try statement(sql, arguments)
    defer { statement.reset() }
    return try next(statement) ? try row(Row(statement: statement.handle)) : nil
  }

  /// Calls `body` for each row while the query runs. `body` must not run the same query.
  public func forEach(
    _ sql: String, _ arguments: [Binding], _ body: (Row) throws -> Void
  ) throws {
    let statement = try statement(sql, arguments)
    defer { statement.reset() }
    let row = Row(statement: statement.handle)
    while try next(statement) { try body(row) }
  }

  /// The number of rows the last statement changed.
  public var changes: Int { Int(sqlite3_changes64(handle)) }

  public var lastInsertedRow: Int { Int(sqlite3_last_insert_rowid(handle)) }

  public var isInTransaction: Bool { sqlite3_get_autocommit(handle) == 0 }

  /// Commits what `body` did, or none of it when it throws. Takes the write lock at once, so that a
  /// transaction never fails half way for want of it. Inside another transaction it is part of that one.
  public func transaction<Value>(_ body: () throws -> Value) throws -> Value {
    try transaction("BEGIN IMMEDIATE", body)
  }

  /// A transaction during which nobody else so much as reads. Waits until all that read have ended.
  public func exclusively<Value>(_ body: () throws -> Value) throws -> Value {
    try transaction("BEGIN EXCLUSIVE", body)
  }

  private func transaction<Value>(_ begin: String, _ body: () throws -> Value) throws -> Value {
    if isInTransaction { return try body() }
    try run(begin)
    transactionNumber += 1
    do {
      let value = try body()
      try run("COMMIT")
      afterCommit?()
      return value
    } catch {
      // SQLite may have rolled back already; a second rollback would be an error of its own.
      if isInTransaction { sqlite3_exec(handle, "ROLLBACK", nil, nil, nil) }
      throw error
    }
  }

  /// A consistent view of the database for several queries.
  public func reading<Value>(_ body: () throws -> Value) throws -> Value {
    if isInTransaction { return try body() }
    try run("BEGIN")
    transactionNumber += 1
    defer { sqlite3_exec(handle, "ROLLBACK", nil, nil, nil) }
    return try body()
  }

  /// Copies the whole database into a file that does not exist yet.
  public func backup(to path: String) throws(SQLiteError) {
    let target = try Connection(path: path)
    guard let copy = sqlite3_backup_init(target.handle, "main", handle, "main") else {
      throw target.failure(sqlite3_errcode(target.handle))
    }
    let code = sqlite3_backup_step(copy, -1)
    sqlite3_backup_finish(copy)
    guard code == SQLITE_DONE else { throw target.failure(code) }
  }

  private func next(_ statement: Statement) throws(SQLiteError) -> Bool {
    switch sqlite3_step(statement.handle) {
    case SQLITE_ROW: return true
    case SQLITE_DONE: return false
    case let code: throw failure(code)
    }
  }

  private func statement(
    _ sql: String, _ arguments: [Binding]
  ) throws(SQLiteError) -> Statement {
    guard !isBroken else {
      throw SQLiteError(code: SQLITE_IOERR, message: "the connection is closed after an I/O error")
    }
    var statement = statements[sql]
    if statement == nil || statement!.isBusy {
      // The same text inside its own loop: a second copy, dropped when it is done.
      var prepared: OpaquePointer?
      try check(
        sqlite3_prepare_v3(handle, sql, -1, UInt32(SQLITE_PREPARE_PERSISTENT), &prepared, nil))
      let isExtra = statement != nil
      statement = Statement(handle: prepared!, isExtra: isExtra)
      if !isExtra { statements[sql] = statement }
    }
    try check(statement!.bind(arguments))
    return statement!
  }

  private func check(_ code: Int32) throws(SQLiteError) {
    guard code == SQLITE_OK else { throw failure(code) }
  }

  private func failure(_ code: Int32) -> SQLiteError {
    let error = SQLiteError(
      code: sqlite3_extended_errcode(handle), fallback: code, message: Self.message(handle))
    if error.kind == .io { isBroken = true }
    return error
  }

  private static func message(_ handle: OpaquePointer) -> String {
    String(cString: sqlite3_errmsg(handle))
  }
}
