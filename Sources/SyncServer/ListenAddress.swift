/// Where the server listens. Without TLS that must be this machine only: a proxy in front of it speaks to others.
public struct ListenAddress: Hashable, Sendable {
  public let host: String
  /// 0 for any that is free.
  public let port: Int

  /// Whether nobody but this machine reaches it.
  public let isLoopback: Bool

  /// Whether both cannot be listened on.
  public func collides(with other: ListenAddress) -> Bool {
    let any = ["0.0.0.0", "::"]
    return port == other.port && port != 0
      && (host == other.host || any.contains(host) || any.contains(other.host))
  }

  public enum Failure: Error, Equatable, Sendable {
    case malformed
  }

  /// - Parameter text: "127.0.0.1:7311", "localhost:7311", "[::1]:7311", "0.0.0.0:7311", "dossier.example.org:443".
  public init(_ text: String) throws(Failure) {
    guard let colon = text.lastIndex(of: ":") else { throw .malformed }
    guard let port = UInt16(text[text.index(after: colon)...]) else { throw .malformed }
    self.port = Int(port)
    switch text[..<colon] {
    // Not looked up: a hosts file may say anything.
    case "localhost": (host, isLoopback) = ("127.0.0.1", true)
    case "[::1]": (host, isLoopback) = ("::1", true)
    case let address where address.hasPrefix("[") && address.hasSuffix("]"):
      (host, isLoopback) = (String(address.dropFirst().dropLast()), false)
    case let address:
      guard !address.isEmpty, !address.contains(where: { ":/@ ".contains($0) }) else {
        throw .malformed
      }
      (host, isLoopback) = (String(address), Self.isLoopback(address))
    }
  }

  /// 127.0.0.0/8, all four numbers written out.
  private static func isLoopback(_ address: Substring) -> Bool {
    let parts = address.split(separator: ".", omittingEmptySubsequences: false)
    return parts.count == 4 && parts[0] == "127"
      && parts.allSatisfy { $0.utf8.count <= 3 && UInt8($0) != nil }
  }

  /// "http://127.0.0.1:7311", given the port it came to.
  public func url(port: Int, isEncrypted: Bool) -> String {
    "\(isEncrypted ? "https" : "http")://" + (host.contains(":") ? "[\(host)]" : host) + ":\(port)"
  }
}

extension ListenAddress: CustomStringConvertible {
  /// As it is read: "[::1]:7311".
  public var description: String {
    host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
  }
}
