/// The keys of a workspace that a device holds. Empty for a workspace that is not encrypted.
public struct Keyring: Sendable {
  /// After a server was set back there can be two of one epoch.
  private var keys: [UInt64: [EpochKey]] = [:]
  /// With which a device seals what it writes; nil where nothing is sealed.
  public private(set) var current: (epoch: UInt64, key: EpochKey)?

  public init() {}

  /// - Parameter seals: whether it is the one that seals what is written from now on.
  public mutating func add(_ key: EpochKey, of epoch: UInt64, seals: Bool) {
    keys[epoch, default: []].append(key)
    if seals { current = (epoch, key) }
  }

  /// By epoch, and by commitment within one.
  var all: [(epoch: UInt64, key: EpochKey)] {
    keys.flatMap { epoch, keys in keys.map { (epoch: epoch, key: $0) } }
      .sorted { ($0.epoch, $0.key.commitment) < ($1.epoch, $1.key.commitment) }
  }

  /// Epochs count from 1; 0 stands for none.
  public subscript(epoch: UInt64) -> [EpochKey] { keys[epoch] ?? [] }
}
