/// One file of an export.
public struct Page: Sendable {
  /// A plain file name: a-z, 0-9, hyphens, ".md".
  public let path: String
  /// Whether a word can be the path of a page.
  public static func isPath(_ word: some StringProtocol) -> Bool {
    word.hasSuffix(".md") && word.utf8.count > 3
      && word.dropLast(3).utf8.allSatisfy {
        switch $0 {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"): true
        case UInt8(ascii: "-"): true
        default: false
        }
      }
  }

  /// LF, one final newline, no trailing spaces.
  public let text: String

  init(path: String, blocks: [String]) {
    self.path = path
    let lines = blocks.filter { !$0.isEmpty }.joined(separator: "\n\n")
      .split(separator: "\n", omittingEmptySubsequences: false)
    text = lines.map { String($0).trimmedEnd }.joined(separator: "\n") + "\n"
  }
}
