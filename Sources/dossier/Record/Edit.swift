import ArgumentParser
import ChangeLog
import DossierModel
import DossierStore
import ReplicaStore

struct Edit: StoreCommand {
  static let configuration = CommandConfiguration(
    abstract: "Change the words of a record in $EDITOR.")

  @OptionGroup var options: GlobalOptions
  @Argument(help: ArgumentHelp("The record.", valueName: "REF")) var reference: String
  @Option(help: "Which text; the main one when absent.") var field: String?
  @Option(help: "The new text, instead of an editor.") var text: String?

  func run(_ context: Context) throws {
    let found = try context.store.find(reference)
    let field = try field(of: found.kind)
    let replica = context.store.replica
    guard let opened = try replica.state(of: found.id, withTexts: true).map(replica.displayed)
    else {
      return
    }
    let before = Record(id: found.id, state: opened)?.text(field) ?? ""
    // No transaction stays open while a person types.
    let edited = try text ?? Editor.edit(before.isEmpty ? "" : before + "\n", name: found.short)
    let after = edited.trimmingEnd()
    guard !after.isEmpty else {
      return context.report("the text is empty; nothing was changed")
    }
    guard after != before else { return context.report("nothing was changed") }
    try context.keeping(after) {
      let checked = try RecordJSON.checked(after, field.type, field.name)
      // Colleagues' changes that came while the editor was open stay.
      try context.store.write("edit") { draft in
        try draft.put(field, Text(checked), on: found.id, asReadIn: opened)
      }
    }
    context.report("\(found.short)  \(field.name) saved")
    try tellWhatCame(found, field, after, context)
  }

  /// Says so when the record is not what was saved in the editor.
  private func tellWhatCame(
    _ found: Found, _ field: Field, _ saved: String, _ context: Context
  ) throws {
    let replica = context.store.replica
    guard let state = try replica.state(of: found.id).map(replica.displayed) else { return }
    if state.isResurrected {
      context.report(
        "  it was deleted meanwhile; with your words it is back, and waits for a decision")
    } else if state[field.number]?.isConflict == true {
      context.report(
        "  somebody changed the same place meanwhile; both are kept, and wait for a decision")
    } else if Record(id: found.id, state: state)?.text(field) != saved {
      return context.report("  it was changed meanwhile; both changes are in the text now")
    } else {
      return
    }
    context.report("  dossier review")
  }

  private func field(of kind: Kind) throws -> Field {
    let texts = kind.fields.filter { field in
      switch field.type {
      case .text, .prose: !field.isSet && !field.isInternal
      default: false
      }
    }
    if let name = self.field {
      guard let field = texts.first(where: { $0.name == name }) else {
        throw Failure(
          "unknown-field", exit: 64, "\(kind.withArticle) has no text \"\(name)\"",
          details: ["texts: " + texts.map(\.name).joined(separator: ", ")], input: name)
      }
      return field
    }
    let main: [Kind: Field] = [
      .note: .noteText, .action: .actionText, .partnership: .summary, .discrepancy: .settled,
    ]
    return main[kind] ?? kind.field(named: "outcome") ?? .remark
  }
}
