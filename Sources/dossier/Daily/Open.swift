import ArgumentParser
import ChangeLog
import DossierModel
import DossierStore

struct Open: StoreCommand {
  static let configuration = CommandConfiguration(
    abstract: "Make a partnership or dialogue current on this machine.")

  @OptionGroup var options: GlobalOptions
  @Argument(help: ArgumentHelp("Partnership or dialogue.", valueName: "REF"))
  var reference: String?

  func run(_ context: Context) throws {
    guard let reference else {
      guard let place = try context.current() else {
        return context.report("nothing is open; dossier partnerships lists what there is")
      }
      return say(try context.describe(place))
    }
    let found = try context.store.find(reference, [.partnership, .dialogue])
    try context.store.set("open", to: ShortID.full(found.id, found.kind))
    context.report(try context.describe(found.id))
  }
}

struct Close: StoreCommand {
  static let configuration = CommandConfiguration(abstract: "Have nothing current.")

  @OptionGroup var options: GlobalOptions

  func run(_ context: Context) throws {
    try context.store.set("open", to: nil)
    context.report("nothing is open")
  }
}

extension Context {
  /// The partnership or dialogue that is current here, if it is still there.
  func current() throws -> EntityID? {
    guard let id = try store.setting("open").flatMap({ ShortID.parseFull($0)?.id }),
      let record = try store.record(id), !record.isDeleted
    else { return nil }
    return id
  }

  /// "p-7h3n  EU-Japan Digital Partnership".
  func describe(_ id: EntityID) throws -> String {
    guard let found = try store.found(id) else { return "" }
    return "\(found.short)  \(found.title)"
  }

  /// Where a new note or action goes.
  struct Place {
    var partnership: EntityID?
    var dialogue: EntityID?
    /// "EU-Japan Digital Partnership", or "inbox".
    var name: String
    /// The day the words are about: dates in them are read from it.
    var day: Day
    /// The date that was named for it; it may be longer than a day.
    var when: FuzzyDate?
  }

  /// The place options say, else what is open, else the inbox.
  func place(_ options: PlaceOptions) throws -> Place {
    var place = Place(name: "inbox", day: today)
    if let reference = options.dialogue {
      place.dialogue = try store.find(reference, [.dialogue]).id
    } else if let reference = options.partnership {
      place.partnership = try store.find(reference, [.partnership]).id
    } else if let current = try current(), let kind = try store.found(current)?.kind {
      if kind == .dialogue { place.dialogue = current } else { place.partnership = current }
    }
    if let dialogue = place.dialogue, let record = try store.record(dialogue) {
      let date = record.date(.date)
      if let first = date?.earliest, first == date?.latest { place.day = first }
    }
    if let on = options.on {
      let date = try date(on)
      place.when = date
      if let first = date.earliest, first == date.latest { place.day = first }
    }
    if let id = place.dialogue ?? place.partnership { place.name = try name(id) }
    return place
  }
}
