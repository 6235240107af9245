internal import DossierModel

/// Texts made safe for the place they stand in (CommonMark with the GFM extensions).
enum Markdown {
  /// One line of plain text inside a paragraph, a list item or a heading: everything is literal.
  static func inline(_ text: some StringProtocol) -> String {
    var safe = ""
    var isLineStart = true
    for scalar in visible(text).unicodeScalars {
      switch scalar {
      case "\\", "`", "*", "_", "[", "]", ">", "|", "~":
        safe += "\\"
        safe.unicodeScalars.append(scalar)
      case "&": safe += "&amp;"
      case "<": safe += "&lt;"
      case "\n", "\r", "\t": safe += " "
      case "#", "+", "-", "=":
        if isLineStart { safe += "\\" }
        safe.unicodeScalars.append(scalar)
      default: safe.unicodeScalars.append(scalar)
      }
      if scalar != " " { isLineStart = false }
    }
    return orderedListEscaped(safe.trimmed)
  }

  /// "1. " at the beginning of a line would become a list.
  private static func orderedListEscaped(_ text: String) -> String {
    let digits = text.prefix { $0.isASCII && $0.isNumber }
    let mark = text.dropFirst(digits.count).first
    guard !digits.isEmpty, digits.count < 10, mark == "." || mark == ")" else { return text }
    return digits + "\\" + text.dropFirst(digits.count)
  }

  /// Characters that steer a terminal or hide a text's order become visible escapes.
  static func visible(_ text: some StringProtocol) -> String {
    var visible = ""
    for scalar in text.unicodeScalars {
      if scalar.mustBeEscaped, scalar != "\n", scalar != "\t" {
        visible += "\\u{\(String(scalar.value, radix: 16))}"
      } else {
        visible.unicodeScalars.append(scalar)
      }
    }
    return visible
  }

  /// A link, or the text alone when the address is none a reader should follow.
  static func link(_ text: String, to address: String) -> String {
    guard address.hasPrefix("https://") || address.hasPrefix("http://"),
      address.unicodeScalars.allSatisfy({
        !$0.mustBeEscaped && $0 != " " && $0 != "<" && $0 != ">" && $0 != "\\"
      })
    else { return inline(text) + (text == address ? "" : " (\(inline(address)))") }
    return "[\(inline(text))](<\(address)>)"
  }

  /// The person's own Markdown, with what could break the page defused: headings become bold, raw HTML and
  /// strange links literal, fences are closed. Lines, each to be indented as its place needs.
  static func prose(_ text: String) -> [String] {
    var lines: [String] = []
    var fence: String?
    for line in text.replacing("\r\n", with: "\n").split(
      separator: "\n", omittingEmptySubsequences: false)
    {
      let shown = visible(line).trimmedEnd
      let start = shown.drop { $0 == " " }
      let mark = ["```", "~~~"].first { start.hasPrefix($0) }
      if let open = fence {
        lines.append(shown)
        if start.hasPrefix(open), start.allSatisfy({ $0 == open.first || $0 == " " }) {
          fence = nil
        }
      } else if let mark {
        let run = start.prefix { $0 == mark.first }
        fence = String(run)
        lines.append(shown)
      } else {
        lines.append(proseLine(shown))
      }
    }
    if let fence { lines.append(fence) }
    while lines.last == "" { lines.removeLast() }
    return lines
  }

  private static func proseLine(_ line: String) -> String {
    let start = line.drop { $0 == " " }
    let hashes = start.prefix { $0 == "#" }
    if (1...6).contains(hashes.count),
      start.dropFirst(hashes.count).first.map({ $0 == " " }) ?? true
    {
      let title = String(start.dropFirst(hashes.count)).trimmed
      return title.isEmpty ? "" : "**\(defused(title).replacing("*", with: ""))**"
    }
    // A line of = or - under a text would make it a heading.
    if !start.isEmpty, start.allSatisfy({ $0 == "=" }) || start.allSatisfy({ $0 == "-" }) {
      return "\\" + start
    }
    // A definition of a link target.
    if start.first == "[", start.contains("]:") { return "\\" + defused(String(start)) }
    return defused(line)
  }

  private static func defused(_ line: String) -> String {
    var safe = ""
    let characters = Array(line.unicodeScalars)
    for (index, scalar) in characters.enumerated() {
      let next = index + 1 < characters.count ? characters[index + 1] : " "
      if scalar == "<", next.properties.isAlphabetic || "/!?".unicodeScalars.contains(next) {
        safe += "&lt;"
      } else if scalar == "!", next == "[" {
        safe += "\\!"
      } else if scalar == "(", index > 0, characters[index - 1] == "]",
        !isHarmless(String(String.UnicodeScalarView(characters[(index + 1)...])))
      {
        safe += "\\("
      } else {
        safe.unicodeScalars.append(scalar)
      }
    }
    return safe
  }

  private static func isHarmless(_ target: String) -> Bool {
    let start = target.drop { $0 == " " || $0 == "<" }.lowercased()
    return ["https://", "http://", "mailto:"].contains { start.hasPrefix($0) }
  }
}

extension String {
  var trimmed: String { String(drop { $0 == " " }).trimmedEnd }

  var trimmedEnd: String {
    var text = self[...]
    while let last = text.last, last == " " || last == "\t" || last == "\r" {
      text = text.dropLast()
    }
    return String(text)
  }
}
