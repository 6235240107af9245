/// Rows of a spreadsheet (RFC 4180), read strictly: what is not clear is refused, never guessed.
struct CSVReader {
  struct Row {
    /// Of its beginning, from 1.
    let line: Int
    let cells: [String]
  }

  struct Problem: Error {
    let line: Int
    let reason: String
  }

  /// - Parameter separator: between cells; one ASCII character.
  static func rows(_ bytes: [UInt8], separator: UInt8) throws(Problem) -> [Row] {
    var reader = CSVReader(bytes: bytes[...], separator: separator)
    if bytes.starts(with: [0xef, 0xbb, 0xbf]) { reader.bytes = bytes[3...] }
    var rows: [Row] = []
    while !reader.bytes.isEmpty {
      let row = try reader.row()
      if row.cells != [""] { rows.append(row) }
    }
    return rows
  }

  private var bytes: ArraySlice<UInt8>
  private let separator: UInt8
  private var line = 1

  private init(bytes: ArraySlice<UInt8>, separator: UInt8) {
    self.bytes = bytes
    self.separator = separator
  }

  private mutating func row() throws(Problem) -> Row {
    let start = line
    var cells: [String] = []
    while true {
      let cell = try bytes.first == 0x22 ? quoted() : plain()
      guard let text = String(validating: cell, as: UTF8.self), !cell.contains(0) else {
        throw Problem(line: line, reason: "a cell is not valid UTF-8, or holds NUL")
      }
      cells.append(Self.withoutGuard(text))
      switch bytes.first {
      case separator: bytes = bytes.dropFirst()
      case 0x0d where bytes.dropFirst().first == 0x0a:
        bytes = bytes.dropFirst(2)
        line += 1
        return Row(line: start, cells: cells)
      case 0x0a, 0x0d:
        bytes = bytes.dropFirst()
        line += 1
        return Row(line: start, cells: cells)
      case nil: return Row(line: start, cells: cells)
      case _: throw Problem(line: line, reason: "behind a quoted cell something else follows")
      }
    }
  }

  private mutating func plain() throws(Problem) -> [UInt8] {
    let cell = bytes.prefix { $0 != separator && $0 != 0x0a && $0 != 0x0d }
    guard !cell.contains(0x22) else {
      throw Problem(line: line, reason: "a quotation mark inside a cell that is not quoted")
    }
    bytes = bytes.dropFirst(cell.count)
    return Array(cell)
  }

  private mutating func quoted() throws(Problem) -> [UInt8] {
    let start = line
    var cell: [UInt8] = []
    bytes = bytes.dropFirst()
    while let byte = bytes.first {
      bytes = bytes.dropFirst()
      if byte == 0x22 {
        guard bytes.first == 0x22 else { return cell }
        bytes = bytes.dropFirst()
      }
      if byte == 0x0a { line += 1 }
      cell.append(byte)
    }
    throw Problem(line: start, reason: "a quoted cell has no end")
  }

  /// Takes off the apostrophe that our own tables put before what a spreadsheet would compute.
  private static func withoutGuard(_ text: String) -> String {
    guard text.first == "'" else { return text }
    let first = text.unicodeScalars.dropFirst().first {
      !" \"'\u{a0}\u{feff}".unicodeScalars.contains($0)
    }
    return first.map { "=+-@\t\r\n＝＋－＠".unicodeScalars.contains($0) } == true
      ? String(text.dropFirst()) : text
  }
}
