import DossierModel
import DossierStore

extension Import {
  /// Reads a file of another program.
  func foreign(_ bytes: [UInt8], _ context: Context) throws -> ForeignFile {
    let surroundings = ForeignSurroundings(
      dates: try context.dates,
      find: { text in
        let found = try context.store.candidates(text, [])
        guard found.count == 1 else { return nil }
        return (id: try context.fullID(found[0].id), kind: found[0].kind)
      }, day: { Machine.day(milliseconds: UInt64(max(0, $0)) * 1000).day })
    switch format {
    case "taskwarrior": return try TaskwarriorFile.read(bytes, surroundings)
    case "ics": return try CalendarReader.read(bytes, surroundings)
    default: return try table(bytes, surroundings)
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
