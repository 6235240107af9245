internal import ChangeLog
internal import LogStore

/// Decides for one request whose changesets may enter the log.
struct WriteGate {
  private let accounts: Accounts
  private let sender: Device
  private var decided: [PublicKey: Verdict.Refusal?] = [:]

  init(accounts: Accounts, sender: Device) {
    self.accounts = accounts
    self.sender = sender
  }

  /// Both must have the right now: who sends a changeset, and who wrote it.
  mutating func refusal(of key: PublicKey) throws -> Verdict.Refusal? {
    if sender.member.role == .reader { return .readOnly }
    if let known = decided[key] { return known }
    let refusal = refusal(of: try accounts.device(withKey: key, in: sender.workspace))
    decided[key] = .some(refusal)
    return refusal
  }

  private func refusal(of writer: Device?) -> Verdict.Refusal? {
    guard let writer, !writer.isRevoked, !writer.member.isDisabled else { return .notEnrolled }
    return writer.member.role == .reader ? .readOnly : nil
  }
}
