internal import ChangeLog

public enum ReplicaError: Error, Equatable {
  /// There is no replica in this file.
  case missing
  /// SQLite did not take the settings that make a commit survive a power cut.
  case notDurable
  /// A text field longer than ``Changeset/maximumTextSize`` bytes.
  case textTooLong(bytes: Int)
  /// The store was joined to a workspace before, and holds its colleagues' changes.
  case alreadyJoined
  /// A bundle of another workspace.
  case otherWorkspace
  /// The remote's answer does not hold together: its running hash does not follow from its changesets.
  case brokenAnswer(String)
  /// A snapshot that lacks what ours stands for, and we lack what it stands for: neither can take the place of the
  /// other.
  case otherBeginning
  /// The remote's membership log is not the one that the invite named, or that was believed before.
  case foreignMembers
  /// The workspace is encrypted, and this device was given no key of it.
  case noKeys
  /// The key of this device is lost: nothing can be signed.
  case keyMissing
  /// A newer version of the program made it.
  case newer
  /// The remote sends nothing new, takes nothing, and is still not level.
  case stalled
  /// A part of the log cannot be read any more.
  case damaged(String)
}
