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

  /// A folder of ours among the user's (XDG Base Directory Specification); nil when there is no user.
  ///
  /// - Parameters:
  ///   - variable: says where those are; a relative path is to be ignored.
  ///   - usual: below the home folder.
  static func userFolder(_ variable: String, _ usual: String) -> String? {
    if let named = environment(variable), named.hasPrefix("/") { return named + "/dossier-server" }
    return environment("HOME").map { $0 + usual + "/dossier-server" }
  }

  /// Whether a folder is there and may be looked into.
  static func isThere(_ folder: String) -> Bool { access(folder, R_OK | X_OK) == 0 }

  /// The text of a file; nil when there is none.
  static func text(of path: String) throws -> String? {
    guard let file = fopen(path, "re") else {
      guard errno != ENOENT else { return nil }
      throw Failure(
        exit: .disk, code: "disk", message: "\(path): \(String(cString: strerror(errno)))")
    }
    defer { fclose(file) }
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    while case let count = fread(&buffer, 1, buffer.count, file), count > 0 {
      bytes += buffer[..<count]
      guard bytes.count < 1 << 20 else {
        throw Failure(exit: .badData, code: "bad-config", message: "\(path) is too large")
      }
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}
