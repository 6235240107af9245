#if PostgreSQL
  internal import ChangeLog
  internal import PostgreSQL
  internal import SQLite

  /// A PostgreSQL database, which other processes use at the same time. Row locks take the place of file locks: whoever writes
  /// to a workspace, or takes a right away in it, holds its row in `log` until the commit.
  final class PostgreSQLDatabase: Database {
    let connection: PostgreSQL.Connection
    /// Of the transaction that is open.
    private var scope: WorkspaceID?
    private var isReadOnly = false

    /// Connects, and brings the tables to the newest version.
    ///
    /// - Parameter mayCreate: whether an empty database gets its tables.
    /// - Throws: ``StoreError/pooled``, ``StoreError/notDurable``, ``StoreError/newer``, ``StoreError/notSetUp(_:)`` for an
    ///   empty one.
    init(_ info: String, mayCreate: Bool) throws {
      connection = try PostgreSQL.Connection(info)
      guard try connection.hasSessionOfItsOwn(info) else { throw StoreError.pooled }
      try pin("synchronous_commit")
      for setting in ["synchronous_commit", "fsync"] where try value(of: setting) == "off" {
        throw StoreError.notDurable
      }
      if !mayCreate, try version() == 0 { throw StoreError.notSetUp(Self.place) }
      try migrate()
    }

    /// How it is named where a folder would be.
    static let place = "the database"

    private static let lock = 0x646f_7373

    /// Held, shared, by every connection that serves, until it ends. Several servers may share a database, each in a schema of
    /// its own.
    func sayServed() throws {
      try connection.execute(
        "SELECT pg_advisory_lock_shared(\(Self.lock), hashtext(current_schema()))")
    }

    /// Keeps others from beginning to serve as long as this connection lives.
    ///
    /// - Throws: ``StoreError/served(_:)`` while somebody serves.
    func beAlone() throws {
      let isAlone = try first(
        "SELECT pg_try_advisory_lock(\(Self.lock), hashtext(current_schema()))",
        row: { $0.int(0) == 1 })
      guard isAlone == true else { throw StoreError.served(Self.place) }
    }

    /// What was found here holds as long as this connection lives, whatever is set for all meanwhile.
    private func pin(_ setting: String) throws {
      try run("SELECT set_config($1, current_setting($1), false)", [.text(setting)])
    }

    private func value(of setting: String) throws -> String? {
      try first("SELECT current_setting($1)", .text(setting), row: { $0.text(0) })
    }

    static let steps = [PackageResources.postgresql_001_sql, PackageResources.postgresql_002_sql]
      .map { String(decoding: $0, as: UTF8.self) }

    private func version() throws -> Int {
      let exists = try first("SELECT to_regclass('schema_version')::text", row: { !$0.isNull(0) })
      guard exists == true else { return 0 }
      return try first("SELECT version FROM schema_version", row: { $0.int(0) }) ?? 0
    }

    /// All steps or none. Of several processes that start at once, one does it.
    private func migrate() throws {
      guard try version() != Self.steps.count else { return }
      try connection.transaction("BEGIN; SELECT pg_advisory_xact_lock(\(Self.lock))") {
        let found = try version()
        guard found <= Self.steps.count else { throw StoreError.newer }
        guard found < Self.steps.count else { return }
        if found == 0 {
          try connection.execute("CREATE TABLE schema_version (version bigint NOT NULL)")
          try connection.execute("INSERT INTO schema_version VALUES (0)")
        }
        for step in Self.steps[found...] { try connection.execute(step) }
        try run("UPDATE schema_version SET version = $1", .int(Self.steps.count))
      }
    }

    // MARK: Statements

    func run(_ sql: String, _ arguments: [Binding]) throws {
      try connection.run(sql, arguments.map(\.value))
    }

    func forEach(
      _ sql: String, _ arguments: [Binding], _ body: (any DatabaseRow) throws -> Void
    ) throws {
      try connection.forEach(sql, arguments.map(\.value)) { try body($0) }
    }

    // MARK: Transactions

    var isInTransaction: Bool { connection.isInTransaction }
    var transactionNumber: Int { connection.transactionNumber }

    func writing<Value>(in workspace: WorkspaceID?, _ body: () throws -> Value) throws -> Value {
      if isInTransaction {
        try enter(workspace, holdsLog: !isReadOnly)
        return try body()
      }
      return try transaction("BEGIN", in: workspace, holdsLog: true, body)
    }

    func reading<Value>(in workspace: WorkspaceID?, _ body: () throws -> Value) throws -> Value {
      if isInTransaction {
        try enter(workspace, holdsLog: false)
        return try body()
      }
      return try transaction(
        "BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY", in: workspace, holdsLog: false, body)
    }

    /// A row that is locked has to be there.
    func exclusively<Value>(in workspace: WorkspaceID?, _ body: () throws -> Value) throws -> Value
    {
      if let workspace, !isInTransaction {
        try run(
          """
          INSERT INTO log (workspace, id) VALUES ($1, uuid_send(gen_random_uuid()))
          ON CONFLICT DO NOTHING
          """, .blob(workspace.bytes))
      }
      return try writing(in: workspace, body)
    }

    func unchanged<Value>(
      in workspace: WorkspaceID, isWriting: Bool, _ body: () throws -> Value
    ) throws -> Value {
      isWriting ? try writing(in: workspace, body) : try reading(in: workspace, body)
    }

    func inside<Value>(_ workspace: WorkspaceID, _ body: () throws -> Value) throws -> Value {
      if isInTransaction {
        try enter(workspace, holdsLog: false)
        return try body()
      }
      return try transaction("BEGIN", in: workspace, holdsLog: false, body)
    }

    /// A process that stops half way must not keep the others waiting for ever.
    private static let patience =
      "SET LOCAL lock_timeout = '10s'; SET LOCAL idle_in_transaction_session_timeout = '30s'"

    private func transaction<Value>(
      _ begin: String, in workspace: WorkspaceID?, holdsLog: Bool, _ body: () throws -> Value
    ) throws -> Value {
      isReadOnly = begin.hasSuffix("READ ONLY")
      scope = workspace
      defer { (scope, isReadOnly) = (nil, false) }
      let scoping = workspace.map { Self.scoping($0, holdsLog: holdsLog) } ?? ""
      return try connection.transaction("\(begin); \(Self.patience)\(scoping)", body)
    }

    private func enter(_ workspace: WorkspaceID?, holdsLog: Bool) throws {
      guard let workspace, workspace != scope else { return }
      try connection.execute(String(Self.scoping(workspace, holdsLog: holdsLog).dropFirst(2)))
      scope = workspace
    }

    private static func scoping(_ workspace: WorkspaceID, holdsLog: Bool) -> String {
      let name = Hexadecimal.encode(workspace.bytes)
      return "; SELECT set_config('dossier.workspace', '\(name)', true)"
        + (holdsLog ? "; SELECT 1 FROM log WHERE workspace = '\\x\(name)' FOR UPDATE" : "")
    }

    // MARK: The whole

    /// PostgreSQL does it by itself.
    func giveBack() {}

    func problems() throws -> [String] {
      let role = try first(
        "SELECT rolname FROM pg_roles WHERE rolname = current_user AND (rolsuper OR rolbypassrls)",
        row: { $0.text(0) })
      return role.map {
        ["role \($0) is above row security: one wall less between workspaces; use a plain role"]
      } ?? []
    }
  }

  extension PostgreSQL.Row: DatabaseRow {}

  extension Binding {
    fileprivate var value: PostgreSQL.Value {
      switch self {
      case .null: .null
      case .int(let number): .int(number)
      case .text(let text): .text(text)
      case .blob(let bytes): .bytes(bytes)
      }
    }
  }

  extension StoreError {
    init(_ error: PostgreSQLError) {
      switch error.kind {
      case .connection, .conflict: self = .interrupted(error.message)
      case .busy: self = .busy
      case .full: self = .full
      case .readOnly: self = .readOnly(error.message)
      case .corrupt: self = .damaged(error.message)
      case .denied, .constraint, .other: self = .failed(error.message)
      }
    }

    init(_ error: PostgreSQL.Connection.CommitFailure) { self = .failed(error.cause.message) }
  }
#endif
