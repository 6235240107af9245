internal import ChangeLog

/// A calendar (RFC 5545): events become dialogues, tasks action items.
public enum CalendarReader {
  public static func read(_ bytes: [UInt8], _ surroundings: ForeignSurroundings) throws
    -> ForeignFile
  {
    var file = ForeignFile()
    guard let text = String(validating: bytes, as: UTF8.self), !bytes.contains(0) else {
      file.refuse(1, "", "it is not valid UTF-8, or holds NUL")
      return file
    }
    var own = 0
    for component in components(text, &file) {
      guard let uid = component["UID"]?.value, !uid.isEmpty else {
        file.refuse(component.line, "UID", "it has none")
        continue
      }
      // Written by this program: the store has it, and knows more of it.
      if let id = component.ownID(uid), try surroundings.find(id) != nil {
        own += 1
        continue
      }
      do {
        let members = try component.record(uid, surroundings)
        file.records.append((component.line, .object(members)))
        if component["RRULE"] != nil {
          file.notes.append("line \(component.line): it is repeated; the first is taken")
        }
      } catch let problem as RecordProblem {
        file.refuse(component.line, problem.field, problem.reason)
      }
    }
    if own > 0 { file.notes.append("unchanged, for they came from here: \(own)") }
    return file
  }

  /// A property: its parameters, and what stands behind the colon.
  struct Property {
    let parameters: [String: String]
    let raw: String

    /// The text, its escapes taken off.
    var value: String {
      var text = ""
      var isEscaped = false
      for character in raw {
        if isEscaped {
          text.append(character == "n" || character == "N" ? "\n" : character)
          isEscaped = false
        } else if character == "\\" {
          isEscaped = true
        } else {
          text.append(character)
        }
      }
      return text
    }
  }

  struct Component {
    let name: String
    let line: Int
    var properties: [(name: String, property: Property)] = []

    subscript(name: String) -> Property? { properties.first { $0.name == name }?.property }
  }

  /// The events and tasks of a file; what stands inside them, alarms for one, is passed over.
  private static func components(_ text: String, _ file: inout ForeignFile) -> [Component] {
    var found: [Component] = []
    var open: Component?
    var inner = 0
    var isCalendar = false
    for (number, line) in unfolded(text) {
      guard let (name, property) = property(line) else {
        file.refuse(number, "", "a line without a colon")
        return []
      }
      let value = property.raw.uppercased()
      switch (name, open) {
      case ("BEGIN", nil):
        if value == "VCALENDAR" { isCalendar = true }
        if value == "VEVENT" || value == "VTODO" { open = Component(name: value, line: number) }
      case ("BEGIN", _): inner += 1
      case ("END", let component?):
        if inner > 0 {
          inner -= 1
        } else {
          found.append(component)
          open = nil
        }
      case (_, .some): if inner == 0 { open?.properties.append((name, property)) }
      case (_, nil): continue
      }
    }
    if let open { file.refuse(open.line, open.name, "it has no end") }
    if !isCalendar { file.refuse(1, "", "this is no calendar: BEGIN:VCALENDAR is missing") }
    return found
  }

  /// Lines that were folded, as one, with the number of the first.
  private static func unfolded(_ text: String) -> [(Int, String)] {
    var lines: [(Int, String)] = []
    let physical = text.split(omittingEmptySubsequences: false) { $0 == "\r\n" || $0 == "\n" }
    for (index, line) in physical.enumerated() {
      if line.first == " " || line.first == "\t", let last = lines.indices.last {
        lines[last].1 += line.dropFirst()
      } else if !line.isEmpty {
        lines.append((index + 1, String(line)))
      }
    }
    return lines
  }

  private static func property(_ line: String) -> (String, Property)? {
    var isQuoted = false
    var pieces: [String] = [""]
    var rest = line[...]
    while let character = rest.first, isQuoted || character != ":" {
      rest = rest.dropFirst()
      if character == "\"" {
        isQuoted.toggle()
      } else if character == ";", !isQuoted {
        pieces.append("")
      } else {
        pieces[pieces.count - 1].append(character)
      }
    }
    guard rest.first == ":" else { return nil }
    var parameters: [String: String] = [:]
    for piece in pieces.dropFirst() {
      guard let equals = piece.firstIndex(of: "=") else { continue }
      parameters[piece[..<equals].uppercased()] = String(piece[piece.index(after: equals)...])
    }
    return (
      pieces[0].uppercased(), Property(parameters: parameters, raw: String(rest.dropFirst()))
    )
  }
}

extension CalendarReader.Component {
  /// The full id of the record that this was made of, when this program wrote it.
  fileprivate func ownID(_ uid: String) -> String? {
    guard uid.hasSuffix("@dossier"), let bytes = Hexadecimal.decode(String(uid.dropLast(8))),
      bytes.count == 16
    else { return nil }
    return ShortID.full(EntityID(bytes: bytes), name == "VEVENT" ? .dialogue : .action)
  }

  fileprivate func record(
    _ uid: String, _ surroundings: ForeignSurroundings
  ) throws -> [JSON.Member] {
    guard let summary = self["SUMMARY"]?.value, !summary.isEmpty else {
      throw RecordProblem(field: "SUMMARY", reason: "it has none")
    }
    return try name == "VEVENT"
      ? event(uid, summary, surroundings) : task(uid, summary, surroundings)
  }

  private func event(
    _ uid: String, _ summary: String, _ surroundings: ForeignSurroundings
  ) throws -> [JSON.Member] {
    let name = summary.split { $0.isNewline }.joined(separator: " ")
    var members: [JSON.Member] = [
      .init("type", .string("dialogue")), .init("id", .string("ics \(uid)")),
      .init("name", .string(name)),
    ]
    if let date = try days(surroundings) { members.append(.init("date", date.json)) }
    if let place = self["LOCATION"]?.value, !place.isEmpty {
      members.append(.init("city", .string(place.split { $0.isNewline }.joined(separator: ", "))))
    }
    if self["STATUS"]?.raw.uppercased() == "CANCELLED" {
      members.append(.init("state", .string("cancelled")))
    }
    let people = try people("ATTENDEE", surroundings)
    if !people.known.isEmpty {
      let participants = people.known.map { JSON.object([.init("party", .string($0))]) }
      members.append(.init("participants", .array(participants)))
    }
    let hosts = try self.people("ORGANIZER", surroundings)
    if !hosts.known.isEmpty {
      members.append(.init("organisers", .array(hosts.known.map { .string($0) })))
    }
    if let agenda = self["DESCRIPTION"]?.value, !agenda.isEmpty {
      members.append(.init("agenda", .string(agenda)))
    }
    let unknown = hosts.unknown + people.unknown
    if !unknown.isEmpty {
      members.append(
        .init("remark", .string("in the calendar: " + unknown.joined(separator: ", "))))
    }
    return members
  }

  private func task(
    _ uid: String, _ summary: String, _ surroundings: ForeignSurroundings
  ) throws -> [JSON.Member] {
    let details = self["DESCRIPTION"]?.value ?? ""
    var members: [JSON.Member] = [
      .init("type", .string("action")), .init("id", .string("ics \(uid)")),
      .init("text", .string(details.isEmpty ? summary : summary + "\n\n" + details)),
    ]
    if let due = try day("DUE", surroundings) {
      members.append(.init("due", FuzzyDate(day: due).json))
    }
    switch self["STATUS"]?.raw.uppercased() {
    case "COMPLETED": members.append(.init("state", .object([.init("is", .string("done"))])))
    case "CANCELLED": members.append(.init("state", .object([.init("is", .string("dropped"))])))
    default: break
    }
    return members
  }

  private func days(_ surroundings: ForeignSurroundings) throws -> FuzzyDate? {
    guard let first = try day("DTSTART", surroundings) else { return nil }
    var last = try day("DTEND", surroundings) ?? first
    // The end of whole days is the day after the last one (RFC 5545, 3.6.1).
    if let end = self["DTEND"]?.raw, end.count == 8, last > first { last = last.adding(days: -1) }
    guard last > first else { return FuzzyDate(day: first) }
    return FuzzyDate(edtf: "\(first)/\(last)")
  }

  private func day(_ name: String, _ surroundings: ForeignSurroundings) throws -> Day? {
    guard let property = self[name] else { return nil }
    guard let time = BasicTime(property.raw) else {
      throw RecordProblem(field: name, reason: "\"\(property.raw)\" is no date of a calendar")
    }
    return time.day(surroundings)
  }

  /// Full ids of those who are known here, and the names of the others.
  private func people(
    _ name: String, _ surroundings: ForeignSurroundings
  ) throws -> (known: [String], unknown: [String]) {
    var people: (known: [String], unknown: [String]) = ([], [])
    for (key, property) in properties where key == name {
      guard let called = property.parameters["CN"], !called.isEmpty else { continue }
      if let found = try surroundings.find(called), found.kind == .party {
        if !people.known.contains(found.id) { people.known.append(found.id) }
      } else {
        people.unknown.append(called)
      }
    }
    return people
  }
}
