import ArgumentParser
import ChangeLog
import DossierModel
import DossierStore

struct Note: StoreCommand {
  static let configuration = CommandConfiguration(
    abstract: "Note something to the current dialogue or partnership.")
  static let createsStore = true

  @OptionGroup var words: WordsOptions
  @OptionGroup var place: PlaceOptions
  @OptionGroup var options: GlobalOptions

  func run(_ context: Context) throws {
    try context.write(note: "note", words, place, speaker: nil)
  }
}

struct Decide: StoreCommand {
  static let configuration = CommandConfiguration(abstract: "Note a decision.")
  static let createsStore = true

  @OptionGroup var words: WordsOptions
  @OptionGroup var place: PlaceOptions
  @OptionGroup var options: GlobalOptions

  func run(_ context: Context) throws {
    try context.write(note: "decision", words, place, speaker: nil)
  }
}

struct Position: StoreCommand {
  static let configuration = CommandConfiguration(abstract: "Note the position of a party.")
  static let createsStore = true

  @OptionGroup var words: WordsOptions
  @OptionGroup var place: PlaceOptions
  @OptionGroup var options: GlobalOptions
  @Option(help: ArgumentHelp("Whose it is.", valueName: "PARTY")) var of: String

  func run(_ context: Context) throws {
    try context.write(note: "position", words, place, speaker: of)
  }
}

struct Statement: StoreCommand {
  static let configuration = CommandConfiguration(abstract: "Note what somebody said.")
  static let createsStore = true

  @OptionGroup var words: WordsOptions
  @OptionGroup var place: PlaceOptions
  @OptionGroup var options: GlobalOptions
  @Option(help: ArgumentHelp("Who said it.", valueName: "PARTY")) var of: String

  func run(_ context: Context) throws {
    try context.write(note: "statement", words, place, speaker: of)
  }
}

struct LineToTake: StoreCommand {
  static let configuration = CommandConfiguration(
    commandName: "line", abstract: "Note a line to take.")
  static let createsStore = true

  @OptionGroup var words: WordsOptions
  @OptionGroup var place: PlaceOptions
  @OptionGroup var options: GlobalOptions

  func run(_ context: Context) throws {
    try context.write(note: "line", words, place, speaker: nil)
  }
}

extension Context {
  /// Saves a note of any kind and says where it went.
  func write(
    note kind: String, _ words: WordsOptions, _ options: PlaceOptions, speaker: String?
  ) throws {
    let text = try words.text(self)
    try keeping(text) {
      let place = try place(options)
      let speaker = try speaker.map { try party($0) }
      let id = try store.write(kind) { draft in
        let id = draft.create(.note)
        try fill(note: id, kind, text, words, place, &draft)
        if let speaker { try draft.put(.speaker, .entity(speaker), on: id) }
        return id
      }
      try show(
        new: id,
        [
          place.name, kind == "note" ? "" : kind, try speaker.map { try name($0) } ?? "",
          place.when?.reading ?? "",
        ])
    }
  }
}
