internal import ChangeLog

/// Decides for one request whose changesets may enter the log.
struct WriteGate {
  let membership: Membership
  /// Who sends them: not always who wrote them.
  let sender: PublicKey

  /// Whether the sender may put anything into the log.
  var senderRefusal: Verdict.Refusal? { membership.refusal(ofSender: sender) }

  /// Both must have the right: who sends now, and who wrote it, up to where the right ended.
  ///
  /// - Parameter header: of a changeset; nil for a snapshot.
  func refusal(of key: PublicKey, _ header: Header?) -> Verdict.Refusal? {
    if let senderRefusal { return senderRefusal }
    guard let header else { return membership.refusal(ofSender: key) }
    return membership.refusal(of: header, by: key)
  }
}
