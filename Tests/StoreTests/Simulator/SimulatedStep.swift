/// One thing that happens. It draws all its chances from a seed of its own, so that others can be taken out
/// of a history and this one stays the same.
struct SimulatedStep: CustomStringConvertible {
  let kind: Kind
  let seed: UInt64

  enum Kind: String, CaseIterable {
    case write, sync, bundle, folder, clock
    case crashWriting, crashSyncing, crashServer, diskFails, reopen, rebuild
    case backUp, setBack, copyDevice, setServerBack, backUpServer, replaceServer
    case role, revoke, oldRequest
    case snapshot, compactServer, compactDevice, newDevice, newerProgram, outsider, splitView
    /// The first step only: the workspace is encrypted.
    case encrypted
  }

  var description: String { "\(kind.rawValue) \(seed)" }

  init(kind: Kind, seed: UInt64) {
    self.kind = kind
    self.seed = seed
  }

  /// Reads a line as ``description`` writes it.
  init?(_ line: some StringProtocol) {
    let words = line.split(separator: " ")
    guard words.count == 2, let kind = Kind(rawValue: String(words[0])), let seed = UInt64(words[1])
    else { return nil }
    self.init(kind: kind, seed: seed)
  }

  /// A history: first a mix of kinds is drawn, so that quiet worlds and violent ones occur.
  static func history(seed: UInt64) -> [SimulatedStep] {
    var dice = ReplicaDice(seed)
    var weights: [(Kind, Int)] = [(.write, 30), (.sync, 20)]
    for kind in Kind.allCases where ![.write, .sync, .encrypted].contains(kind) {
      if dice.chance(45) { weights.append((kind, 1 + dice.below(6))) }
    }
    let total = weights.reduce(0) { $0 + $1.1 }
    let beginning = dice.chance(40) ? [SimulatedStep(kind: .encrypted, seed: 0)] : []
    return beginning
      + (0..<20 + dice.below(60)).map { _ in
        var rest = dice.below(total)
        var kind = Kind.write
        for (candidate, weight) in weights {
          if rest < weight {
            kind = candidate
            break
          }
          rest -= weight
        }
        return SimulatedStep(kind: kind, seed: dice.next() >> 24)
      }
  }
}
