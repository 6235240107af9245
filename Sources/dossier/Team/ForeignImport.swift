import DossierModel
import DossierStore
import SQLite

extension Import {
  /// Reads a file of another program.
  func foreign(_ bytes: [UInt8], _ context: Context) throws -> ForeignFile {
    let surroundings = try foreignSurroundings(context)
    switch format {
    case "taskwarrior": return try TaskwarriorFile.read(bytes, surroundings)
    case "ics": return try CalendarReader.read(bytes, surroundings)
    default: return try table(bytes, surroundings)
    }
  }

  private func foreignSurroundings(_ context: Context) throws -> ForeignSurroundings {
    return ForeignSurroundings(
      dates: try context.dates,
      find: { text in
        let found = try context.store.candidates(text, [])
        guard found.count == 1 else { return nil }
        return (id: try context.fullID(found[0].id), kind: found[0].kind)
      }, day: { Machine.day(milliseconds: UInt64(max(0, $0)) * 1000).day })
  }

  /// Every note of a folder, all or nothing.
  func importNotes(_ context: Context) throws {
    let surroundings = try foreignSurroundings(context)
    var notes = ForeignFile()
    try add(try Folder(path: file, links: .followed), below: "", depth: 1, to: &notes, surroundings)
    for note in notes.notes { tell("  " + note) }
    try importRecords(notes.bytes, notes, context)
  }

  /// Folders in folders too; links and what begins with a dot are passed over.
  private func add(
    _ folder: Folder, below path: String, depth: Int, to notes: inout ForeignFile,
    _ surroundings: ForeignSurroundings
  ) throws {
    guard depth <= 16, notes.names.count <= 20_000 else {
      throw Failure(
        "no-file", exit: 66, "\(file) is too deep, or holds more than 20,000 notes",
        details: ["nothing was saved"], input: file)
    }
    for name in try folder.names() where !name.hasPrefix(".") {
      if let inner = try folder.folder(name) {
        try add(inner, below: path + name + "/", depth: depth + 1, to: &notes, surroundings)
      } else if name.hasSuffix(".md"), let bytes = try content(of: name, in: folder) {
        notes.names.append(path + name)
        try MarkdownNotes.add(
          bytes, path: path + name, line: notes.names.count, to: &notes, surroundings)
      }
    }
  }

  /// - Returns: nil for a link: what it leads to is not of this folder.
  private func content(of name: String, in folder: Folder) throws -> [UInt8]? {
    do { return try folder.read(name, limit: 2 << 20) } catch  where error.kind == .link {
      return nil
    }
  }

  private func table(_ bytes: [UInt8], _ surroundings: ForeignSurroundings) throws -> ForeignFile {
    guard let kind else {
      throw Failure(
        "unknown-kind", exit: 64, "say what its rows are",
        details: ["kinds: " + Kind.allCases.map(\.name).joined(separator: ", ")],
        fix: "dossier import \(Shell.word(file)) --as csv --kind party")
    }
    guard separator.utf8.count == 1, let character = separator.first, character != "\"",
      !character.isNewline
    else {
      throw Failure(
        "bad-value", exit: 64, "cells cannot be separated by \"\(separator)\"",
        details: ["one character, such as , or ;"], input: separator)
    }
    var columns: [String: String] = [:]
    for pair in map {
      guard let equals = pair.lastIndex(of: "=") else {
        throw Failure(
          "bad-assignment", exit: 64, "\"\(pair)\" is no COLUMN=FIELD", input: pair)
      }
      columns[String(pair[..<equals])] = String(pair[pair.index(after: equals)...])
    }
    return try CSVRecords.read(
      bytes, kind: Kind(argument: kind), columns: columns, separator: character, surroundings)
  }
}
