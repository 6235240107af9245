import ArgumentParser
import ChangeLog
import DossierModel
import DossierStore
import Glibc

/// What all commands that write down words take.
struct WordsOptions: ParsableArguments {
  @Argument(help: ArgumentHelp("The words; - reads standard input.", valueName: "TEXT"))
  var words: [String] = []

  @Flag(name: .shortAndLong, help: "Write in $EDITOR.")
  var edit = false

  @Option(
    name: .customLong("rule"), help: "How it may be attributed: record, background, chatham, off.")
  var rule: String?

  @Option(
    name: .customLong("topic"), parsing: .singleValue,
    help: ArgumentHelp("A topic; may be repeated.", valueName: "REF"))
  var topics: [String] = []

  /// The text to save.
  ///
  /// - Throws: ``Failure`` when there is none.
  func text(_ context: Context) throws -> String {
    let text: String
    if edit {
      text = try Editor.edit(words.joined(separator: " "), name: "note")
    } else if words == ["-"] {
      text = try readInput()
    } else if words.isEmpty {
      guard context.terminal.isInputTerminal, !context.options.noInput else {
        throw Failure(
          "no-text", exit: 64, "there are no words to save",
          fix: "dossier note what was said   or   … | dossier note -")
      }
      print("> ", terminator: "")
      fflush(nil)
      text = readLine() ?? ""
    } else {
      text = words.joined(separator: " ")
    }
    let trimmed = text.trimmingEnd()
    guard !trimmed.isEmpty else {
      throw Failure("no-text", exit: 64, "the text is empty; nothing was saved")
    }
    return trimmed
  }

  private func readInput() throws -> String {
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      let count = read(STDIN_FILENO, &buffer, buffer.count)
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { break }
      bytes.append(contentsOf: buffer[..<count])
      guard bytes.count <= 8 << 20 else {
        throw Failure(
          "too-long", exit: 65, "more than 8 MiB came on standard input; 1 MiB is the most",
          details: ["nothing was saved"])
      }
    }
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw Failure(
        "bad-text", exit: 65, "standard input is not valid UTF-8",
        details: ["nothing was saved; what came waits in \(try Unsaved.keep(bytes: bytes))"])
    }
    return text
  }
}

extension String {
  func trimmingEnd() -> String {
    var text = self[...]
    while let last = text.last, last.isWhitespace { text = text.dropLast() }
    return String(text)
  }
}

extension Context {
  /// Runs what saves a text; when it fails, the text is put where it can be found again.
  func keeping<Result>(_ text: String, _ body: () throws -> Result) throws -> Result {
    do {
      _ = try RecordJSON.checked(text, .prose, "text")
      return try body()
    } catch {
      var failure =
        (error as? RecordProblem).map {
          Failure("bad-text", exit: 65, "the text cannot be kept: \($0.reason)")
        } ?? Failure(explaining: error)
      failure.details.removeAll { $0 == "nothing was saved" }
      do {
        failure.details.append("nothing was saved; the text waits in \(try Unsaved.keep(text))")
      } catch {
        // No place left to keep it: the person gets the words back.
        failure.details.append("nothing was saved, and the text could not be kept (\(error)):")
        failure.details.append(text)
      }
      throw failure
    }
  }

  /// Fills what notes of every kind share.
  func fill(
    note id: EntityID, _ kind: String, _ text: String, _ words: WordsOptions, _ place: Place,
    _ draft: inout Draft
  ) throws {
    try draft.put(.kind, .text(kind), on: id)
    try draft.put(.noteText, .text(text), on: id)
    if let dialogue = place.dialogue { try draft.put(.noteDialogue, .entity(dialogue), on: id) }
    if let partnership = place.partnership {
      try draft.put(.notePartnership, .entity(partnership), on: id)
    }
    if let me = try store.me() { try draft.put(.author, .entity(me), on: id) }
    try draft.put(.when, (place.when ?? FuzzyDate(day: place.day)).value, on: id)
    if let rule = words.rule {
      guard ["record", "background", "chatham", "off"].contains(rule) else {
        throw Failure(
          "bad-rule", exit: 64, "there is no rule \"\(rule)\"",
          details: ["rules: record, background, chatham, off"], input: rule)
      }
      try draft.put(.rule, .text(rule), on: id)
    }
    for topic in words.topics {
      try draft.add(.topics, .entity(try self.topic(topic, &draft)), on: id)
    }
  }

  /// A topic by name; made when there is none, as a tag is.
  func topic(_ text: String, _ draft: inout Draft) throws -> EntityID {
    let there = try store.candidates(text, [.topic])
    if there.count > 1 { throw StoreError.ambiguous(text: text, candidates: there) }
    if let found = there.first { return found.id }
    guard let slug = Folding.slug(text) else {
      throw Failure(
        "bad-topic", exit: 64, "\"\(text)\" cannot be a topic: it has no letter or digit",
        input: text)
    }
    let id = ImportFile.derivedID(.topic, slug)
    if draft.isNew(id) { return id }
    if try store.record(id) == nil {
      _ = draft.create(.topic, id: id)
      try draft.put(.slug, .text(slug), on: id)
      try draft.put(.name, .text(text), on: id)
    }
    return id
  }
}
