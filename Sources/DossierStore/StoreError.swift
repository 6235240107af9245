public import ChangeLog
public import DossierModel

/// What a person can act on.
public enum StoreError: Error {
  /// No store in the folder.
  case notSetUp(folder: String)
  /// A store is there already.
  case exists(folder: String)
  /// No record is called so. With the closest names.
  case noSuchRecord(text: String, kinds: [Kind], closest: [Found])
  /// A record is called so, but it is of none of the kinds that are expected. With the closest names that are.
  case wrongKind(text: String, kinds: [Kind], Found, closest: [Found])
  /// Several records are called so.
  case ambiguous(text: String, candidates: [Found])
  /// The record is deleted.
  case deleted(Found)
  /// A newer version of the program made the store.
  case newerStore(found: Int, known: Int)
  /// Another process takes a new key for this device.
  case keyBusy
  /// There was a store here; its database is gone or empty.
  case databaseGone(path: String)
  /// A file that a store is to be made from is none; nil when it is not there.
  case noBackup(path: String, reason: String?)
  /// A field cannot hold that.
  case field(kind: Kind, RecordProblem)
  /// Lines of an import that cannot be read; nothing was saved.
  case badImport([ImportProblem])
}

/// A record as it is named to a person.
public struct Found: Hashable, Sendable {
  public let id: EntityID
  public let kind: Kind
  /// "a-7h3n", as long as it must be to tell it from others here.
  public let short: String
  public let slug: String?
  public let title: String
}
