import DossierModel
import Glibc

/// Where output goes, and what can be shown there.
struct Terminal {
  let isOutputTerminal: Bool
  let isInputTerminal: Bool
  /// In columns.
  let width: Int
  /// In lines.
  let height: Int

  init() {
    isOutputTerminal = isatty(STDOUT_FILENO) == 1
    isInputTerminal = isatty(STDIN_FILENO) == 1
    var size = winsize()
    let isKnown = ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0
    width =
      Self.size(Machine.environment("COLUMNS"))
      ?? (isKnown && size.ws_col > 20 ? Int(size.ws_col) : 80)
    height =
      Self.size(Machine.environment("LINES"))
      ?? (isKnown && size.ws_row > 5 ? Int(size.ws_row) : 24)
  }

  private static func size(_ text: String?) -> Int? {
    text.flatMap { Int($0) }.flatMap { $0 > 5 ? $0 : nil }
  }

  /// Whether colours may be used: on a terminal that has them, unless the person does not want any
  /// (https://no-color.org).
  func isColored(_ choice: GlobalOptions.ColorChoice) -> Bool {
    switch choice {
    case .always: true
    case .never: false
    case .auto:
      isOutputTerminal && Machine.environment("NO_COLOR") == nil && Self.isCapable
    }
  }

  /// Whether it can do more than lines of text.
  static var isCapable: Bool {
    Machine.environment("TERM").map { $0 != "dumb" } ?? false
  }

  /// Waits for one key, without Enter; nil at the end of input. Ctrl-C still ends the program.
  static func key() -> Character? {
    var former = termios()
    guard tcgetattr(STDIN_FILENO, &former) == 0 else { return nil }
    var raw = former
    raw.c_lflag &= ~tcflag_t(ICANON | ECHO)
    tcsetattr(STDIN_FILENO, TCSANOW, &raw)
    defer { tcsetattr(STDIN_FILENO, TCSANOW, &former) }
    var bytes = [UInt8](repeating: 0, count: 16)
    let count = read(STDIN_FILENO, &bytes, bytes.count)
    guard count > 0 else { return nil }
    return String(decoding: bytes[..<count], as: UTF8.self).first
  }

  /// Makes visible what would steer a terminal instead of showing: controls, bidi marks, zero-width
  /// characters, line and paragraph separators. Only line feed and tab are kept.
  static func safe(_ text: some StringProtocol) -> String {
    guard text.unicodeScalars.contains(where: isUnsafe) else { return String(text) }
    var safe = ""
    for scalar in text.unicodeScalars {
      if isUnsafe(scalar) {
        safe += "\\u{\(String(scalar.value, radix: 16))}"
      } else {
        safe.unicodeScalars.append(scalar)
      }
    }
    return safe
  }

  private static func isUnsafe(_ scalar: Unicode.Scalar) -> Bool {
    scalar != "\n" && scalar != "\t" && scalar.mustBeEscaped
  }

  /// How many columns a text takes.
  static func width(of text: some StringProtocol) -> Int {
    text.unicodeScalars.reduce(0) { $0 + width(of: $1) }
  }

  private static func width(of scalar: Unicode.Scalar) -> Int {
    if scalar.isASCII { return 1 }
    switch scalar.properties.generalCategory {
    case .nonspacingMark, .enclosingMark, .format: return 0
    default: break
    }
    let wide: [ClosedRange<UInt32>] = [
      0x1100...0x115f, 0x2e80...0x303e, 0x3041...0x33ff, 0x3400...0x4dbf, 0x4e00...0x9fff,
      0xa000...0xa4cf, 0xac00...0xd7a3, 0xf900...0xfaff, 0xfe30...0xfe6f, 0xff00...0xff60,
      0xffe0...0xffe6, 0x1f300...0x1f64f, 0x1f900...0x1f9ff, 0x20000...0x3fffd,
    ]
    return wide.contains { $0.contains(scalar.value) } ? 2 : 1
  }

  /// The text cut to a number of columns, with an ellipsis when something is missing.
  static func cut(_ text: String, to limit: Int) -> String {
    guard width(of: text) > limit else { return text }
    var cut = ""
    var used = 0
    for character in text {
      let next = width(of: String(character))
      if used + next > limit - 1 { break }
      cut.append(character)
      used += next
    }
    return cut + "…"
  }
}

/// Writes a text to standard output, safely.
func say(_ text: String) { write(Terminal.safe(text) + "\n", to: STDOUT_FILENO) }

/// Writes a page to standard output as it is: it is escaped for its own format, and a file must get the very same
/// bytes as a pipe.
func sayRaw(_ text: String) { write(text, to: STDOUT_FILENO) }

/// Writes a text to the person, on standard error.
func tell(_ text: String) { write(Terminal.safe(text) + "\n", to: STDERR_FILENO) }

private func write(_ text: String, to descriptor: Int32) {
  var bytes = Array(text.utf8)[...]
  while !bytes.isEmpty {
    let count = bytes.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
    if count < 0, errno == EINTR { continue }
    guard count > 0 else {
      // The reader has gone (`dossier notes | head`).
      if errno == EPIPE { exit(141) }
      if descriptor == STDOUT_FILENO {
        let reason = String(cString: strerror(errno))
        tell(
          "dossier: standard output cannot be written: \(reason)\n  what was to be saved is saved")
      }
      exit(74)
    }
    bytes = bytes.dropFirst(count)
  }
}
