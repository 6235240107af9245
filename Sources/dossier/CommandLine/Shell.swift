/// Words as a shell takes them, for commands that can be pasted.
enum Shell {
  /// One word: as it is when it is plain, else in single quotes.
  static func word(_ text: String) -> String {
    let isPlain = text.allSatisfy {
      $0.isASCII && ($0.isLetter || $0.isNumber || "-_./:=+,@".contains($0))
    }
    if isPlain, !text.isEmpty { return text }
    return "'" + text.replacing("'", with: "'\\''") + "'"
  }

  /// An argument, with `--` before it when it would be taken for an option.
  static func argument(_ text: String) -> String {
    (text.hasPrefix("-") ? "-- " : "") + word(text)
  }
}
