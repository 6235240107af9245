/// Rows of text: aligned on a terminal, separated by tabs in a pipe.
struct Table {
  var header: [String]
  var rows: [[String]] = []
  /// Rows that ask for attention, by their place.
  var marked: Set<Int> = []

  /// The lines for a terminal of that width. The widest columns give way first. With colours they may be written to a
  /// terminal as they are: nothing else in them steers it.
  func lines(width: Int, isColored: Bool = false) -> [String] {
    guard !rows.isEmpty else { return [] }
    let cells = rows.map { $0.map { Terminal.safe($0.replacing("\n", with: " ")) } }
    var widths = header.indices.map { column in
      max(
        Terminal.width(of: header[column]), cells.map { Terminal.width(of: $0[column]) }.max() ?? 0)
    }
    // What is empty in every row is not worth a column.
    let shown = header.indices.filter { column in cells.contains { !$0[column].isEmpty } }
    func total() -> Int { shown.reduce(0) { $0 + widths[$1] } + 2 * (shown.count - 1) }
    while total() > width, let widest = shown.max(by: { widths[$0] < widths[$1] }),
      widths[widest] > 8
    {
      widths[widest] = max(8, widths[widest] - (total() - width + 1) / 2 - 1 + 1)
    }
    func line(_ row: [String]) -> String {
      var line = ""
      for column in shown {
        let text = Terminal.cut(row[column], to: widths[column])
        line += text
        if column != shown.last {
          line += String(repeating: " ", count: widths[column] - Terminal.width(of: text) + 2)
        }
      }
      while line.last == " " { line.removeLast() }
      return line
    }
    let lines = [line(header.map { $0.uppercased() })] + cells.map(line)
    guard isColored else { return lines }
    return lines.enumerated().map { place, line in
      if place == 0 { return "\u{1b}[2m\(line)\u{1b}[0m" }
      return marked.contains(place - 1) ? "\u{1b}[31m\(line)\u{1b}[0m" : line
    }
  }

  /// Tabs and line ends inside a cell become spaces; no header.
  var tabSeparated: [String] {
    rows.map { row in
      row.map { $0.replacing("\t", with: " ").replacing("\n", with: " ") }.joined(separator: "\t")
    }
  }
}
