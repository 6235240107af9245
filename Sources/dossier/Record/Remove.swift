import ArgumentParser
import ChangeLog
import DossierModel
import DossierStore

struct Remove: StoreCommand {
  static let configuration = CommandConfiguration(
    commandName: "rm", abstract: "Delete records; an edit nobody had seen brings them back.")

  @OptionGroup var options: GlobalOptions
  @Argument(help: ArgumentHelp("Records.", valueName: "REF")) var references: [String]

  func run(_ context: Context) throws {
    try context.store.transaction {
      let found = try context.find(references)
      try context.store.write("rm") { draft in
        for found in found { try draft.delete(found.id) }
      }
      for found in found {
        let isStillThere = try context.store.candidates(found.short, [found.kind]).contains {
          $0.id == found.id
        }
        context.report(
          "\(found.short)  deleted · \(found.title)"
            + (isStillThere ? " (stays visible: other records belong to it)" : ""))
      }
    }
  }
}

struct Restore: StoreCommand {
  static let configuration = CommandConfiguration(abstract: "Bring deleted records back.")

  @OptionGroup var options: GlobalOptions
  @Argument(help: ArgumentHelp("Records.", valueName: "REF")) var references: [String]

  func run(_ context: Context) throws {
    try context.store.transaction {
      let found = try references.map { try context.store.find($0, includeHidden: true) }
      try context.store.write("restore") { draft in
        for found in found { try draft.restore(found.id) }
      }
      for found in found { context.report("\(found.short)  restored · \(found.title)") }
    }
  }
}

struct Move: StoreCommand {
  static let configuration = CommandConfiguration(
    abstract: "Give notes, actions or dialogues another place.")

  @OptionGroup var options: GlobalOptions
  @Argument(help: ArgumentHelp("Notes, actions, dialogues.", valueName: "REF")) var references:
    [String]
  @Option(help: ArgumentHelp("Partnership or dialogue.", valueName: "REF")) var to: String

  func run(_ context: Context) throws {
    try context.store.transaction {
      let found = try context.find(references, [.note, .action, .dialogue])
      let target = try context.store.find(to, [.partnership, .dialogue])
      try context.store.write("move") { draft in
        for found in found { try move(found, to: target, context, &draft) }
      }
      for found in found { context.report("\(found.short)  now in \(target.title)") }
    }
  }

  private func move(
    _ found: Found, to target: Found, _ context: Context, _ draft: inout Draft
  ) throws {
    let isPartnership = target.kind == .partnership
    switch found.kind {
    case .note:
      try draft.put(.notePartnership, isPartnership ? .entity(target.id) : nil, on: found.id)
      try draft.put(.noteDialogue, isPartnership ? nil : .entity(target.id), on: found.id)
    case .action:
      try draft.put(.actionPartnership, isPartnership ? .entity(target.id) : nil, on: found.id)
      try draft.put(.actionDialogue, isPartnership ? nil : .entity(target.id), on: found.id)
    default:
      guard isPartnership else {
        throw Failure(
          "bad-place", exit: 64, "a dialogue belongs to a partnership, not to a dialogue",
          fix: "dossier partnerships", input: to)
      }
      for old in try context.store.record(found.id)?.elements(.partnerships) ?? [] {
        try draft.remove(.partnerships, old, from: found.id)
      }
      try draft.add(.partnerships, .entity(target.id), on: found.id)
    }
  }
}
