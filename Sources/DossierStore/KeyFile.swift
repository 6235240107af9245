internal import ChangeLog
internal import SQLite

/// The key of this device, in a file of its own beside the database.
///
/// A new key is on the disk before anything is signed with it: first beside the former one, and in its place when the
/// database says that it is the one. Whatever comes between, the next opening of the store goes on there.
final class KeyFile {
  let path: String
  private var newPath: String { path + ".new" }
  /// Kept to the end: of two processes that would take a new key one does.
  private var lock: FileLock?

  init(folder: String) { path = folder + "/device.key" }

  /// - Returns: nil when it is not there, or is no key.
  func read() throws -> DeviceKey? { try Self.key(at: path) }

  /// The secret that belongs to `publicKey`; one that was made to take the former one's place is put there.
  ///
  /// - Returns: nil when it is lost.
  func find(_ publicKey: PublicKey) throws -> DeviceKey? {
    if let key = try read(), key.publicKey == publicKey { return key }
    if let key = try Self.key(at: newPath), key.publicKey == publicKey {
      do { try settle() } catch is SQLiteError {
        // It can be used where it is, and the next opening tries again.
      }
      return key
    }
    // Another process may have put it in its place meanwhile.
    return try read().flatMap { $0.publicKey == publicKey ? $0 : nil }
  }

  /// A key to take the place of the one that is lost. Until it does it is the same each time: a server that was told of
  /// it, and whose answer was lost, knows it again.
  ///
  /// - Throws: ``StoreError/keyBusy`` when another process is at it.
  func new(_ surroundings: Surroundings) throws -> DeviceKey {
    guard try isLocked() else { throw StoreError.keyBusy }
    if let key = try Self.key(at: newPath) { return key }
    let key = try DeviceKey(seed: surroundings.randomBytes(32))
    try write(key, to: newPath)
    return key
  }

  /// Puts the new key in its place. What stands there is moved aside, never replaced.
  ///
  /// - Returns: where that is now.
  @discardableResult
  func settle() throws -> String? {
    guard try isLocked(), Files.exists(newPath) else { return nil }
    var former: String?
    if Files.exists(path) {
      var number = 1
      while Files.exists("\(path).\(number)") { number += 1 }
      former = "\(path).\(number)"
      try Files.rename(path, to: "\(path).\(number)")
    }
    try Files.rename(newPath, to: path)
    return former
  }

  func write(_ key: DeviceKey) throws { try write(key, to: path) }

  private func write(_ key: DeviceKey, to path: String) throws {
    try Files.writePrivately(key.seed, to: path)
  }

  private func isLocked() throws -> Bool {
    if lock == nil { lock = try FileLock(path: path + ".lock") }
    return lock != nil
  }

  private static func key(at path: String) throws -> DeviceKey? {
    guard let seed = try Files.read(path) else { return nil }
    return try? DeviceKey(seed: seed)
  }
}
