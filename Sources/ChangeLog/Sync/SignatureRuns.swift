/// Checks the signatures of many changesets with few operations.
///
/// Each changeset names the one before it by the hash of all its bytes, so a good signature under the last
/// of an unbroken run of one writer vouches for the whole run. Only when that one is bad is each looked at.
public struct SignatureRuns {
  /// For each changeset, the last of its run.
  private var lastOfRun: [ChangesetID: Changeset] = [:]
  private var checked: [ChangesetID: Bool] = [:]

  public init(_ changesets: [Changeset]) {
    var run: [WriterID: [Changeset]] = [:]
    func close(_ members: [Changeset]?, _ into: inout [ChangesetID: Changeset]) {
      guard let members, let last = members.last else { return }
      for member in members { into[member.id] = last }
    }
    for changeset in changesets {
      let writer = changeset.header.writer
      if let last = run[writer]?.last, changeset.header.previous != last.id {
        close(run[writer], &lastOfRun)
        run[writer] = []
      }
      run[writer, default: []].append(changeset)
    }
    for members in run.values { close(members, &lastOfRun) }
  }

  public mutating func isSigned(_ changeset: Changeset, by key: PublicKey) -> Bool {
    let last = lastOfRun[changeset.id] ?? changeset
    if verify(last, key) { return true }
    return last != changeset && verify(changeset, key)
  }

  private mutating func verify(_ changeset: Changeset, _ key: PublicKey) -> Bool {
    if let known = checked[changeset.id] { return known }
    let isGood = changeset.isSigned(by: key)
    checked[changeset.id] = isGood
    return isGood
  }
}
