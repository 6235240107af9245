import ChangeLog
import ReplicaStore

/// Somebody of another workspace on the same server, who writes about the same entities by number and now and
/// then tries what is not theirs.
final class SimulatedOutsider {
  static let workspace = WorkspaceID(high: 8, low: 8)

  private let replica: TestReplica

  init() throws { replica = try TestReplica(99, workspace: Self.workspace, withTables: true) }

  func write(_ mark: Int, on entity: EntityID) throws {
    try replica.put(7, .text("m\(mark)"), on: entity)
  }

  func names() throws -> Set<ChangesetID> { try replica.names() }

  func sync(with server: SimulatedServer) async throws {
    _ = try await SyncSession(replica.replica, with: Line(server: server, key: key)).run()
  }

  /// Sends its own changesets under a member's session, and the team's under its own.
  ///
  /// - Returns: what was let in, or given away; nil when nothing was.
  func trespass(on server: SimulatedServer) throws -> String? {
    let own = try replica.log().suffix(3).map(\.bytes)
    if let visited = server.past.last {
      let request = request(to: TestReplica.workspace, own)
      if let answer = try? server.answer(
        request.encoded, from: visited.device, key: visited.key, showing: visited.token),
        try SyncResponse(decoding: answer).verdicts.contains(where: Self.isIn)
      {
        return "the team's log took a changeset of another workspace"
      }
    }
    // Some came cut.
    let teams = try server.past.flatMap { (try? SyncRequest(decoding: $0.bytes))?.changesets ?? [] }
      .filter { try Changeset(bytes: $0).header.workspace == TestReplica.workspace }
    for workspace in [Self.workspace, TestReplica.workspace] {
      let answer = try server.answerOutsider(request(to: workspace, teams.suffix(3)), key: key)
      if answer.verdicts.contains(where: Self.isIn) {
        return "an outsider's log took a changeset of the team"
      }
      guard case .entries(let entries, _) = answer.page else {
        return "an outsider was given what he had not asked for"
      }
      let isOwn = try entries.allSatisfy {
        guard case .changeset(let bytes) = $0 else { return true }
        return try Changeset(bytes: bytes).header.workspace == Self.workspace
      }
      if !isOwn { return "an outsider was given a changeset of the team" }
    }
    return nil
  }

  private func request(to workspace: WorkspaceID, _ changesets: some Sequence<[UInt8]>)
    -> SyncRequest
  {
    SyncRequest(
      workspace: workspace, cursor: .start,
      own: WriterHead(writer: WriterID(high: 0, low: 0), sequence: 0, id: .zero),
      changesets: Array(changesets))
  }

  private var key: PublicKey { replica.key.publicKey }

  private static func isIn(_ verdict: Verdict) -> Bool {
    if case .accepted = verdict { true } else { false }
  }

  private struct Line: Remote, @unchecked Sendable {
    // Used by one task only; the simulation runs one thing after another.
    let server: SimulatedServer
    let key: PublicKey

    func exchange(_ request: SyncRequest) async throws -> SyncResponse {
      try server.answerOutsider(request, key: key)
    }
  }
}
