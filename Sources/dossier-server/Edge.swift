import Glibc
import SyncServer

/// The one place where the clock is read, random numbers are drawn and the environment is asked.
enum Edge {
  static let world = World(now: now, random: random)

  /// In seconds since 1970.
  @Sendable
  static func now() -> Int { time(nil) }

  /// From the kernel's generator.
  @Sendable
  static func random(_ count: Int) -> [UInt8] {
    var generator = SystemRandomNumberGenerator()
    return (0..<count).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
  }

  /// An environment variable; nil when it is not set or empty.
  static func environment(_ name: String) -> String? {
    guard let value = getenv(name) else { return nil }
    let text = String(cString: value)
    return text.isEmpty ? nil : text
  }
}
