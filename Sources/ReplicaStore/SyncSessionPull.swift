internal import ChangeLog

extension SyncSession {
  /// The remote had no room for what waits here. What it has was taken.
  public struct NothingTaken: Error {
    /// The remote's own words.
    public let text: String
    public let report: Report
  }

  /// Takes what the remote has, and sends nothing but who belongs to the workspace: a remote without room for words takes
  /// that, and nobody may be in again because there is no room.
  func pullAll() async throws -> Report {
    var report = Report()
    var transfer = SnapshotTransfer(replica, remoteKeepsOneEvery: .max)
    var wantsOwnBytes = false
    var saysWhoBelongs = true
    var restarts = 0
    while true {
      var request = try replica.nextRequest(wantsOwnBytes: wantsOwnBytes, pushes: false)
      if !saysWhoBelongs { request.membership.entries = [] }
      transfer.prepare(&request)
      report.exchanges += 1
      let response: SyncResponse
      do { response = try await remote.exchange(request) } catch is RemoteIsFull
        where !request.membership.entries.isEmpty
      {
        // Its disk takes nothing at all.
        saysWhoBelongs = false
        continue
      }
      // What a copied store does about its name it does when something is taken again.
      guard try !replica.isForked(response, to: request) else { return report }
      var step = try replica.take(response, to: request)
      let hasTransferred = try transfer.take(response, &step)
      report.add(step)
      let hasMoved = try hasTransferred || replica.identity().cursor != request.cursor
      if step.isBehind {
        guard hasMoved || (step.needsOwnBytes && !wantsOwnBytes) else { return report }
        wantsOwnBytes = wantsOwnBytes || step.needsOwnBytes
        continue
      }
      // The remote was set back: from where both go on there is more to come, and to say.
      guard restarts < Self.restartLimit else { return report }
      restarts += 1
      if case .diverged = response.page { continue }
      guard saysWhoBelongs, try replica.hasMoreToSayOfMembers() else { return report }
    }
  }
}
