import SyncClient
import Testing

/// Without TLS a client speaks with its own machine only.
@Suite struct ServerAddressTests {
  @Test(
    arguments: [
      "http://127.0.0.1:7311", "http://127.255.0.1", "http://localhost", "http://localhost:7311/",
      "http://[::1]:7311", "http://[::1]", "https://dossier.example.org",
      "https://dossier.example.org:7311/dossier", "https://[2001:db8::1]:7311",
    ])
  func isTaken(address: String) throws { _ = try ServerAddress(address) }

  @Test(
    arguments: [
      "http://dossier.example.org", "http://10.0.0.1", "http://127.0.0.1.example.org",
      "http://127.0.0.1x", "http://127.0.0.256", "http://127.1", "http://localhost.example.org",
      "http://[::1].example.org", "http://[::1]x:7311", "http://[::2]", "http://localhost:x",
      "http://localhost:7311x", "http://127.0.0.1@example.org", "http://[::1]:1:80",
      "http://", "ftp://localhost", "localhost:7311", "https://a b", "https://dossier\u{0}", "",
    ])
  func isRefused(address: String) {
    #expect(throws: SyncError.self) { try ServerAddress(address) }
  }
}
