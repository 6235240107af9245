internal import ChangeLog

extension SyncSession {
  /// The remote had no room for what waits here. What it has was taken.
  public struct NothingTaken: Error {
    /// The remote's own words.
    public let text: String
    public let report: Report
  }

  /// Takes what the remote has, and sends nothing.
  func pullAll() async throws -> Report {
    var report = Report()
    var transfer = SnapshotTransfer(replica, remoteKeepsOneEvery: .max)
    var wantsOwnBytes = false
    while true {
      var request = try replica.nextRequest(wantsOwnBytes: wantsOwnBytes, pushes: false)
      request.membership.entries = []
      transfer.prepare(&request)
      let response = try await remote.exchange(request)
      report.exchanges += 1
      // What a copied store does about its name it does when something is taken again.
      guard try !replica.isForked(response, to: request) else { return report }
      var step = try replica.take(response, to: request)
      let hasTransferred = try transfer.take(response, &step)
      report.add(step)
      let hasMoved = try hasTransferred || replica.identity().cursor != request.cursor
      guard step.isBehind, hasMoved || (step.needsOwnBytes && !wantsOwnBytes) else { return report }
      wantsOwnBytes = wantsOwnBytes || step.needsOwnBytes
    }
  }
}
