internal import ChangeLog
internal import SQLite

/// The rows of one workspace in a database. Every statement names the workspace as `$1`.
struct WorkspaceRows {
  let database: any Database
  let workspace: WorkspaceID
  private let key: Binding

  init(of workspace: WorkspaceID, in database: any Database) {
    self.database = database
    self.workspace = workspace
    key = .blob(workspace.bytes)
  }

  /// - Parameter arguments: `$2`, `$3` ...
  func run(_ sql: String, _ arguments: Binding...) throws { try run(sql, arguments) }

  func run(_ sql: String, _ arguments: [Binding]) throws {
    try database.inside(workspace) { try database.run(sql, [key] + arguments) }
  }

  func forEach(
    _ sql: String, _ arguments: Binding..., body: (any DatabaseRow) throws -> Void
  ) throws {
    try database.inside(workspace) { try database.forEach(sql, [key] + arguments, body) }
  }

  func all<Value>(
    _ sql: String, _ arguments: Binding..., row: (any DatabaseRow) throws -> Value
  ) throws -> [Value] {
    var values: [Value] = []
    try database.inside(workspace) {
      try database.forEach(sql, [key] + arguments) { values.append(try row($0)) }
    }
    return values
  }

  func first<Value>(
    _ sql: String, _ arguments: Binding..., row: (any DatabaseRow) throws -> Value
  ) throws -> Value? {
    var value: Value?
    try database.inside(workspace) {
      try database.forEach(sql, [key] + arguments) { if value == nil { value = try row($0) } }
    }
    return value
  }

  func writing<Value>(_ body: () throws -> Value) throws -> Value {
    try database.writing(in: workspace, body)
  }
}
