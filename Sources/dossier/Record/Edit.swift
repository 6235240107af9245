import ArgumentParser
import ChangeLog
import DossierModel
import DossierStore

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
    let before = try context.store.record(found.id)?.text(field) ?? ""
    // No transaction stays open while a person types.
    let edited = try text ?? Editor.edit(before.isEmpty ? "" : before + "\n", name: found.short)
    let after = edited.trimmingEnd()
    guard !after.isEmpty else {
      return context.report("the text is empty; nothing was changed")
    }
    guard after != before else { return context.report("nothing was changed") }
    try context.keeping(after) {
      let checked = try RecordJSON.checked(after, field.type, field.name)
      try context.store.write("edit") { draft in
        try draft.put(field, .text(checked), on: found.id)
      }
    }
    context.report("\(found.short)  \(field.name) saved")
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
