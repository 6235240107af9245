import ArgumentParser
import DossierModel
import DossierStore

struct Merge: StoreCommand {
  static let configuration = CommandConfiguration(
    abstract: "Make one record of two: the same party, meeting or document entered twice.",
    discussion: """
      All that belongs to REF belongs to INTO from then on; INTO keeps its own fields, takes over what it lacks, and
      is found by the other's names too. Undone like any command, also after a sync.
      """)

  @OptionGroup var options: GlobalOptions
  @Argument(help: ArgumentHelp("The one that goes.", valueName: "REF")) var reference: String
  @Argument(help: ArgumentHelp("The one that stays.", valueName: "INTO")) var target: String

  func run(_ context: Context) throws {
    try context.store.transaction {
      let gone = try context.store.find(reference)
      try context.merge(gone, into: try context.store.find(target))
    }
  }
}

extension Context {
  /// Makes one record of two and says what became of it.
  ///
  /// - Throws: ``Failure`` when they cannot be one; nothing is changed then.
  func merge(_ gone: Found, into stays: Found) throws {
    guard gone.id != stays.id else {
      throw Failure("same-record", exit: 64, "a record cannot be merged into itself")
    }
    guard gone.kind == stays.kind else {
      throw Failure(
        "other-kind", exit: 64,
        "\(gone.kind.withArticle) cannot be merged into \(stays.kind.withArticle)",
        details: ["nothing was changed"])
    }
    // A merge must not decide what waits for a person.
    for found in [gone, stays] where try store.record(found.id)?.conflicts.isEmpty == false {
      throw Failure(
        "undecided", exit: 73, "values of \(found.short) \(found.title) wait for a decision",
        details: ["nothing was changed"], fix: "dossier review")
    }
    guard try !store.us().contains(gone.id) else {
      throw Failure(
        "one-of-us", exit: 73, "\(gone.title) is one of this team; it cannot go",
        details: ["nothing was changed"], fix: "dossier merge \(stays.short) \(gone.short)")
    }
    let done = try store.merge(gone.id, into: stays.id)
    report(
      "\(gone.short) is \(stays.short) now · \(stays.title) · \(done.moved) record\(done.moved == 1 ? "" : "s") moved"
    )
    for field in done.differing {
      let record = try store.record(gone.id)
      let value = try record.map { try cell($0, field.name) } ?? ""
      report("  \(field.name): kept its own; the other said \(value)")
    }
  }
}
