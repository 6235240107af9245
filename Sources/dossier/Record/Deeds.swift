import ArgumentParser
import ChangeLog
import DossierModel
import DossierStore

struct Act: StoreCommand {
  static let configuration = CommandConfiguration(
    abstract: "Note what a party did: invited, signed, endorsed, ratified, joined, withdrew …")

  @OptionGroup var options: GlobalOptions
  @Argument(help: "Who.") var party: String
  @Argument(help: "What it did.") var what: String
  @Option(name: .customLong("in"), help: ArgumentHelp("Partnership or document.", valueName: "REF"))
  var place: String
  @Option(help: ArgumentHelp("When.", valueName: "DATE")) var on: String?
  @Option(help: ArgumentHelp("A document that says so, or an address.", valueName: "URL|REF"))
  var source: String?

  func run(_ context: Context) throws {
    let id = try context.store.write("act") { draft in
      let id = draft.create(.act)
      try draft.put(.actParty, .entity(try context.party(party)), on: id)
      try draft.put(.actWhat, .text(try RecordJSON.checked(what, .text, "what")), on: id)
      let target = try context.store.find(place, [.partnership, .document, .dialogue])
      try draft.put(.actIn, .entity(target.id), on: id)
      if let on { try draft.put(.actDate, try context.date(on).value, on: id) }
      if let source { try context.cite(source, on: id, &draft) }
      return id
    }
    guard let record = try context.store.record(id) else { return }
    try context.show(
      new: id,
      [
        try context.cell(record, "party"), what, try context.cell(record, "in"),
        record.date(.actDate)?.reading ?? "",
      ])
  }
}

struct Role: StoreCommand {
  static let configuration = CommandConfiguration(
    abstract: "Note what a party is in a partnership, a dialogue or another party, and when.")

  @OptionGroup var options: GlobalOptions
  @Argument(help: "Who.") var party: String
  @Argument(help: "What it is there.") var what: String
  @Option(
    name: .customLong("in"), help: ArgumentHelp("Party, partnership or dialogue.", valueName: "REF")
  )
  var place: String
  @Option(help: ArgumentHelp("Since when.", valueName: "DATE")) var from: String?
  @Option(help: ArgumentHelp("Until when.", valueName: "DATE")) var until: String?
  @Option(help: "The title of the post.") var title: String?

  func run(_ context: Context) throws {
    let id = try context.store.write("role") { draft in
      let id = draft.create(.role)
      try draft.put(.roleParty, .entity(try context.party(party)), on: id)
      try draft.put(.roleWhat, .text(try RecordJSON.checked(what, .text, "what")), on: id)
      let target = try context.store.find(place, [.party, .partnership, .dialogue])
      try draft.put(.roleIn, .entity(target.id), on: id)
      if let title {
        try draft.put(.title, .text(try RecordJSON.checked(title, .text, "title")), on: id)
      }
      if let from { try draft.put(.roleStart, try context.date(from).value, on: id) }
      if let until { try draft.put(.roleEnd, try context.date(until).value, on: id) }
      return id
    }
    guard let record = try context.store.record(id) else { return }
    try context.show(
      new: id,
      [
        try context.cell(record, "party"), what, try context.cell(record, "in"),
        record.date(.roleStart).map { "from \($0.reading)" } ?? "",
        record.date(.roleEnd).map { "until \($0.reading)" } ?? "",
      ])
  }
}

struct Attend: StoreCommand {
  static let configuration = CommandConfiguration(abstract: "Note who was at a dialogue.")

  @OptionGroup var options: GlobalOptions
  @Argument(help: ArgumentHelp("The dialogue.", valueName: "DIALOGUE")) var dialogue: String
  @Argument(help: ArgumentHelp("Who was there.", valueName: "PARTY")) var parties: [String]
  @Option(name: .customLong("for"), help: ArgumentHelp("Speaking for.", valueName: "PARTY"))
  var principal: String?
  @Flag(help: "Took part from elsewhere.") var remote = false
  @Flag(help: "Sent regrets.") var excused = false
  @Flag(help: "Was expected and did not come.") var absent = false

  func run(_ context: Context) throws {
    try context.store.transaction {
      let found = try context.store.find(dialogue, [.dialogue])
      let how = excused ? "excused" : absent ? "absent" : remote ? "remote" : "present"
      let principal = try principal.map { try context.party($0) }
      let present = try context.store.record(found.id)?.parts(.participants) ?? []
      try context.store.write("attend") { draft in
        for name in parties {
          let party = try context.party(name)
          let value = Value.list([
            .entity(party), principal.map { .entity($0) } ?? .null, .text(how),
          ])
          for old in present where old.reference("party") == party && old.value != value {
            try draft.remove(.participants, old.value, from: found.id)
          }
          try draft.add(.participants, value, on: found.id)
        }
      }
      if let record = try context.store.record(found.id) {
        context.report("\(found.short)  \(try context.cell(record, "participants"))")
      }
    }
  }
}

extension Context {
  /// Adds a source: a document that is there, or a new one for an address.
  func cite(_ source: String, on id: EntityID, _ draft: inout Draft) throws {
    let document: EntityID
    if source.hasPrefix("https://") || source.hasPrefix("http://") {
      document = ImportFile.derivedID(.document, source)
      if try store.record(document) == nil, !draft.isNew(document) {
        _ = draft.create(.document, id: document)
        try draft.put(.name, .text(source), on: document)
        try draft.put(.url, .text(source), on: document)
      }
    } else {
      document = try store.find(source, [.document]).id
    }
    try draft.add(.sources, .list([.entity(document), .null]), on: id)
  }
}
