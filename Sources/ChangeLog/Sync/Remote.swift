/// Where a replica exchanges changesets. One exchange is one request and its answer.
public protocol Remote: Sendable {
  /// - Throws: ``RemoteIsFull``; besides, what keeps one from reaching it.
  func exchange(_ request: SyncRequest) async throws -> SyncResponse

  /// What time it was at the remote when it began its last answer, in milliseconds since 1970; nil when it did not say.
  var serverTime: UInt64? { get }
}

extension Remote {
  public var serverTime: UInt64? { nil }
}

/// A remote has no room for what was sent, and took nothing of it. It gives what it has all the same.
public struct RemoteIsFull: Error, Equatable {
  /// The remote's own words.
  public let text: String

  public init(text: String) { self.text = text }
}
