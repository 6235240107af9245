import ArgumentParser
import ChangeLog
import DossierModel
import DossierStore

struct Action: StoreCommand {
  static let configuration = CommandConfiguration(
    abstract: "Note who does what by when.",
    discussion: "WHO is one of us (a task) or a party (a commitment of theirs).")
  static let createsStore = true

  @OptionGroup var words: WordsOptions
  @OptionGroup var place: PlaceOptions
  @OptionGroup var options: GlobalOptions

  @Option(
    parsing: .singleValue, help: ArgumentHelp("Who does it; may be repeated.", valueName: "WHO"))
  var by: [String] = []
  @Option(help: ArgumentHelp("By when.", valueName: "DATE")) var due: String?
  @Option(
    parsing: .singleValue, help: ArgumentHelp("With whom; may be repeated.", valueName: "WHO"))
  var with: [String] = []

  func run(_ context: Context) throws {
    let text = try words.text(context)
    try context.keeping(text) {
      let place = try context.place(place)
      let owners = try by.map { try context.party($0) }
      let partners = try with.map { try context.party($0) }
      // A due date taken in a dialogue is meant from the dialogue's day.
      let due = try due.map { try context.date($0, from: place.day) }
      let us = try context.store.us()
      let isTask = owners.allSatisfy { us.contains($0) }
      let id = try context.store.write("action") { draft in
        let id = draft.create(.action)
        try draft.put(.actionText, .text(text), on: id)
        for owner in owners { try draft.add(.owners, .entity(owner), on: id) }
        for partner in partners { try draft.add(.with, .entity(partner), on: id) }
        if let due { try draft.put(.due, due.value, on: id) }
        try draft.put(.modality, .text(isTask ? "task" : "commitment"), on: id)
        if let dialogue = place.dialogue {
          try draft.put(.actionDialogue, .entity(dialogue), on: id)
        }
        if let partnership = place.partnership {
          try draft.put(.actionPartnership, .entity(partnership), on: id)
        }
        for topic in words.topics {
          try draft.add(.topics, .entity(try context.topic(topic, &draft)), on: id)
        }
        return id
      }
      try context.show(
        new: id,
        [
          place.name, try owners.map { try context.name($0) }.joined(separator: ", "),
          due.map { "due \($0.reading)" } ?? "",
        ])
    }
  }
}
