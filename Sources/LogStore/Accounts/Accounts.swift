internal import SQLite

/// Who may do what at a server, in a database of its own.
///
/// Several processes may have it open: the one that serves and those of the administrator. So it has a
/// rollback journal, and whoever asks twice may get two answers.
public final class Accounts {
  let connection: Connection

  static let migrations = Migrations(name: "accounts", files: [PackageResources.accounts_001_sql])

  /// Opens the accounts for reading and writing.
  public convenience init(in folder: DataFolder) throws(StoreError) {
    try folder.mustBeSetUp()
    try self.init(opening: folder)
  }

  /// Makes empty accounts.
  ///
  /// - Parameter address: where invites say the server is: "https://dossier.example.org".
  public static func create(
    in folder: DataFolder, address: String
  ) throws(StoreError) -> Accounts {
    let accounts = try Accounts(opening: folder)
    try translated {
      try accounts.connection.run("INSERT INTO server VALUES (1, ?)", .text(address))
    }
    return accounts
  }

  private init(opening folder: DataFolder) throws(StoreError) {
    connection = try translated {
      let connection = try Connection(path: folder.accounts)
      try Self.configure(connection)
      try Self.migrations.apply(to: connection)
      return connection
    }
  }

  private static func configure(_ connection: Connection) throws {
    let mode = try connection.first("PRAGMA journal_mode = DELETE", row: { $0.text(0) })
    try connection.execute("PRAGMA synchronous = EXTRA; PRAGMA foreign_keys = ON")
    let level = try connection.first("PRAGMA synchronous", row: { $0.int(0) })
    guard mode == "delete", level == 3 else { throw StoreError.notDurable }
  }

  /// Where invites say the server is.
  public func address() throws(StoreError) -> String {
    let address = try translated {
      try connection.first("SELECT address FROM server", row: { $0.text(0) })
    }
    guard let address else { throw .damaged("the address of the server is missing") }
    return address
  }

  /// All that `work` does, or nothing of it.
  public func transaction<Value>(_ work: () throws -> Value) throws(StoreError) -> Value {
    try translated { try connection.transaction(work) }
  }

  /// What SQLite finds wrong with the file.
  public func check() throws(StoreError) -> [Damage] {
    try translated {
      let problems =
        try connection.integrityProblems()
        + connection.all(
          "PRAGMA foreign_key_check", row: { "a row of \($0.text(0)) belongs to nothing" })
      return problems.map { Damage(place: "accounts.db", what: $0) }
    }
  }
}
