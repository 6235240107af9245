internal import ChangeLog
internal import Synchronization

/// Tokens that were good a moment ago. What is not among them may be good as well.
final class KnownTokens: Sendable {
  private static let limit = 50_000
  private let digests = Mutex<Set<Digest>>([])

  func contains(_ token: Token) -> Bool {
    let digest = Digest(of: token.bytes)
    return digests.withLock { $0.contains(digest) }
  }

  func insert(_ token: Token) {
    let digest = Digest(of: token.bytes)
    digests.withLock { digests in
      if digests.count >= Self.limit { digests = [] }
      digests.insert(digest)
    }
  }

  func remove(_ token: Token) {
    let digest = Digest(of: token.bytes)
    digests.withLock { _ = $0.remove(digest) }
  }
}
