/// Rows for a spreadsheet (RFC 4180).
public enum CSV {
  /// Quoted where it must be. A cell that a spreadsheet would take for a formula begins with an apostrophe (OWASP
  /// ASVS 1.2.10).
  public static func text(header: [String], rows: [[String]]) -> String {
    ([header] + rows).map { $0.map(cell).joined(separator: ",") + "\r\n" }.joined()
  }

  static func cell(_ text: String) -> String {
    var text = text
    // Behind spaces, quotes and full-width forms too: programs differ in what they pass over.
    let first = text.unicodeScalars.first { !" \"'\u{a0}\u{feff}".unicodeScalars.contains($0) }
    let starts = "=+-@\t\r\n＝＋－＠".unicodeScalars
    if let first, starts.contains(first) { text = "'" + text }
    guard text.unicodeScalars.contains(where: { ",\"\r\n".unicodeScalars.contains($0) }) else {
      return text
    }
    return "\"" + text.replacing("\"", with: "\"\"") + "\""
  }
}
