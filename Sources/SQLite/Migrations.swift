/// A numbered list of SQL files, applied in order. The table `schema_version` says how far a database has
/// come; several lists can share one database.
public struct Migrations: Sendable {
  /// Which tables these are: "replica", "log".
  public let name: String
  /// The first brings a database without these tables to version 1.
  public let steps: [String]

  public init(name: String, steps: [String]) {
    self.name = name
    self.steps = steps
  }

  /// - Parameter steps: the bytes of the SQL files, as they are embedded in the program.
  public init(name: String, files steps: [[UInt8]]) {
    self.init(name: name, steps: steps.map { String(decoding: $0, as: UTF8.self) })
  }

  public enum Failure: Error, Equatable {
    /// A newer version of the program made it.
    case newer(name: String, found: Int, known: Int)
  }

  /// Brings the database to the newest version, all steps or none.
  public func apply(to connection: Connection) throws {
    guard try version(in: connection) != steps.count else { return }
    try connection.transaction {
      try connection.execute(
        """
        CREATE TABLE IF NOT EXISTS schema_version (
          name    TEXT PRIMARY KEY,  -- which tables
          version INTEGER NOT NULL   -- how many of their migrations were applied
        ) STRICT, WITHOUT ROWID
        """)
      // Another process may have migrated while this one waited for the lock.
      try expectKnown(in: connection)
      for step in steps[try version(in: connection)...] { try connection.execute(step) }
      try connection.run(
        "INSERT OR REPLACE INTO schema_version VALUES (?, ?)", .text(name), .int(steps.count))
    }
  }

  /// For who only reads.
  ///
  /// - Throws: ``Failure/newer(name:found:known:)``.
  public func expectKnown(in connection: Connection) throws {
    let found = try version(in: connection)
    guard found <= steps.count else {
      throw Failure.newer(name: name, found: found, known: steps.count)
    }
  }

  /// How many steps the database has seen.
  public func version(in connection: Connection) throws -> Int {
    let exists = try connection.first(
      "SELECT 1 FROM sqlite_schema WHERE name = 'schema_version'", row: { _ in true })
    guard exists == true else { return 0 }
    return try connection.first(
      "SELECT version FROM schema_version WHERE name = ?", .text(name), row: { $0.int(0) }) ?? 0
  }
}
