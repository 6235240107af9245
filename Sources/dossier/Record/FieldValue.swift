import ChangeLog
import DossierModel
import DossierStore

/// `FIELD=VALUE`, `FIELD+=VALUE`, `FIELD-=VALUE` as typed.
struct Assignment {
  enum Mode { case put, add, remove }
  let field: Field
  let mode: Mode
  let text: String

  init(_ argument: String, kind: Kind) throws {
    guard let equals = argument.firstIndex(of: "=") else {
      throw Failure(
        "bad-assignment", exit: 64, "\"\(argument)\" does not say FIELD=VALUE",
        fix: "dossier help fields", input: argument)
    }
    var name = argument[..<equals]
    mode = name.last == "+" ? .add : name.last == "-" ? .remove : .put
    if mode != .put { name = name.dropLast() }
    let known = kind.fields.filter { !$0.isInternal }
    guard let field = known.first(where: { $0.name == name }) else {
      throw Failure(
        "unknown-field", exit: 64, "\(kind.withArticle) has no field \"\(name)\"",
        details: ["fields: " + known.map(\.name).joined(separator: ", ")],
        fix: "dossier help fields", input: String(name))
    }
    self.field = field
    text = String(argument[argument.index(after: equals)...])
    guard mode == .put || field.isSet else {
      throw Failure("bad-assignment", exit: 64, "\(name) holds one value; say \(name)=VALUE")
    }
  }
}

extension Context {
  /// A value typed for a field.
  func value(_ text: String, _ field: Field, _ draft: inout Draft) throws -> Value? {
    guard !text.isEmpty else { return nil }
    switch field.type {
    case .text, .prose, .word:
      if field.name == Field.slug.name, !Folding.isSlug(text) {
        throw Failure(
          "bad-slug", exit: 65, "\"\(text)\" is no slug: a-z, 0-9 and hyphens",
          details: Folding.slug(text).map { ["made of it: slug=\($0)"] } ?? [], input: text)
      }
      do { return .text(try RecordJSON.checked(text, field.type, field.name)) } catch {
        throw Failure("bad-field", exit: 65, "\(field.name): \(error.reason); nothing was saved")
      }
    case .flag:
      switch text.lowercased() {
      case "yes", "true", "1": return .bool(true)
      case "no", "false", "0": return .bool(false)
      default:
        throw Failure(
          "bad-field", exit: 65, "\(field.name): yes or no is expected, not \"\(text)\"")
      }
    case .number:
      guard let number = Int64(text) else {
        throw Failure(
          "bad-field", exit: 65, "\(field.name): a whole number is expected, not \"\(text)\"")
      }
      return .int(number)
    case .date: return try date(text).value
    case .reference(let kinds):
      if kinds == [.topic] { return .entity(try topic(text, &draft)) }
      return .entity(try store.find(text, kinds).id)
    case .parts(let parts):
      let commands = ["participants": "attend", "state": "done", "links": "link"]
      guard parts.count == 2, field.isSet, let colon = text.firstIndex(of: ":") else {
        throw Failure(
          "bad-assignment", exit: 64, "\(field.name) has parts and cannot be set like this",
          fix: commands[field.name].map { "dossier help \($0)" } ?? "dossier help import")
      }
      // "en:Digital Partnership", "iso2:JP"
      let first = String(text[..<colon])
      let second = String(text[text.index(after: colon)...])
      if case .reference(let kinds) = parts[0].type {
        return .list([.entity(try store.find(first, kinds).id), .text(second)])
      }
      if case .reference(let kinds) = parts[1].type {
        return .list([.text(first), .entity(try store.find(second, kinds).id)])
      }
      return .list([.text(first), .text(second)])
    }
  }

  /// - Throws: ``Failure`` when another record here has the slug.
  func refuseTaken(_ slug: String, but record: EntityID? = nil) throws {
    let all = try store.candidates(slug, [])
    guard let taken = all.first(where: { $0.slug == slug && $0.id != record }) else { return }
    throw Failure(
      "slug-taken", exit: 73, "\"\(slug)\" is \(taken.title) already; nothing was saved",
      fix: "dossier show \(slug)", input: slug, candidates: [taken.short])
  }

  /// Applies `FIELD=VALUE` to a record.
  func apply(_ assignment: Assignment, to record: EntityID, _ draft: inout Draft) throws {
    let field = assignment.field
    let value = try value(assignment.text, field, &draft)
    guard value != .entity(record) || assignment.mode == .remove else { throw Self.sameRecord }
    guard field.isSet else {
      if field.number == Field.slug.number, let old = try store.record(record)?.text(.slug),
        value != .text(old)
      {
        try refuseTaken(assignment.text, but: record)
        try draft.add(.formerSlugs, .text(old), on: record)
      }
      return try draft.put(field, value, on: record)
    }
    if assignment.mode == .put {
      for old in try store.record(record)?.elements(field) ?? [] where old != value {
        try draft.remove(field, old, from: record)
      }
    }
    guard let value else { return }
    if assignment.mode == .remove {
      guard try draft.remove(field, value, from: record) else {
        throw Failure(
          "not-there", exit: 66, "\(field.name) has no \"\(assignment.text)\"; nothing was saved")
      }
    } else {
      try draft.add(field, value, on: record)
    }
  }

  static var sameRecord: Failure {
    Failure("same-record", exit: 64, "a record cannot be related to itself")
  }
}
