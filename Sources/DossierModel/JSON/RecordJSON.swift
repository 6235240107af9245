public import ChangeLog

/// Records as JSON: the product's own exchange format (`schema/import.md`).
public enum RecordJSON {
  /// One record: its type, its id, then every field that has a value.
  public static func encode(
    _ record: Record, fields: [String]? = nil, reference: (EntityID) throws -> String
  ) rethrows -> JSON {
    var members = [
      JSON.Member("type", .string(record.kind.name)),
      JSON.Member("id", .string(ShortID.full(record.id, record.kind))),
    ]
    // What a record is called in lists is a field only for those who ask for it.
    if fields?.contains("title") == true, record.kind.field(named: "title") == nil {
      members.append(JSON.Member("title", .string(record.title)))
    }
    for field in record.kind.fields where !field.isInternal {
      if let fields, !fields.contains(field.name) { continue }
      let values = record.elements(field)
      guard !values.isEmpty else { continue }
      let encoded = try values.map { try encode($0, field.type, reference) }
      members.append(JSON.Member(field.name, field.isSet ? .array(encoded) : encoded[0]))
    }
    return .object(members)
  }

  private static func encode(
    _ value: Value, _ type: FieldType, _ reference: (EntityID) throws -> String
  ) rethrows -> JSON {
    switch (type, value) {
    case (.date, _):
      guard let date = FuzzyDate(value: value) else { return .null }
      return encode(date)
    case (.parts(let parts), .list(let values)):
      return .object(
        try zip(parts, values).compactMap { part, value in
          value == .null
            ? nil : JSON.Member(part.name, try encode(value, part.type, reference))
        })
    case (_, .text(let text)): return .string(text.string)
    case (_, .bool(let flag)): return .bool(flag)
    case (_, .int(let number)): return .int(number)
    case (_, .entity(let id)): return .string(try reference(id))
    case (_, .bytes(let bytes)): return .string(Hexadecimal.encode(bytes))
    case (_, .null): return .null
    case (_, .list(let items)):
      return .array(try items.map { try encode($0, .text, reference) })
    }
  }

  /// A plain day is its text; any other date says its words, EDTF and bounds.
  public static func encode(_ date: FuzzyDate) -> JSON {
    if let edtf = date.edtf, FuzzyDate(edtf: edtf) == date, Day(edtf) != nil {
      return .string(edtf)
    }
    var members = [JSON.Member("words", .string(date.words))]
    if let edtf = date.edtf { members.append(.init("edtf", .string(edtf))) }
    if let day = date.earliest { members.append(.init("earliest", .string(day.description))) }
    if let day = date.latest { members.append(.init("latest", .string(day.description))) }
    if date.isInferred { members.append(.init("inferred", .bool(true))) }
    if let base = date.relativeTo { members.append(.init("relative_to", .string(base))) }
    return .object(members)
  }

  /// What a line says of a record's fields.
  ///
  /// - Parameters:
  ///   - reference: finds the record a text names; nil when there is none.
  ///   - kindOf: the kind of a record that was found.
  /// - Throws: ``RecordProblem`` naming the field.
  public static func decode(
    _ members: [JSON.Member], kind: Kind,
    reference: (String) throws -> (id: EntityID, kind: Kind)?
  ) throws -> [(field: Field, values: [Value])] {
    var decoded: [(field: Field, values: [Value])] = []
    for member in members where member.key != "type" && member.key != "id" {
      guard let field = kind.field(named: member.key), !field.isInternal else {
        let known = kind.fields.filter { !$0.isInternal }.map(\.name)
        throw RecordProblem(
          field: member.key,
          reason: "\(kind.withArticle) has no such field; it has " + known.joined(separator: ", "))
      }
      var values: [Value]
      if field.isSet {
        guard case .array(let items) = member.value else {
          throw RecordProblem(field: field.name, reason: "a list in [ ] is expected")
        }
        values = try items.map { try decode($0, field.type, field.name, reference) }
      } else {
        values = [try decode(member.value, field.type, field.name, reference)]
      }
      values.removeAll { $0 == .null }
      decoded.append((field, values))
    }
    return decoded
  }

  private static func decode(
    _ json: JSON, _ type: FieldType, _ name: String,
    _ reference: (String) throws -> (id: EntityID, kind: Kind)?
  ) throws -> Value {
    if json == .null { return .null }
    switch (type, json) {
    case (.text, .string(let text)), (.word, .string(let text)), (.prose, .string(let text)):
      return .text(try checked(text, type, name))
    case (.flag, .bool(let flag)): return .bool(flag)
    case (.number, .int(let number)): return .int(number)
    case (.date, _): return try date(json, name).value
    case (.reference(let kinds), .string(let text)):
      guard let found = try reference(text) else {
        throw RecordProblem(field: name, reason: "no record is called \"\(text)\"")
      }
      guard kinds.isEmpty || kinds.contains(found.kind) else {
        let expected = kinds.map(\.name).joined(separator: " or ")
        throw RecordProblem(
          field: name, reason: "\"\(text)\" is \(found.kind.withArticle); a \(expected) is expected"
        )
      }
      return .entity(found.id)
    case (.parts(let parts), .object(let members)):
      if let unknown = members.first(where: { member in
        !parts.contains { $0.name == member.key }
      }) {
        throw RecordProblem(field: "\(name).\(unknown.key)", reason: "there is no such part")
      }
      return .list(
        try parts.map { part in
          try json[part.name].map { try decode($0, part.type, "\(name).\(part.name)", reference) }
            ?? .null
        })
    default:
      throw RecordProblem(field: name, reason: "\(type.expectation) is expected")
    }
  }

  /// The rules every text keeps, wherever it comes from.
  public static func checked(
    _ text: String, _ type: FieldType, _ name: String
  ) throws(RecordProblem) -> String {
    guard !text.utf8.contains(0) else { throw RecordProblem(field: name, reason: "it holds NUL") }
    guard text.utf8.count <= Changeset.maximumTextSize else {
      throw RecordProblem(field: name, reason: "it is longer than 1 MiB (\(text.utf8.count) bytes)")
    }
    if case .prose = type { return text }
    guard !text.utf8.contains(0x0a) else {
      throw RecordProblem(field: name, reason: "it has more than one line")
    }
    return text
  }

  private static func date(_ json: JSON, _ name: String) throws -> FuzzyDate {
    func day(_ key: String) throws -> Day? {
      guard let value = json[key], value != .null else { return nil }
      guard case .string(let text) = value, let day = Day(text) else {
        throw RecordProblem(field: "\(name).\(key)", reason: "a day like 2025-05-12 is expected")
      }
      return day
    }
    func text(_ key: String) throws -> String? {
      guard let value = json[key], value != .null else { return nil }
      guard case .string(let text) = value else {
        throw RecordProblem(field: "\(name).\(key)", reason: "a text is expected")
      }
      return text
    }
    switch json {
    case .string(let edtf):
      guard let date = FuzzyDate(edtf: edtf) else {
        throw RecordProblem(field: name, reason: "\"\(edtf)\" is no date in EDTF (ISO 8601-2)")
      }
      return date
    case .object(let members):
      let known = ["words", "edtf", "earliest", "latest", "inferred", "relative_to"]
      if let unknown = members.first(where: { !known.contains($0.key) }) {
        throw RecordProblem(field: "\(name).\(unknown.key)", reason: "there is no such part")
      }
      let edtf = try text("edtf")
      let bounds = edtf.flatMap { FuzzyDate(edtf: $0) }
      if let edtf, bounds == nil {
        throw RecordProblem(
          field: "\(name).edtf", reason: "\"\(edtf)\" is no date in EDTF (ISO 8601-2)")
      }
      let hasBounds = json["earliest"] != nil || json["latest"] != nil
      let earliest = try hasBounds ? day("earliest") : bounds?.earliest
      let latest = try hasBounds ? day("latest") : bounds?.latest
      if let earliest, let latest, earliest > latest {
        throw RecordProblem(field: name, reason: "it ends before it begins")
      }
      return FuzzyDate(
        words: try text("words") ?? edtf ?? "", edtf: edtf, earliest: earliest, latest: latest,
        isInferred: json["inferred"] == .bool(true), relativeTo: try text("relative_to"))
    default:
      throw RecordProblem(field: name, reason: "a date is expected")
    }
  }
}

/// Why a field cannot hold what was given.
public struct RecordProblem: Error, Equatable, Sendable {
  public let field: String
  public let reason: String

  public init(field: String, reason: String) {
    self.field = field
    self.reason = reason
  }
}

extension FieldType {
  var expectation: String {
    switch self {
    case .text, .word, .prose: "a text"
    case .flag: "true or false"
    case .number: "a whole number"
    case .date: "a date"
    case .reference: "the name of a record"
    case .parts: "an object in { }"
    }
  }
}
