/// Where a replica exchanges changesets. One exchange is one request and its answer.
public protocol Remote: Sendable {
  /// - Throws: ``RemoteIsFull``; besides, what keeps one from reaching it.
  func exchange(_ request: SyncRequest) async throws -> SyncResponse
}

/// A remote has no room for what was sent, and took nothing of it. It gives what it has all the same.
public struct RemoteIsFull: Error, Equatable {
  /// The remote's own words.
  public let text: String

  public init(text: String) { self.text = text }
}
