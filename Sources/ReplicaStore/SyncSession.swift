public import ChangeLog

/// Brings a replica and a remote level.
public struct SyncSession {
  let replica: Replica
  let remote: any Remote
  private let snapshotDistance: Int
  private let onStep: (Report) -> Void

  /// - Parameters:
  ///   - snapshotDistance: after so many changesets without one the remote is given a new snapshot.
  ///   - onStep: called after every exchange, for progress.
  public init(
    _ replica: Replica, with remote: any Remote, snapshotDistance: Int = 10_000,
    onStep: @escaping (Report) -> Void = { _ in }
  ) {
    self.replica = replica
    self.remote = remote
    self.snapshotDistance = snapshotDistance
    self.onStep = onStep
  }

  /// How many exchanges in a row may bring nothing: a remote that keeps refusing must not be asked for ever.
  private static let patience = 3
  /// How often one session may find that the remote's log is another one, or that its own name is taken.
  static let restartLimit = 8

  /// What a whole session brought.
  public struct Report: Sendable {
    public var sent = 0
    public var received = 0
    /// Whose changesets came.
    public var writers: Set<WriterID> = []
    public var refused: [(id: ChangesetID, reason: Verdict.Refusal)] = []
    public var quarantined: [(id: ChangesetID, reason: Verdict.Refusal)] = []
    /// Acknowledged earlier, lost by the remote since, and given back now.
    public var givenBack = 0
    /// The remote's log was not the one it had been, under the same name.
    public var hasChangedItsPast = false
    /// The remote's log had another name than before: it was restored, or took in what it had lost.
    public var isRenamed = false
    /// How many changesets came whose authors were shown another log than this device (``Replica/splitViews()``).
    public var splitViews = 0
    public var exchanges = 0
    /// Unsent work that was written again under a new name, because this store was copied or restored.
    public var reissued: Int?
    /// Of those what was signed by a device that is shut out, this one's former key or a colleague's it was built on:
    /// no copy was found.
    public var rewritten = 0
    /// What others wrote, the remote refuses, and we had built on: in quarantine now.
    public var setAside = 0
    /// The remote took a snapshot of ours.
    public var isSnapshotTaken = false
    /// Entries about members that were new here.
    public var members = 0
    /// Why the remote did not take a snapshot of ours.
    public var snapshotRefused: Verdict.Refusal?
  }

  /// Exchanges until both sides hold the same and nothing waits.
  ///
  /// Each exchange is saved before the next one; whatever interrupts the session, the next goes on there.
  ///
  /// - Throws: ``NothingTaken`` when the remote has no room for what waits here; what it has is here then.
  public func run() async throws -> Report {
    do { return try await exchangeAll() } catch let full as RemoteIsFull {
      throw NothingTaken(text: full.text, report: try await pullAll())
    }
  }

  private func exchangeAll() async throws -> Report {
    var report = Report()
    var wantsOwnBytes = false
    var isBehind = false
    var idle = 0
    var restarts = 0
    var transfer = SnapshotTransfer(replica, remoteKeepsOneEvery: snapshotDistance)
    try replica.retryRefused()
    while true {
      var request = try replica.nextRequest(
        wantsOwnBytes: wantsOwnBytes, pushes: !isBehind && !transfer.isOffering)
      transfer.prepare(&request)
      let response: SyncResponse
      do { response = try await remote.exchange(request) } catch let full as RemoteIsFull {
        guard transfer.stopOffering() else { throw full }
        report.exchanges += 1
        continue
      }
      report.exchanges += 1
      // A remote that tells another story each time must not keep us for ever.
      if case .diverged = response.page { restarts += 1 }
      if restarts > Self.restartLimit { throw ReplicaError.stalled }
      if let reissued = try replica.becomeNewWriterIfForked(response, to: request) {
        restarts += 1
        report.reissued = (report.reissued ?? 0) + reissued
        wantsOwnBytes = true
        isBehind = false
        continue
      }
      var step = try replica.take(response, to: request, remoteTime: remote.serverTime)
      let hasTransferred = try transfer.take(response, &step)
      report.add(step)
      onStep(report)
      if transfer.isOnAnotherBranch {
        let fork = try replica.beginAnewWithNothing()
        report.setAside += fork.displaced.count
        report.reissued = (report.reissued ?? 0) + fork.reissued
        transfer = SnapshotTransfer(replica, remoteKeepsOneEvery: snapshotDistance)
        isBehind = false
        restarts += 1
        continue
      }
      if step.isLevel, !report.refused.isEmpty, try letGoOfRefused(&report, onlyOurs: true) {
        continue
      }
      let hasNews = report.sent + report.received > 0
      if step.isLevel,
        try !transfer.offersMore(response, lacksOurs: step.lacksSnapshot, hasNews: hasNews)
      {
        report.snapshotRefused = transfer.refused
        report.isSnapshotTaken = transfer.isTaken
        return report
      }
      let hasMoved =
        try hasTransferred || replica.identity().cursor != request.cursor
        || (step.needsOwnBytes && !wantsOwnBytes)
      isBehind = step.isBehind
      wantsOwnBytes = step.needsOwnBytes || wantsOwnBytes
      idle = hasMoved ? 0 : idle + 1
      if idle > 1, !step.gaps.isEmpty {
        // The snapshot that our log begins with may fill them.
        if step.lacksSnapshot, try transfer.offersMore(response, lacksOurs: true, hasNews: false) {
          continue
        }
        // Or they wait behind what somebody else may not bring in: ours need not.
        if try letGoOfRefused(&report, onlyOurs: false) {
          idle = 0
          continue
        }
        // What would fill them is refused, or nobody has it: they wait for another day.
        for id in step.gaps {
          try replica.refuse(id, .gap)
          report.refused.append((id, .gap))
        }
        continue
      }
      if idle > Self.patience { throw ReplicaError.stalled }
    }
  }

  /// - Returns: whether anything went, so that there is more to send.
  private func letGoOfRefused(_ report: inout Report, onlyOurs: Bool) throws -> Bool {
    guard let fork = try replica.letGoOfRefused(onlyOurs: onlyOurs) else { return false }
    report.setAside += fork.displaced.count
    report.reissued = (report.reissued ?? 0) + fork.reissued
    report.rewritten += fork.reissued
    let still = Set(try replica.refused().map(\.id))
    report.refused.removeAll { !still.contains($0.id) }
    return true
  }
}

extension SyncSession.Report {
  mutating func add(_ step: Replica.Step) {
    sent += step.sent
    received += step.received.applied
    writers.formUnion(step.received.writers)
    refused += step.refused
    quarantined += step.received.quarantined
    givenBack += step.lostByRemote
    hasChangedItsPast = hasChangedItsPast || step.hasChangedItsPast
    isRenamed = isRenamed || step.isRenamed
    splitViews += step.received.splitViews
    members += step.members
    rewritten += step.rewritten
    if step.reissued > 0 { reissued = (reissued ?? 0) + step.reissued }
  }
}
