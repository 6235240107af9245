internal import ChangeLog
internal import ReplicaStore
internal import SQLite

/// One file that holds a whole store: its database, and the key of its device, unless that is lost, in a table of its own.
///
/// Whoever has the file can read the store and write as the device.
extension Store {
  /// Writes the store as it is at this moment into a file that does not exist yet, readable by its owner only.
  ///
  /// - Throws: ``StoreError/exists(folder:)`` when the file is there already.
  public func backUp(to path: String) throws {
    guard !Files.exists(path) else { throw StoreError.exists(folder: path) }
    let unfinished = path + ".unfinished"
    try Files.removeIfThere(unfinished)
    do {
      try connection.backup(to: unfinished)
      let copy = try Connection(path: unfinished, mode: .readWrite)
      try copy.transaction {
        try copy.execute("CREATE TABLE device_key (seed BLOB NOT NULL) STRICT")
        if let key = replica.key {
          try copy.run("INSERT INTO device_key VALUES (?)", .blob(key.seed))
        }
      }
    } catch {
      // What went wrong is told; that half a file stays behind, too, would hide it.
      try? Files.removeIfThere(unfinished)
      throw error
    }
    try Files.rename(unfinished, to: path)
  }

  /// Makes a store from a backup, also in the place of one whose database is lost. It goes on under a new name: the
  /// store it was made of may write too.
  ///
  /// - Throws: ``StoreError/exists(folder:)``, ``StoreError/noBackup(path:reason:)``; nothing is left then.
  public static func create(folder: String, fromBackup path: String) throws {
    let target = folder + "/dossier.db"
    guard !Files.exists(target) else { throw StoreError.exists(folder: folder) }
    guard Files.exists(path) else { throw StoreError.noBackup(path: path, reason: nil) }
    try Files.createFolder(folder)
    let unfinished = target + ".unfinished"
    try Files.removeIfThere(unfinished)
    do {
      let key = try copy(path, to: unfinished).map { try DeviceKey(seed: $0) }
      // The key first, as with a new store. One that is there already is of a store that lost its database, or
      // of an attempt that was cut short; another device's is not taken away.
      let former = try Files.read(folder + "/device.key")
      if let key {
        guard former == nil || former == key.seed else { throw StoreError.exists(folder: folder) }
        try KeyFile(folder: folder).write(key)
      }
      try Files.rename(unfinished, to: target)
    } catch {
      try? Files.removeIfThere(unfinished)
      throw (error as? SQLiteError).map {
        StoreError.noBackup(path: path, reason: $0.message)
      } ?? error
    }
  }

  /// Copies a backup that may come from anywhere: what is no plain table of ours is not let in.
  ///
  /// - Returns: the seed of its device's key; nil when that was lost.
  private static func copy(_ path: String, to target: String) throws -> [UInt8]? {
    let backup = try Connection(path: path, mode: .readOnly)
    let strange = try backup.first(
      "SELECT name FROM sqlite_schema WHERE type IN ('trigger', 'view') LIMIT 1"
    ) { $0.text(0) }
    if let strange {
      throw StoreError.noBackup(path: path, reason: "it holds \"\(strange)\", which no backup does")
    }
    let hasKey = try backup.first(
      "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'device_key'"
    ) { _ in true }
    guard hasKey == true, try Replica.exists(in: backup) else {
      throw StoreError.noBackup(path: path, reason: "it is no backup of a store")
    }
    let seed = try backup.first("SELECT seed FROM device_key") { $0.blob(0) }
    try backup.backup(to: target)
    let copy = try Connection(path: target, mode: .readWrite)
    let state = try copy.first("PRAGMA integrity_check") { $0.text(0) }
    guard state == "ok" else { throw StoreError.noBackup(path: path, reason: state) }
    try copy.execute("DROP TABLE device_key")
    return seed
  }
}
