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

  private static func isLoopback(_ rest: Substring) -> Bool {
    let host = rest.split(separator: "/", omittingEmptySubsequences: false)[0]
    if host.hasPrefix("[::1]") { return true }
    let name = host.split(separator: ":")[0]
    let numbers = name.split(separator: ".", omittingEmptySubsequences: false)
    return name == "localhost"
      || (numbers.count == 4 && numbers[0] == "127" && numbers.allSatisfy { UInt8($0) != nil })
  }
}
