import ArgumentParser
import DossierStore
import ReplicaStore

struct Compact: StoreCommand {
  static let configuration = CommandConfiguration(
    abstract: "Drop old changes from this machine, keep what they amount to.",
    discussion: """
      All records stay as they are. What came before the last sync can no longer be undone here, and 'log' shows
      only what comes after; machines that do not compact keep both.
      """)

  @OptionGroup var options: GlobalOptions

  func run(_ context: Context) throws {
    guard let gone = try context.store.replica.compact() else {
      throw Failure(
        "not-level", exit: 1, "this machine and the server are not level; nothing was dropped",
        fix: "dossier sync")
    }
    try context.store.giveRoomBack()
    context.report(
      gone == 0
        ? "nothing to drop"
        : "\(gone) changes were dropped; every record is as it was")
  }
}
