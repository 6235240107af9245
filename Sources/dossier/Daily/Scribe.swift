import ChangeLog
import DossierModel
import DossierStore
import ReplicaStore

/// Takes the minutes of a dialogue: one line in, one record on disk out.
///
/// A line that names what is not known is kept as a plain note, so that no word depends on getting a name right.
struct Scribe {
  private let context: Context
  private let place: Context.Place
  private var topic: String?
  private var rule: String?
  /// What was written last: `...` and `s/…/…/` change it.
  private var last: (id: EntityID, field: Field)?
  private(set) var isOver = false
  /// What this session wrote and did not take back, the last at the end.
  private var commands: [Written] = []

  /// One line on disk.
  private struct Written {
    let changeset: ChangesetID
    /// The record that it made; nil when it changed one.
    let record: EntityID?
  }

  /// What came of a line.
  struct Answer {
    /// The record that was made or changed.
    var id: EntityID?
    /// For the person.
    var text: String
    /// Something could not be done as it was asked for.
    var isProblem = false
  }

  init(_ context: Context, in place: Context.Place) {
    self.context = context
    self.place = place
  }

  /// - Returns: nil for a line that says nothing.
  mutating func take(_ line: String) throws -> Answer? {
    switch ScribeLine(line) {
    case .empty: return nil
    case .note(let text): return try note("note", text)
    case .said(let name, let text): return try said(name, text, line)
    case .more(let text): return try changeLast { $0 + "\n" + text }
    case .topic(let name):
      topic = name
      return Answer(text: "topic: \(name)")
    case .decision(let text): return try note("decision", text)
    case .position(let name, let text):
      return try naming([name], line) { try $0.note("position", text, by: $1[0]) }
    case .action(let owners, let text):
      return try naming(owners, line) { try $0.action(text, owners: $1) }
    case .promise(let name, let text):
      return try naming([name], line) { try $0.action(text, owners: $1, isPromise: true) }
    case .present(let names): return try attend(names, "present", line)
    case .regrets(let names): return try attend(names, "excused", line)
    case .correction(let old, let new): return try correct(old, new)
    case .undo: return try undo()
    case .rule(let word): return setRule(word)
    case .who: return Answer(text: try who())
    case .end:
      isOver = true
      return nil
    case .unknown(let word):
      return Answer(
        text: "there is no \(word); /undo /rule /who /end, or s/old/new/", isProblem: true)
    }
  }

  /// How many records were made, and not taken back.
  var count: Int { commands.count { $0.record != nil } }

  // MARK: Records

  private mutating func make(_ work: (inout Draft) throws -> EntityID) throws -> EntityID {
    let id = try context.store.write("take", work)
    remember(id)
    return id
  }

  private mutating func change(_ work: (inout Draft) throws -> Void) throws {
    let before = context.store.replica.lastWritten
    try context.store.write("take", work)
    // What was so already is not written again.
    if context.store.replica.lastWritten != before { remember(nil) }
  }

  private mutating func remember(_ record: EntityID?) {
    guard let written = context.store.replica.lastWritten else { return }
    commands.append(Written(changeset: written.id, record: record))
  }

  private mutating func note(_ kind: String, _ text: String, by speaker: EntityID? = nil) throws
    -> Answer
  {
    let (topic, rule, place) = (topic, rule, place)
    let context = context
    let id = try make { draft in
      let id = draft.create(.note)
      var words = WordsOptions()
      words.rule = rule
      words.topics = []
      try context.fill(note: id, kind, text, words, place, &draft)
      if let topic { try draft.put(.point, .text(topic), on: id) }
      if let speaker { try draft.put(.speaker, .entity(speaker), on: id) }
      return id
    }
    last = (id, .noteText)
    let who = try speaker.map { try context.name($0) }
    return try made(id, [kind == "note" ? "" : kind, who ?? ""])
  }

  private mutating func said(_ name: String, _ text: String, _ line: String) throws -> Answer {
    let parties = try context.store.candidates(name, [.party])
    switch parties.count {
    // "Remember: …" is a note, and stays one word for word; "POSITON jp: …" is that too, and a slip.
    case 0:
      let label = name.prefix { $0 != " " }
      guard label.count > 3, label.allSatisfy(\.isUppercase) else { return try note("note", line) }
      return try kept(line, because: "no party and no label is called \"\(label)\"")
    case 1: return try note("statement", text, by: parties[0].id)
    default: return try unclear(name, parties.map(\.short), line)
    }
  }

  private mutating func action(
    _ text: String, owners: [EntityID], isPromise: Bool = false
  ) throws -> Answer {
    let context = context
    let place = place
    var slip: String?
    let found = ScribeLine.due(in: text) { words in
      do { return try context.date(words, from: place.day) } catch {
        slip = slip ?? Self.slip(error)
        return nil
      }
    }
    let us = try context.store.us()
    let isTask = !isPromise && owners.allSatisfy { us.contains($0) }
    let id = try make { draft in
      let id = draft.create(.action)
      try draft.put(.actionText, .text(found?.words ?? text), on: id)
      for owner in owners { try draft.add(.owners, .entity(owner), on: id) }
      if let due = found?.due { try draft.put(.due, due.value, on: id) }
      try draft.put(.modality, .text(isTask ? "task" : "commitment"), on: id)
      if let dialogue = place.dialogue { try draft.put(.actionDialogue, .entity(dialogue), on: id) }
      if let partnership = place.partnership {
        try draft.put(.actionPartnership, .entity(partnership), on: id)
      }
      return id
    }
    last = (id, .actionText)
    let names = try owners.map { try context.name($0) }.joined(separator: ", ")
    var answer = try made(
      id, [isTask ? "action" : "commitment", names, found.map { "due \($0.due.reading)" } ?? ""])
    if found == nil, let slip {
      answer.text += "   no due date: " + slip
      answer.isProblem = true
    }
    return answer
  }

  /// What is wrong with words that were meant for a date; nil for words that were not.
  private static func slip(_ error: any Error) -> String? {
    switch error {
    case DateError.ambiguous(let input, let readings):
      return "\(input) is " + readings.map(\.words).joined(separator: " or ")
    case DateError.impossible(let input, let reason): return "\(input): \(reason)"
    case DateError.unknown(let input, let forms):
      guard let form = forms.first,
        Similarity.distance(input.lowercased(), form.lowercased()) <= max(1, input.count / 4)
      else { return nil }
      return "\(input) is not in the grammar; \(form) is"
    default: return nil
    }
  }

  private mutating func attend(_ names: [String], _ how: String, _ line: String) throws -> Answer {
    guard let dialogue = place.dialogue else {
      return try kept(line, because: "attendance needs a dialogue: take DIALOGUE")
    }
    return try naming(names, line) { scribe, parties in
      let present = try scribe.context.store.record(dialogue)?.parts(.participants) ?? []
      try scribe.change { draft in
        for party in parties {
          // For whom somebody speaks stays as it was noted.
          let known = present.filter { $0.reference("party") == party }
          if known.contains(where: { $0.text("as") == how }) { continue }
          for old in known { try draft.remove(.participants, old.value, from: dialogue) }
          let principal = known.compactMap { $0.reference("for") }.first
          try draft.add(
            .participants,
            .list([.entity(party), principal.map { .entity($0) } ?? .null, .text(how)]),
            on: dialogue)
        }
      }
      let list = try parties.map { try scribe.context.name($0) }.joined(separator: ", ")
      return Answer(id: dialogue, text: "\(how): \(list)")
    }
  }

  /// Looks the names up; when one is not a party, the line is kept as a note.
  private mutating func naming(
    _ names: [String], _ line: String, _ work: (inout Scribe, [EntityID]) throws -> Answer
  ) throws -> Answer {
    var parties: [EntityID] = []
    for name in names {
      if name == "me", let me = try context.store.me() {
        parties.append(me)
        continue
      }
      let found = try context.store.candidates(name, [.party])
      guard found.count == 1 else {
        return found.isEmpty
          ? try kept(line, because: "no party matches \"\(name)\"")
          : try unclear(name, found.map(\.short), line)
      }
      parties.append(found[0].id)
    }
    return try work(&self, parties)
  }

  private mutating func unclear(_ name: String, _ shorts: [String], _ line: String) throws -> Answer
  {
    try kept(line, because: "\"\(name)\" can mean \(shorts.joined(separator: ", "))")
  }

  private mutating func kept(_ line: String, because reason: String) throws -> Answer {
    var answer = try note("note", line)
    answer.text += "   " + reason + "; kept as a note"
    answer.isProblem = true
    return answer
  }

  // MARK: The line before

  private mutating func changeLast(_ edit: (String) -> String) throws -> Answer {
    guard let last, let record = try context.store.record(last.id),
      let text = record.text(last.field)
    else { return Answer(text: "there is no line to go on with", isProblem: true) }
    let changed = try RecordJSON.checked(edit(text), last.field.type, last.field.name)
    try change { draft in
      try draft.put(last.field, .text(changed), on: last.id)
    }
    return try made(last.id, ["now: " + changed.replacing("\n", with: " / ")])
  }

  private mutating func correct(_ old: String, _ new: String) throws -> Answer {
    guard let last, let text = try context.store.record(last.id)?.text(last.field),
      text.contains(old)
    else { return Answer(text: "the last line has no \"\(old)\"", isProblem: true) }
    return try changeLast { text in
      guard let range = text.firstRange(of: old) else { return text }
      return text.replacingCharacters(in: range, with: new)
    }
  }

  private mutating func undo() throws -> Answer {
    guard let line = commands.popLast(), let report = try context.store.undo(line.changeset),
      report.count > 0
    else { return Answer(text: "there is nothing to take back", isProblem: true) }
    last = nil
    return Answer(text: "taken back")
  }

  private mutating func setRule(_ word: String) -> Answer {
    let rules = ["record", "background", "chatham", "off"]
    guard rules.contains(word) else {
      return Answer(
        text: "there is no rule \"\(word)\"; rules: \(rules.joined(separator: ", "))",
        isProblem: true)
    }
    rule = word == "record" ? nil : word
    return Answer(text: "rule: \(word)")
  }

  private func who() throws -> String {
    guard let dialogue = try place.dialogue.flatMap({ try context.store.record($0) }) else {
      return "no dialogue is open"
    }
    let text = try context.cell(dialogue, "participants")
    return text.isEmpty ? "nobody is noted yet" : text
  }

  private func made(_ id: EntityID, _ details: [String]) throws -> Answer {
    let short = try context.store.found(id)?.short ?? ""
    let line = ([short] + details.filter { !$0.isEmpty }).joined(separator: "  ")
    return Answer(id: id, text: line)
  }
}

extension String {
  fileprivate func replacingCharacters(in range: Range<Index>, with words: String) -> String {
    String(self[..<range.lowerBound]) + words + String(self[range.upperBound...])
  }
}
