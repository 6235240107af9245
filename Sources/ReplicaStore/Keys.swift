public import ChangeLog
internal import SQLite

/// The keys of an encrypted workspace: bodies are sealed in the log, here as everywhere; what they amount to is not.
extension Replica {
  /// The keys that this device holds.
  public func keyring() throws -> Keyring {
    if connection.isInTransaction, let known = knownKeys,
      known.transaction == connection.transactionNumber
    {
      return known.keys
    }
    let keys = Keyring(
      Dictionary(
        uniqueKeysWithValues: try connection.all("SELECT number, key FROM epoch") {
          (UInt64($0.int(0)), EpochKey(bytes: $0.blob(1)))
        }))
    knownKeys = (connection.transactionNumber, keys)
    return keys
  }

  /// Keeps keys, and applies what waited for them.
  ///
  /// - Throws: ``ReplicaError/damaged(_:)`` when another key of that epoch is here; then nothing is kept.
  @discardableResult
  public func keep(_ keys: [UInt64: EpochKey]) throws -> Received {
    try connection.transaction {
      for (epoch, key) in keys {
        precondition(epoch > 0)
        if let known = try keyring()[epoch] {
          guard known == key else { throw ReplicaError.damaged("the key of epoch \(epoch)") }
          continue
        }
        try connection.run("INSERT INTO epoch VALUES (?, ?)", .int(Int64(epoch)), .blob(key.bytes))
        knownKeys = nil
      }
      var received = Received()
      try applyReady(&received)
      return received
    }
  }

  /// Whether a body can be read, or cannot for want of its key only.
  func isReadable(_ changeset: Changeset) throws -> Bool {
    do {
      _ = try changeset.decodedBody(keyring())
      return true
    } catch FormatError.sealed { return true } catch is FormatError { return false }
  }
}
