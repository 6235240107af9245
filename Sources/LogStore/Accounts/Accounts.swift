public import ChangeLog
internal import SQLite

/// Who may do what at a server: the membership log of each workspace, in a database of its own.
///
/// Several processes may have it open: the one that serves and those of the administrator. So the file has a rollback
/// journal. Whoever takes a right away is alone while looking how far the device has written
/// (``exclusively(in:_:)``); whoever takes changesets keeps it from changing meanwhile (``unchanged(in:isWriting:_:)``). So no
/// changeset slips through between.
public final class Accounts {
  let database: any Database
  /// What the administrator signs with.
  let administrator: () throws -> DeviceKey
  /// How far devices have written, as the log stands.
  private let written: ([PublicKey], WorkspaceID) throws -> [WriterHead]
  /// What was read of each log so far: logs only grow.
  private var read: [WorkspaceID: Membership] = [:]

  static let migrations = Migrations(
    name: "accounts",
    files: [
      PackageResources.accounts_001_sql, PackageResources.accounts_002_sql,
      PackageResources.accounts_003_sql,
    ])

  /// Opens the accounts for reading and writing.
  public convenience init(in folder: DataFolder) throws(StoreError) {
    if let database = try folder.connect() {
      self.init(in: database, of: folder)
      // Throws when nobody has set it up.
      _ = try address()
      return
    }
    try folder.mustBeSetUp()
    try self.init(opening: folder)
  }

  /// Makes empty accounts, and the key that the administrator signs with.
  ///
  /// - Parameters:
  ///   - address: where invites say the server is: "https://dossier.example.org".
  ///   - key: random.
  public static func create(
    in folder: DataFolder, address: String, key: DeviceKey
  ) throws(StoreError) -> Accounts {
    let accounts: Accounts
    if let database = try folder.connect() {
      accounts = Accounts(in: database, of: folder)
      guard try translated({ try database.address() }) == nil else {
        throw .notEmpty("the database")
      }
    } else {
      accounts = try Accounts(opening: folder)
    }
    try translated {
      try Files.writePrivately(key.seed, to: folder.administratorKey)
      try accounts.database.run("INSERT INTO server VALUES (1, $1)", .text(address))
    }
    return accounts
  }

  private convenience init(opening folder: DataFolder) throws(StoreError) {
    try self.init(
      try translated { try Connection(path: folder.accounts) },
      administrator: { try folder.administrator() },
      written: { try LogReader(in: folder).heads(of: $0, in: $1) })
  }

  /// Accounts in a database that has its tables already, the same that has the logs.
  init(in database: any Database, of folder: DataFolder) {
    self.database = database
    administrator = { try folder.administrator() }
    written = { try database.heads(of: $0, in: $1) }
  }

  init(
    _ connection: Connection, administrator: @escaping () throws -> DeviceKey,
    written: @escaping ([PublicKey], WorkspaceID) throws -> [WriterHead]
  ) throws(StoreError) {
    database = SQLiteDatabase(connection)
    self.administrator = administrator
    self.written = written
    try translated {
      try Self.configure(connection)
      try Self.refuseOlder(connection)
      try Self.migrations.apply(to: connection)
    }
  }

  private static func configure(_ connection: Connection) throws {
    let mode = try connection.first("PRAGMA journal_mode = DELETE", row: { $0.text(0) })
    try connection.execute("PRAGMA synchronous = EXTRA; PRAGMA foreign_keys = ON")
    let level = try connection.first("PRAGMA synchronous", row: { $0.int(0) })
    guard mode == "delete", level == 3 else { throw StoreError.notDurable }
  }

  /// Members that nobody signed cannot be carried over.
  private static func refuseOlder(_ connection: Connection) throws {
    let isOld = try connection.first(
      "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'member'", row: { _ in true })
    guard isOld == true else { return }
    let count = try connection.first("SELECT count(*) FROM member", row: { $0.int(0) })
    guard count == 0 else { throw StoreError.older }
  }

  /// Where invites say the server is.
  public func address() throws(StoreError) -> String {
    if let address = try translated({ try database.address() }) { return address }
    if database is SQLiteDatabase { throw .damaged("the address of the server is missing") }
    throw .notSetUp("the database")
  }

  /// All that `work` does, or nothing of it.
  ///
  /// - Parameter workspace: the only one that it is about, when there is only one.
  public func transaction<Value>(
    in workspace: WorkspaceID? = nil, _ work: () throws -> Value
  ) throws(StoreError) -> Value {
    try forgetting { try database.writing(in: workspace, work) }
  }

  /// The same while nobody takes changesets by what stood here before.
  func exclusively<Value>(
    in workspace: WorkspaceID, _ work: () throws -> Value
  ) throws(StoreError) -> Value {
    try forgetting { try database.exclusively(in: workspace, work) }
  }

  /// What was read of a log that could not be written may have been taken back.
  private func forgetting<Value>(_ work: () throws -> Value) throws(StoreError) -> Value {
    do { return try work() } catch {
      read = [:]
      throw StoreError(error)
    }
  }

  /// Keeps who belongs to a workspace as it is while `work` is done.
  ///
  /// - Parameter isWriting: whether `work` writes to the workspace's log.
  public func unchanged<Value>(
    in workspace: WorkspaceID, isWriting: Bool = true, _ work: () throws -> Value
  ) throws(StoreError) -> Value {
    try translated { try database.unchanged(in: workspace, isWriting: isWriting, work) }
  }

  // MARK: The membership log

  /// Who belongs to a workspace.
  public func membership(of workspace: WorkspaceID) throws(StoreError) -> Membership {
    try translated {
      var membership = read[workspace] ?? Membership(workspace: workspace)
      try rows(of: workspace).forEach(
        "SELECT bytes FROM membership WHERE workspace = $1 AND number > $2 ORDER BY number",
        .int(membership.head.count)
      ) { row in
        do { try membership.append(MembershipEntry(bytes: row.blob(0)), isTrusted: true) } catch {
          throw StoreError.damaged("an entry of the membership log (\(error))")
        }
      }
      read[workspace] = membership
      return membership
    }
  }

  /// The entries of a log after so many.
  func entries(of workspace: WorkspaceID, after count: Int) throws(StoreError) -> [[UInt8]] {
    try translated {
      try rows(of: workspace).all(
        "SELECT bytes FROM membership WHERE workspace = $1 AND number > $2 ORDER BY number",
        .int(count), row: { $0.blob(0) })
    }
  }

  /// Adds an entry when it is one that may come next.
  ///
  /// - Returns: why it may not; nil when it is there now.
  func refusal(of entry: MembershipEntry) throws(StoreError) -> Membership.Refusal? {
    try transaction(in: entry.workspace) {
      var membership = try membership(of: entry.workspace)
      do throws(Membership.Refusal) { try membership.append(entry) } catch { return error }
      try rows(of: entry.workspace).run(
        "INSERT INTO membership (workspace, number, bytes) VALUES ($1, $2, $3)",
        .int(membership.head.count), .blob(entry.bytes))
      read[entry.workspace] = membership
      return nil
    }
  }

  /// Says something as the administrator.
  ///
  /// - Throws: ``StoreError/ownersOnly`` in an encrypted workspace.
  @discardableResult
  func say(
    _ statement: MembershipEntry.Statement, in workspace: WorkspaceID, now: Int
  ) throws(StoreError) -> MembershipEntry {
    guard try !isEncrypted(workspace) else { throw .ownersOnly }
    let entry = try translated {
      try MembershipEntry(
        statement, in: workspace, after: membership(of: workspace).last,
        at: UInt64(max(0, now)) * 1000, signedBy: administrator())
    }
    if let reason = try refusal(of: entry) { throw .entryRefused(reason) }
    return entry
  }

  /// How far devices have written, while nobody else can write for them.
  func heads(
    of keys: [PublicKey], in workspace: WorkspaceID
  ) throws(StoreError) -> [WriterHead] {
    keys.isEmpty ? [] : try translated { try written(keys, workspace) }
  }

  /// What is wrong with the database, and with the membership logs in it.
  public func check() throws(StoreError) -> [Damage] {
    try translated {
      try database.problems().map { Damage(place: "accounts.db", what: $0) }
        + workspaces().flatMap(checkMembership)
    }
  }

  func rows(of workspace: WorkspaceID) -> WorkspaceRows {
    WorkspaceRows(of: workspace, in: database)
  }

  /// Every entry again, signatures too.
  private func checkMembership(of workspace: WorkspaceAccount) throws -> [Damage] {
    var membership = Membership(workspace: workspace.id)
    for (number, bytes) in try entries(of: workspace.id, after: 0).enumerated() {
      do { try membership.append(MembershipEntry(bytes: bytes)) } catch {
        return [
          Damage(
            place: "membership of \(workspace.name), entry \(number + 1)", what: "\(error)")
        ]
      }
    }
    return []
  }
}

extension Database {
  /// Where invites say the server is; nil when nobody has set one up.
  func address() throws -> String? {
    try first("SELECT address FROM server", row: { $0.text(0) })
  }
}

extension DataFolder {
  /// The administrator's key, read each time it is needed.
  func administrator() throws -> DeviceKey {
    guard let seed = try Files.read(administratorKey, limit: 64) else {
      throw StoreError.damaged("\(administratorKey) is missing")
    }
    do { return try DeviceKey(seed: seed) } catch {
      throw StoreError.damaged("\(administratorKey) is no key")
    }
  }
}
