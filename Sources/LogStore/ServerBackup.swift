public import ChangeLog
internal import SQLite

/// One file that holds all of a server: its log, with its accounts, certificate and configuration in a table beside it.
///
/// Whoever has the file can be the server, and read what is not encrypted.
extension DataFolder {
  /// The files that go with the log.
  private var companions: [(name: String, path: String)] {
    [
      ("accounts.db", accounts), ("administrator.key", administratorKey),
      ("tls-certificate.pem", certificate),
      ("tls-key.pem", certificateKey), ("config.yaml", configuration),
    ]
  }

  /// Writes the server as it is at this moment into a file that does not exist yet, readable by its owner only. A
  /// process may serve from the folder meanwhile.
  ///
  /// - Throws: ``StoreError/notEmpty(_:)`` when the file is there already.
  public func backUp(to path: String) throws(StoreError) {
    guard database == nil else { throw .onlyFiles }
    try mustBeSetUp()
    guard !Files.exists(path) else { throw .notEmpty(path) }
    let unfinished = path + ".unfinished"
    let accountsCopy = path + ".accounts.unfinished"
    try translated {
      defer {
        // What went wrong is told; that half a file stays behind, too, would hide it.
        for file in [unfinished, accountsCopy] { try? Files.removeIfThere(file) }
      }
      for file in [unfinished, accountsCopy] { try Files.removeIfThere(file) }
      // Accounts first: a device that is let in meanwhile may be in the log alone, never the other way round.
      try Connection(path: accounts, mode: .readOnly).backup(to: accountsCopy)
      try Connection(path: log, mode: .readOnly).backup(to: unfinished)
      try expectSound(accountsCopy, Accounts.migrations)
      try expectSound(unfinished, LogDatabase.migrations)
      try addCompanions(to: unfinished, accounts: accountsCopy)
      try Files.rename(unfinished, to: path)
    }
  }

  /// A backup of what is damaged, or of what this version does not know, would be found out when it is needed.
  private func expectSound(_ path: String, _ migrations: Migrations) throws {
    let copy = try Connection(path: path, mode: .readOnly)
    try migrations.expectKnown(in: copy)
    let found = try copy.first("PRAGMA quick_check(1)", row: { $0.text(0) })
    guard found == "ok" else { throw StoreError.damaged(found ?? "it cannot be checked") }
  }

  private func addCompanions(to path: String, accounts: String) throws {
    let copy = try Connection(path: path, mode: .readWrite)
    // One file: nothing of it in a journal beside it.
    try copy.execute("PRAGMA journal_mode = DELETE")
    try copy.transaction {
      try copy.execute(
        "CREATE TABLE server_file (name TEXT PRIMARY KEY, bytes BLOB NOT NULL) STRICT")
      for (name, file) in companions {
        let source = name == "accounts.db" ? accounts : file
        guard let bytes = try Files.read(source) else { continue }
        try copy.run("INSERT INTO server_file VALUES (?, ?)", .text(name), .blob(bytes))
      }
    }
  }

  /// Makes a server of a backup, in a folder that is empty or missing. Every log gets another name, so that devices look
  /// what it lacks, and bring it back.
  ///
  /// - Parameter newID: random names for logs.
  /// - Throws: ``StoreError/notEmpty(_:)``, ``StoreError/noBackup(_:)``, ``StoreError/damaged(_:)``; nothing is left then.
  public func restore(from path: String, newID: () -> LogID) throws(StoreError) {
    guard database == nil else { throw .onlyFiles }
    guard Files.exists(path) else { throw .noFile(path) }
    try create()
    try translated {
      do { try copy(path, newID) } catch {
        for file in [log] + companions.map(\.path) { try? Files.removeIfThere(file) }
        throw error
      }
    }
  }

  private func copy(_ path: String, _ newID: () -> LogID) throws {
    let backup = try Connection(path: path, mode: .readOnly)
    guard try Self.isBackup(backup) else { throw StoreError.noBackup(path) }
    try backup.backup(to: log)
    for (name, bytes) in try takeCompanions(newID) {
      guard let file = companions.first(where: { $0.name == name })?.path else { continue }
      try Files.writePrivately(bytes, to: file)
    }
  }

  private static func isBackup(_ file: Connection) throws -> Bool {
    do {
      let strange = try file.first(
        "SELECT name FROM sqlite_schema WHERE type IN ('trigger', 'view') LIMIT 1"
      ) { $0.text(0) }
      let tables = try Set(
        file.all("SELECT name FROM sqlite_schema WHERE type = 'table'") { $0.text(0) })
      return strange == nil && tables.isSuperset(of: ["server_file", "log", "changeset", "writer"])
    } catch let error as SQLiteError where error.code == 26 {
      // SQLITE_NOTADB: no database at all.
      return false
    }
  }

  /// What stood beside the log in the backup, which is only the log afterwards, under a new name.
  private func takeCompanions(_ newID: () -> LogID) throws -> [(name: String, bytes: [UInt8])] {
    let copy = try Connection(path: log, mode: .readWrite)
    let state = try copy.first("PRAGMA integrity_check") { $0.text(0) }
    guard state == "ok" else { throw StoreError.damaged(state ?? "") }
    let files = try copy.all("SELECT name, bytes FROM server_file") {
      (name: $0.text(0), bytes: $0.blob(1))
    }
    guard files.contains(where: { $0.name == "accounts.db" }) else {
      throw StoreError.damaged("there are no accounts in it")
    }
    try copy.transaction {
      try copy.execute("DROP TABLE server_file")
      for workspace in try copy.all("SELECT workspace FROM log", row: { $0.blob(0) }) {
        try copy.run(
          "UPDATE log SET id = ? WHERE workspace = ?", .blob(newID().bytes), .blob(workspace))
      }
      // What devices had read of the former log says nothing of this one.
      try copy.execute("DELETE FROM contact")
    }
    return files
  }
}
