import ArgumentParser
import ChangeLog
import DossierModel
import DossierStore
import ReplicaStore
import SQLite

/// All that a command may touch: the store, the day, the terminal.
struct Context {
  let options: GlobalOptions
  let store: Store
  let terminal = Terminal()
  let today = Machine.today()
  private let names = Names()

  /// What records are called, once looked up.
  private final class Names {
    var known: [EntityID: String] = [:]
  }

  init(_ options: GlobalOptions, createsStore: Bool = false) throws {
    self.options = options
    let folder = Self.folder(options)
    do {
      store = try Store(folder: folder, surroundings: Machine.surroundings())
    } catch StoreError.notSetUp where createsStore {
      store = try Self.create(folder, name: Machine.userName, device: Machine.hostName)
    }
    // Without its key it writes under no name at all.
    if store.isCopy, store.hasKey { try goOnAsCopy() }
  }

  private func goOnAsCopy() throws {
    do {
      try store.transaction {
        try store.startNewWriter()
        try store.introduceAgain()
      }
    } catch let error as SQLiteError where error.kind == .readOnly {
      // It can still be read.
      return
    }
    tell(
      "this store was copied or restored: it writes under a new name now\n"
        + "  what was noted after the copy was made is not in it, unless it was synced: dossier sync"
    )
  }

  /// Makes a store, and in it the person and the machine.
  static func create(_ folder: String, name: String, device: String) throws -> Store {
    let surroundings = Machine.surroundings()
    try Store.create(folder: folder, surroundings: surroundings)
    let store = try Store(folder: folder, surroundings: surroundings)
    try store.introduce(member: name, device: device)
    return store
  }

  static func folder(_ options: GlobalOptions) -> String {
    if let folder = options.store ?? Machine.environment("DOSSIER_STORE") { return folder }
    let data = Machine.environment("XDG_DATA_HOME") ?? (home + "/.local/share")
    return data + "/dossier"
  }

  static var home: String { Machine.environment("HOME") ?? "." }

  /// Where a text waits that could not be saved.
  static var unsavedFolder: String {
    (Machine.environment("XDG_STATE_HOME") ?? (home + "/.local/state")) + "/dossier/unsaved"
  }

  /// The dates of what is typed are read from this day.
  var dates: DateReader {
    get throws { DateReader(today: today, hemisphere: try hemisphere) }
  }

  func date(_ text: String, from base: Day? = nil) throws -> FuzzyDate {
    try DateReader(today: base ?? today, hemisphere: hemisphere).read(text)
  }

  /// A party a person names: one of us, or anybody.
  func party(_ text: String) throws -> EntityID {
    if text == "me", let me = try store.me() { return me }
    return try store.find(text, [.party]).id
  }

  /// Every text of several records that are named on the command line.
  func find(_ references: [String], _ kinds: [Kind] = []) throws -> [Found] {
    try references.map { try store.find($0, kinds) }
  }

  /// What a record is called inside a line of text: acronym, name or title.
  func name(_ id: EntityID) throws -> String {
    if let known = names.known[id] { return known }
    let record = try store.record(id)
    let name = record.map { $0.text(.acronym) ?? $0.text(.name) ?? $0.title } ?? "unknown record"
    names.known[id] = name
    return name
  }

  /// Prints what a command made: one line on a terminal, the bare id in a pipe.
  func show(new id: EntityID, _ details: [String]) throws {
    guard let found = try store.found(id), let record = try store.record(id) else { return }
    if wantsJSON {
      say(try RecordJSON.encode(record) { try fullID($0) }.line)
    } else if terminal.isOutputTerminal {
      say(
        ([found.short + " "] + [details.filter { !$0.isEmpty }.joined(separator: " · ")]).joined(
          separator: " "))
    } else {
      say(found.short)
      let line = details.filter { !$0.isEmpty }.joined(separator: " · ")
      if !options.quiet, !line.isEmpty { tell("  " + line) }
    }
  }

  /// Prints what a command did, for the person.
  func report(_ text: String) {
    if options.quiet { return }
    if terminal.isOutputTerminal { say(text) } else { tell(text) }
  }

  var wantsJSON: Bool { options.json || options.format == .json || options.format == .jsonl }

  /// The full id of a record, as exports write it.
  func fullID(_ id: EntityID) throws -> String {
    // A record of a newer version has no letter here.
    try store.kind(of: id).map { ShortID.full(id, $0) } ?? id.description
  }
}

/// A command that works on the store.
protocol StoreCommand: ParsableCommand {
  var options: GlobalOptions { get }
  /// The first note makes the store; commands that only read do not.
  static var createsStore: Bool { get }
  /// What it prints is for reading, and may be long.
  static var isPaged: Bool { get }
  func run(_ context: Context) throws
}

extension StoreCommand {
  static var createsStore: Bool { false }
  static var isPaged: Bool { false }

  func run() throws {
    let context = try Context(options, createsStore: Self.createsStore)
    guard Self.isPaged, context.terminal.isOutputTerminal, !options.noInput else {
      return try run(context)
    }
    try Pager.show(on: context.terminal) { try run(context) }
  }
}
