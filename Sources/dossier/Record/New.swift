import ArgumentParser
import ChangeLog
import DossierModel
import DossierStore

struct New: StoreCommand {
  static let configuration = CommandConfiguration(
    abstract: "Make a partnership, dialogue, party, document or other record.")
  static let createsStore = true

  @OptionGroup var options: GlobalOptions
  @Argument(help: "partnership, dialogue, party, document, topic, instrument …") var kind: String
  @Argument(help: "What it is called.") var name: [String] = []
  @Option(help: "Short name for typing; made from the name when absent.") var slug: String?
  @Option(name: .customLong("kind"), help: "What sort it is, in a word or two.") var word: String?
  @Option(help: ArgumentHelp("Its date.", valueName: "DATE")) var on: String?
  @Option(
    name: .customLong("in"), parsing: .singleValue,
    help: ArgumentHelp("The partnership it belongs to; may be repeated.", valueName: "REF"))
  var places: [String] = []
  @Option(
    name: .customLong("with"), parsing: .singleValue,
    help: ArgumentHelp("A party to it; may be repeated.", valueName: "PARTY"))
  var parties: [String] = []
  @Option(
    name: .customLong("set"), parsing: .singleValue,
    help: ArgumentHelp("Any other field; may be repeated.", valueName: "FIELD=VALUE"))
  var assignments: [String] = []

  func run(_ context: Context) throws {
    let kind = try Kind(argument: kind)
    guard
      [.partnership, .dialogue, .party, .document, .topic, .instrument, .principle, .discrepancy]
        .contains(kind)
    else {
      throw Failure(
        "wrong-command", exit: 64, "\(kind.withArticle) is not made with new",
        fix:
          "dossier help \(kind == .act || kind == .role ? kind.name : kind == .action ? "action" : "note")"
      )
    }
    let name = name.joined(separator: " ").trimmingEnd()
    guard !name.isEmpty else {
      throw Failure(
        "no-name", exit: 64, "\(kind.withArticle) needs a name",
        fix: "dossier new \(kind.name) NAME")
    }
    let id = try context.store.write("new") { draft in
      let id = draft.create(kind)
      let title: Field = kind == .discrepancy ? .what : .name
      try draft.put(title, .text(try RecordJSON.checked(name, .text, "name")), on: id)
      if let slug = try slug(for: name, kind, context) { try draft.put(.slug, .text(slug), on: id) }
      if let word { try draft.put(.kind, .text(word), on: id) }
      if let on { try put(try context.date(on), kind, id, &draft) }
      for place in try context.find(places, [.partnership]) {
        try self.place(place.id, kind, id, &draft)
      }
      for party in try context.find(parties, [.party]) {
        try self.party(party.id, kind, id, &draft)
      }
      for argument in assignments {
        try context.apply(try Assignment(argument, kind: kind), to: id, &draft)
      }
      return id
    }
    let found = try context.store.found(id)
    let reading = try on.map { try context.date($0).reading }
    try context.show(new: id, [found?.slug ?? "", name, reading ?? ""])
  }

  /// The slug asked for, or one made from the name with a number behind it when it is taken here.
  private func slug(for name: String, _ kind: Kind, _ context: Context) throws -> String? {
    if let slug {
      guard Folding.isSlug(slug) else {
        throw Failure(
          "bad-slug", exit: 65, "\"\(slug)\" is no slug: a-z, 0-9 and hyphens",
          fix: Folding.slug(slug).map {
            "dossier new \(kind.name) \(Shell.word(name)) --slug \($0)"
          }, input: slug)
      }
      try context.refuseTaken(slug)
      return slug
    }
    guard kind != .discrepancy, let base = Folding.slug(name) else { return nil }
    var slug = base
    var number = 2
    while try context.store.candidates(slug, []).contains(where: { $0.slug == slug }) {
      slug = "\(base)-\(number)"
      number += 1
    }
    return slug
  }

  private func put(_ date: FuzzyDate, _ kind: Kind, _ id: EntityID, _ draft: inout Draft) throws {
    switch kind {
    case .partnership: try draft.put(.start, date.value, on: id)
    case .dialogue: try draft.put(.date, date.value, on: id)
    case .document: try draft.put(.documentDate, date.value, on: id)
    default: throw Failure("no-date", exit: 64, "\(kind.withArticle) has no date")
    }
  }

  private func place(_ place: EntityID, _ kind: Kind, _ id: EntityID, _ draft: inout Draft) throws {
    switch kind {
    case .partnership: try draft.put(.partnershipParent, .entity(place), on: id)
    case .dialogue: try draft.add(.partnerships, .entity(place), on: id)
    case .document: try draft.add(.documentAbout, .entity(place), on: id)
    case .instrument: try draft.add(.supports, .entity(place), on: id)
    case .principle: try draft.put(.principleOf, .entity(place), on: id)
    case .discrepancy: try draft.add(.concerns, .entity(place), on: id)
    default:
      throw Failure("no-place", exit: 64, "\(kind.withArticle) does not belong to a partnership")
    }
  }

  private func party(_ party: EntityID, _ kind: Kind, _ id: EntityID, _ draft: inout Draft) throws {
    switch kind {
    case .partnership: try draft.add(.partners, .entity(party), on: id)
    case .dialogue:
      try draft.add(.participants, .list([.entity(party), .null, .text("present")]), on: id)
    case .document: try draft.add(.issuers, .entity(party), on: id)
    default: throw Failure("no-party", exit: 64, "\(kind.withArticle) has no parties")
    }
  }
}
