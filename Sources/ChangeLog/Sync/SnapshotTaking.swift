/// The remote's side of snapshots: it keeps one for whoever comes late, and gives it out in parts.
///
/// Of a snapshot it reads what that stands for, never what it says.
extension ChangesetLog {
  /// Takes a part of a snapshot; with the last one, the whole.
  func takeSnapshot(
    _ request: SnapshotRequest, from device: String,
    mayWrite: (PublicKey, Header?) throws -> Verdict.Refusal?
  ) throws -> SnapshotVerdict {
    guard case .offers(let part) = request else { return .none }
    // Before all of it is on the way: its maker's key stands at its beginning.
    if part.offset == 0 {
      guard let key = SignedSnapshot.key(in: part.bytes) else { return .refused(.malformed) }
      if let refusal = try mayWrite(key, nil) { return .refused(refusal) }
    }
    switch try gather(part, from: device) {
    case .partly(let size): return .needs(offset: size)
    case .whole(let bytes):
      guard Digest(of: bytes) == part.id else { return .refused(.malformed) }
      return try take(bytes, id: part.id, mayWrite)
    }
  }

  private func take(
    _ bytes: [UInt8], id: Digest, _ mayWrite: (PublicKey, Header?) throws -> Verdict.Refusal?
  ) throws -> SnapshotVerdict {
    guard let signed = try? SignedSnapshot(decoding: bytes, withEntities: false) else {
      return .refused(.malformed)
    }
    let snapshot = signed.snapshot
    let kept = KeptSnapshot(id: id, position: snapshot.position, size: bytes.count)
    guard snapshot.workspace == workspace else { return .refused(.otherWorkspace) }
    if let refusal = try mayWrite(signed.key, nil) { return .refused(refusal) }
    guard try continues(snapshot) else { return .refused(.forked) }
    if try isBehind(snapshot) {
      guard try holdsAllCompacted(snapshot) else { return .refused(.gap) }
      let former = try head()
      let name = Digest(of: former.log.bytes + former.hash.bytes + id.bytes)
      try adopt(snapshot, as: LogID(bytes: name.bytes.prefix(16)))
      // However short: a longer one is of the log that this was.
      try keep(bytes, as: kept)
      return .taken
    }
    if try cursor(at: snapshot.position)?.hash != snapshot.hash() {
      // The same changesets in another order, which nobody who reads this log could follow.
      return .taken
    }
    if try self.snapshot()?.position ?? 0 < snapshot.position {
      try keep(bytes, as: kept)
    }
    return .taken
  }

  /// Whether no writer has one branch here and another one there.
  private func continues(_ snapshot: Snapshot) throws -> Bool {
    var chains = [[ChangesetID]](repeating: [], count: snapshot.writers.count)
    for entry in snapshot.entries { chains[entry.writer].append(entry.id) }
    for (introduction, chain) in zip(snapshot.writers, chains) {
      guard let head = try writer(introduction.writer)?.head, head.sequence > 0 else { continue }
      if head.sequence <= chain.count {
        guard chain[Int(head.sequence) - 1] == head.id else { return false }
      } else {
        guard let last = chain.last, try position(of: last) != nil else { return false }
      }
    }
    return true
  }

  /// Whether a snapshot stands for all of which only names are kept here: it alone will stand for them.
  private func holdsAllCompacted(_ snapshot: Snapshot) throws -> Bool {
    guard try compactedUpTo() > 0, let kept = try self.snapshot() else { return true }
    let bytes = try snapshotBytes(from: 0, count: kept.size)
    let former = try SignedSnapshot(decoding: bytes, withEntities: false).snapshot
    let names = Set(snapshot.entries.map(\.id))
    return former.entries.allSatisfy { names.contains($0.id) }
  }

  /// Whether the snapshot stands for changesets that are not here.
  private func isBehind(_ snapshot: Snapshot) throws -> Bool {
    try snapshot.heads.contains {
      try writer($0.writer)?.head.sequence ?? 0 < $0.sequence
    }
  }

  /// What the answer holds in the place of entries; nil when entries serve.
  func snapshotPart(for request: SyncRequest) throws -> SnapshotPart? {
    guard let kept = try snapshot(), kept.position > request.cursor.position else { return nil }
    var offset = 0
    if case .wants(let id, let from) = request.snapshot, id == kept.id, from < kept.size {
      offset = from
    } else {
      guard try request.takesSnapshot || request.cursor.position < compactedUpTo() else {
        return nil
      }
    }
    let bytes = try snapshotBytes(from: offset, count: min(SnapshotPart.length, kept.size - offset))
    return SnapshotPart(id: kept.id, size: kept.size, offset: offset, bytes: bytes)
  }
}
