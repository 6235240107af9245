/// Where a server listens: "https://dossier.example.org" or, on this machine only, "http://127.0.0.1:7311".
public struct ServerAddress: Hashable, Sendable {
  public let text: String

  /// - Throws: ``SyncError/badAddress(_:)``; plain HTTP is for loopback addresses.
  public init(_ text: String) throws {
    var address = text
    while address.hasSuffix("/") { address.removeLast() }
    let isPlain = address.hasPrefix("http://")
    guard isPlain || address.hasPrefix("https://"),
      address.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f }), !address.contains("@")
    else { throw SyncError.badAddress(text) }
    if isPlain, !Self.isLoopback(address.dropFirst("http://".count)) {
      throw SyncError.badAddress(text)
    }
    self.text = address
  }

  var isEncrypted: Bool { text.hasPrefix("https://") }

  /// Host and port.
  var place: (host: String, port: Int) {
    var rest = text.dropFirst(isEncrypted ? 8 : 7)
    if let slash = rest.firstIndex(of: "/") { rest = rest[..<slash] }
    var port = isEncrypted ? 443 : 80
    if let colon = rest.lastIndex(of: ":"), !rest.hasSuffix("]") {
      port = Int(rest[rest.index(after: colon)...]) ?? port
      rest = rest[..<colon]
    }
    let isBracketed = rest.hasPrefix("[")
    return (String(isBracketed ? rest.dropFirst().dropLast() : rest), port)
  }

  /// Whether the host is a name, not a number: TLS says names only (RFC 6066, 3).
  var isName: Bool {
    let host = place.host
    return !host.contains(":") && !host.allSatisfy { $0.isNumber || $0 == "." }
  }

  private static func isLoopback(_ rest: Substring) -> Bool {
    var name = rest.prefix { $0 != "/" }
    // What stands behind the host is a port, or it is not the host.
    if let colon = name.lastIndex(of: ":"), !name.hasSuffix("]") {
      guard UInt16(name[colon...].dropFirst()) != nil else { return false }
      name = name[..<colon]
    }
    let numbers = name.split(separator: ".", omittingEmptySubsequences: false)
    return name == "localhost" || name == "[::1]"
      || (numbers.count == 4 && numbers[0] == "127" && numbers.allSatisfy { UInt8($0) != nil })
  }
}
