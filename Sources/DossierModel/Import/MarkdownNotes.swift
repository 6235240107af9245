/// Notes of a folder of Markdown files with flat front matter, as Obsidian and others keep them.
public enum MarkdownNotes {
  /// Adds one file as a note.
  ///
  /// - Parameters:
  ///   - path: below the folder, with slashes; names the note, so that a second import makes no other.
  ///   - line: which of all files it is, from 1: problems name it so.
  public static func add(
    _ bytes: [UInt8], path: String, line: Int, to file: inout ForeignFile,
    _ surroundings: ForeignSurroundings
  ) throws {
    guard let text = String(validating: bytes, as: UTF8.self), !bytes.contains(0) else {
      return file.refuse(line, "", "it is not valid UTF-8, or holds NUL")
    }
    do {
      let (front, body) = try split(text)
      guard body.contains(where: { !$0.isWhitespace }) else {
        return file.refuse(line, "", "it has no text")
      }
      var members: [JSON.Member] = [
        .init("type", .string("note")), .init("id", .string("md \(path)")),
      ]
      for (key, value) in front {
        guard let member = try member(key, value, surroundings) else {
          file.notes.append("\(path): \"\(key)\" is passed over")
          continue
        }
        members.append(member)
      }
      members.append(.init("text", .string(String(body))))
      file.records.append((line, .object(members)))
    } catch let problem as RecordProblem {
      file.refuse(line, problem.field, problem.reason)
    }
  }

  private enum Value {
    case one(String)
    case several([String])

    var all: [String] {
      switch self {
      case .one(let text): [text]
      case .several(let texts): texts
      }
    }
  }

  private static func member(
    _ key: String, _ value: Value, _ surroundings: ForeignSurroundings
  ) throws -> JSON.Member? {
    func one() throws -> String {
      guard case .one(let text) = value else {
        throw RecordProblem(field: key, reason: "one value is expected, not a list")
      }
      return text
    }
    switch key {
    case "title", "name": return .init("name", .string(try one()))
    case "kind", "rule", "point": return .init(key, .string(try one()))
    case "dialogue", "partnership", "speaker", "author":
      let text = try one()
      return .init(key, .string(try surroundings.find(text)?.id ?? text))
    case "date", "when":
      do { return .init("when", try surroundings.dates.read(try one()).json) } catch let error
        as DateError
      {
        throw RecordProblem(field: key, reason: error.reason)
      }
    case "topics", "tags":
      let topics = try value.all.map { name in
        guard let found = try surroundings.find(name), found.kind == .topic else {
          throw RecordProblem(field: key, reason: "there is no topic \"\(name)\"")
        }
        return JSON.string(found.id)
      }
      return .init("topics", .array(topics))
    default: return nil
    }
  }

  /// The front matter between two lines of three hyphens, and what follows byte for byte.
  private static func split(_ text: String) throws -> ([(String, Value)], Substring) {
    guard text.hasPrefix("---\n") else { return ([], text[...]) }
    var rest = text.dropFirst(4)
    var front: [(String, Value)] = []
    while let end = rest.firstIndex(of: "\n") {
      let line = rest[..<end]
      rest = rest[rest.index(after: end)...]
      if line == "---" { return (front, rest) }
      if line.allSatisfy(\.isWhitespace) || line.hasPrefix("#") { continue }
      guard let colon = line.firstIndex(of: ":"), line.first?.isWhitespace == false,
        line.first != "-"
      else {
        throw RecordProblem(
          field: "front matter", reason: "\"\(line)\" is no \"key: value\"; lists stand in [ ]")
      }
      let key = line[..<colon].lowercased()
      guard !front.contains(where: { $0.0 == key }) else {
        throw RecordProblem(field: key, reason: "it stands there twice")
      }
      front.append((key, value(line[line.index(after: colon)...])))
    }
    throw RecordProblem(field: "front matter", reason: "it has no end: a line of three hyphens")
  }

  private static func value(_ text: Substring) -> Value {
    let text = trimmed(text)
    guard text.hasPrefix("["), text.hasSuffix("]") else { return .one(unquoted(text)) }
    return .several(
      text.dropFirst().dropLast().split(separator: ",").map { unquoted(trimmed($0)) }
        .filter { !$0.isEmpty })
  }

  private static func trimmed(_ text: Substring) -> Substring {
    var text = text
    while text.first?.isWhitespace == true { text = text.dropFirst() }
    while text.last?.isWhitespace == true { text = text.dropLast() }
    return text
  }

  private static func unquoted(_ text: Substring) -> String {
    for quote in ["\"", "'"] where text.count > 1 && text.hasPrefix(quote) && text.hasSuffix(quote)
    {
      return String(text.dropFirst().dropLast())
    }
    return String(text)
  }
}
