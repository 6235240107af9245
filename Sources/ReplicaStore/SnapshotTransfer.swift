internal import ChangeLog

/// What one session has to do with snapshots: it gathers the parts of one, or offers one.
struct SnapshotTransfer {
  private let replica: Replica
  private let distance: Int
  private var coming: (id: Digest, bytes: [UInt8])?
  private var going: (id: Digest, bytes: [UInt8], offset: Int)?
  private var hasOffered = false
  private(set) var refused: Verdict.Refusal?
  /// What is offered is what our own log begins with.
  private var isOurBeginning = false
  /// The remote took what was offered.
  private(set) var isTaken = false
  /// The remote's snapshot is to take the place of our beginning.
  private var beginsAnew = false

  init(_ replica: Replica, remoteKeepsOneEvery distance: Int) {
    self.replica = replica
    self.distance = distance
  }

  /// What waits here is not sent meanwhile.
  var isOffering: Bool { going != nil || beginsAnew }
  /// The remote's log has another branch of a writer than the beginning of ours.
  var isOnAnotherBranch: Bool { isOurBeginning && refused == .forked }

  /// Says in a request what is wanted or offered.
  func prepare(_ request: inout SyncRequest) {
    // Whoever has a log goes on with it, and keeps its history.
    request.takesSnapshot = request.cursor.position == 0
    if let coming {
      request.snapshot = .wants(id: coming.id, offset: coming.bytes.count)
      // Whoever has read on is sent none.
      if beginsAnew { request.cursor = .start }
    } else if let going {
      request.snapshot = .offers(SnapshotPart(of: going.bytes, id: going.id, at: going.offset))
    }
  }

  /// The remote has no room for what is offered. What waited here is there already: a snapshot only spares those who come
  /// late a long log.
  ///
  /// - Returns: false when nothing is offered, or what our own log begins with, which the remote must have.
  mutating func stopOffering() -> Bool {
    guard going != nil, !isOurBeginning else { return false }
    going = nil
    refused = .tooLarge
    return true
  }

  /// - Returns: whether a part went or came.
  mutating func take(_ response: SyncResponse, _ step: inout Replica.Step) throws -> Bool {
    let wasOffering = isOffering
    switch response.snapshotVerdict {
    case .none: break
    case .needs(let offset):
      guard let whole = going, offset < whole.bytes.count else {
        throw ReplicaError.brokenAnswer("it wants more of a snapshot than there is")
      }
      going?.offset = offset
    case .taken:
      going = nil
      isTaken = true
    case .refused(let refusal):
      going = nil
      refused = refusal
      // It has dropped what ours does not stand for, and cannot take ours in the place of its own.
      if isOurBeginning, refusal == .gap, let kept = response.snapshot {
        refused = nil
        isOurBeginning = false
        beginsAnew = true
        coming = (kept.id, [])
        return true
      }
    }
    guard case .snapshot(let part) = response.page else {
      coming = nil
      return wasOffering && response.snapshotVerdict != .none
    }
    var bytes = coming?.id == part.id ? coming?.bytes ?? [] : []
    guard part.offset == bytes.count else {
      throw ReplicaError.brokenAnswer("the parts of a snapshot do not follow")
    }
    bytes += part.bytes
    coming = bytes.count < part.size ? (part.id, bytes) : nil
    guard coming == nil else { return true }
    guard Digest(of: bytes) == part.id else {
      throw ReplicaError.brokenAnswer("its snapshot cannot be read")
    }
    let signed: SignedSnapshot
    do { signed = try replica.read(bytes) } catch is FormatError {
      throw ReplicaError.brokenAnswer("its snapshot cannot be read")
    }
    let members = try replica.membership()
    guard members.isEmpty || members.device(signed.key) != nil else {
      throw ReplicaError.brokenAnswer("its snapshot was made by nobody of the team")
    }
    let taken = try replica.take(
      signed.snapshot, of: response.head.log, beginningAnew: beginsAnew)
    beginsAnew = false
    step.received = taken.received
    step.reissued += taken.reissued
    return true
  }

  /// Whether there is something to offer to a remote that is level otherwise.
  ///
  /// - Parameters:
  ///   - lacksOurs: the remote has not got what our log begins with.
  ///   - hasNews: something went or came in this session; one without costs nobody a look at the whole log.
  mutating func offersMore(
    _ response: SyncResponse, lacksOurs: Bool, hasNews: Bool
  ) throws -> Bool {
    if isOffering { return true }
    // Who has no key cannot vouch for one.
    guard !hasOffered, replica.key != nil else { return false }
    let isFar =
      (hasNews || distance <= 1)
      && response.head.position - (response.snapshot?.position ?? 0) >= distance
    guard lacksOurs || isFar else { return false }
    hasOffered = true
    isOurBeginning = lacksOurs
    guard let snapshot = try lacksOurs ? replica.snapshot() : replica.makeSnapshot() else {
      return false
    }
    let bytes = try replica.sign(snapshot)
    guard bytes.count <= Snapshot.maximumSize else { return false }
    going = (Digest(of: bytes), bytes, 0)
    return true
  }
}
