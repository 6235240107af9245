internal import Synchronization

/// How many requests of each device are under way, their answers included: what they hold of the memory is bounded.
final class Turns: Sendable {
  private let atOnce: Int
  private let counts = Mutex<[String: Int]>([:])

  init(atOnce: Int) { self.atOnce = atOnce }

  /// One request; it is over when nobody has this any more.
  final class Turn: Sendable {
    private let turns: Turns
    private let device: String

    fileprivate init(_ turns: Turns, _ device: String) {
      self.turns = turns
      self.device = device
    }

    deinit { turns.end(device) }
  }

  /// - Returns: nil when the device has as many as it may.
  func take(_ device: String) -> Turn? {
    let isFree = counts.withLock { counts in
      guard counts[device, default: 0] < atOnce else { return false }
      counts[device, default: 0] += 1
      return true
    }
    return isFree ? Turn(self, device) : nil
  }

  private func end(_ device: String) {
    counts.withLock { counts in
      let left = (counts[device] ?? 1) - 1
      counts[device] = left > 0 ? left : nil
    }
  }
}
