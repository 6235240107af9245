/// Where a replica exchanges changesets. One exchange is one request and its answer.
public protocol Remote: Sendable {
  func exchange(_ request: SyncRequest) async throws -> SyncResponse
}
