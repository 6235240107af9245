/// Where the server listens. Without TLS that is this machine only: a proxy in front of it speaks to others.
public struct ListenAddress: Hashable, Sendable {
  public let host: String
  /// 0 for any that is free.
  public let port: Int

  public enum Failure: Error, Equatable, Sendable {
    case malformed
    /// Others could reach it, and nothing would be encrypted.
    case notLoopback
  }

  /// - Parameter text: "127.0.0.1:7311", "localhost:7311" or "[::1]:7311".
  public init(_ text: String) throws(Failure) {
    guard let colon = text.lastIndex(of: ":") else { throw .malformed }
    guard let port = UInt16(text[text.index(after: colon)...]) else { throw .malformed }
    self.port = Int(port)
    switch text[..<colon] {
    // Not looked up: a hosts file may say anything.
    case "localhost": host = "127.0.0.1"
    case "[::1]": host = "::1"
    case let address where Self.isLoopback(address): host = String(address)
    case "": throw .malformed
    default: throw .notLoopback
    }
  }

  /// 127.0.0.0/8, all four numbers written out.
  private static func isLoopback(_ address: Substring) -> Bool {
    let parts = address.split(separator: ".", omittingEmptySubsequences: false)
    return parts.count == 4 && parts[0] == "127"
      && parts.allSatisfy { $0.utf8.count <= 3 && UInt8($0) != nil }
  }

  /// "http://127.0.0.1:7311", given the port it came to.
  public func url(port: Int) -> String {
    host.contains(":") ? "http://[\(host)]:\(port)" : "http://\(host):\(port)"
  }
}
