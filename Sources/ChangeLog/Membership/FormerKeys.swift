/// Keys that were given once, and that the log does not open any more: a server was set back, and others were given in their
/// place. Somebody who still has them seals them with the newest key, so that whoever has that can read what was written with
/// them.
public struct FormerKeys: Hashable, Sendable {
  /// The most in one statement.
  static let maximumCount = 500

  /// The epoch whose key seals them.
  let epoch: UInt64
  /// That key's, for there can be two of one epoch.
  let commitment: Digest
  let keys: [Sealed]

  struct Sealed: Hashable, Sendable {
    let epoch: UInt64
    let commitment: Digest
    let box: [UInt8]
  }

  /// - Parameters:
  ///   - keys: 500 at most, ascending by epoch and commitment.
  ///   - random: so many random bytes.
  init(
    _ keys: [(epoch: UInt64, key: EpochKey)], sealedWith newest: (epoch: UInt64, key: EpochKey),
    of workspace: WorkspaceID, random: (Int) -> [UInt8]
  ) throws {
    epoch = newest.epoch
    commitment = newest.key.commitment
    self.keys = try keys.map { former in
      Sealed(
        epoch: former.epoch, commitment: former.key.commitment,
        box: try newest.key.seal(
          former.key.bytes, salt: random(EpochKey.saltSize),
          for: Self.context(former.epoch, workspace), with: []))
    }
  }

  /// - Returns: what opens and is what it says it is; nothing with another key.
  func opened(with key: EpochKey, of workspace: WorkspaceID) -> [(epoch: UInt64, key: EpochKey)] {
    guard key.commitment == commitment else { return [] }
    return keys.compactMap { sealed in
      guard let bytes = key.open(sealed.box, for: Self.context(sealed.epoch, workspace), with: []),
        bytes.count == EpochKey.size, case let former = EpochKey(bytes: bytes),
        former.commitment == sealed.commitment
      else { return nil }
      return (sealed.epoch, former)
    }
  }

  private static func context(_ epoch: UInt64, _ workspace: WorkspaceID) -> [UInt8] {
    var writer = ByteWriter(reserving: 48)
    writer.append(raw: Array("dossier former key 1".utf8))
    writer.append(id: workspace)
    writer.append(bigEndian: epoch)
    return writer.bytes
  }

  func encode(into writer: inout ByteWriter) {
    writer.append(varint: epoch)
    writer.append(digest: commitment)
    writer.append(count: keys.count)
    for key in keys {
      writer.append(varint: key.epoch)
      writer.append(digest: key.commitment)
      writer.append(raw: key.box)
    }
  }

  init(from reader: inout ByteReader) throws(FormatError) {
    epoch = try Self.epoch(from: &reader)
    commitment = try reader.digest()
    let count = try reader.itemCount(minimumSize: 33 + EpochKey.sealedSize)
    guard (1...Self.maximumCount).contains(count) else { throw .tooLarge(limit: Self.maximumCount) }
    var keys: [Sealed] = []
    for _ in 0..<count {
      let next = Sealed(
        epoch: try Self.epoch(from: &reader), commitment: try reader.digest(),
        box: Array(try reader.raw(EpochKey.sealedSize)))
      guard keys.last.map({ ($0.epoch, $0.commitment) < (next.epoch, next.commitment) }) ?? true
      else { throw .invalid("the former keys do not ascend") }
      keys.append(next)
    }
    self.keys = keys
  }

  private static func epoch(from reader: inout ByteReader) throws(FormatError) -> UInt64 {
    let number = try reader.varint()
    guard (1...UInt64(Int64.max)).contains(number) else { throw .invalid("epochs count from 1") }
    return number
  }
}

extension Membership {
  /// The keys that somebody holds and the log does not give: nobody who comes in later could read what they seal.
  func keysToGiveAgain(of held: Keyring) -> [(epoch: UInt64, key: EpochKey)] {
    let given = Set(grants.map(\.commitment) + formerKeys.flatMap(\.keys).map(\.commitment))
    return held.all.filter { !given.contains($0.key.commitment) }
  }

  /// What gives again the keys that somebody holds and the log does not give. An owner may say it.
  ///
  /// - Parameter random: so many random bytes.
  /// - Returns: nil when there are none, or the newest key is not held.
  public func statement(
    givingAgain held: Keyring, random: (Int) -> [UInt8]
  ) throws -> MembershipEntry.Statement? {
    let keys = keysToGiveAgain(of: held).prefix(FormerKeys.maximumCount)
    guard !keys.isEmpty, let newest = newestKey(among: held) else { return nil }
    return .formerKeys(
      try FormerKeys(Array(keys), sealedWith: (epoch, newest), of: workspace, random: random))
  }

  /// What was given again to those who hold certain keys.
  public func keysGivenAgain(to held: Keyring) -> [(epoch: UInt64, key: EpochKey)] {
    formerKeys.flatMap { former in
      held[former.epoch].flatMap { former.opened(with: $0, of: workspace) }
    }
  }

  /// Of the keys that somebody holds the one that now seals; nil when it is not among them.
  public func newestKey(among held: Keyring) -> EpochKey? {
    held[epoch].first { $0.commitment == grants.last?.commitment }
  }
}
