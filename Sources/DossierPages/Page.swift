/// One file of an export.
public struct Page: Sendable {
  /// A plain file name: a-z, 0-9, hyphens, ".md".
  public let path: String
  /// LF, one final newline, no trailing spaces.
  public let text: String

  init(path: String, blocks: [String]) {
    self.path = path
    let lines = blocks.filter { !$0.isEmpty }.joined(separator: "\n\n")
      .split(separator: "\n", omittingEmptySubsequences: false)
    text = lines.map { String($0).trimmedEnd }.joined(separator: "\n") + "\n"
  }
}
