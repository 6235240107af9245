/// Makes texts comparable for people: without case, accents, hyphens and unusual spaces. For search and
/// for slugs only; what is stored keeps its bytes.
public enum Folding {
  /// Lower case, accents off, hyphens and every kind of space to one space.
  public static func fold(_ text: String) -> String {
    var folded = ""
    var pendingSpace = false
    for scalar in text.lowercased().unicodeScalars {
      if isDropped(scalar) { continue }
      if isSeparator(scalar) {
        pendingSpace = !folded.isEmpty
        continue
      }
      if pendingSpace { folded.append(" ") }
      pendingSpace = false
      if let plain = plain[scalar] { folded += plain } else { folded.unicodeScalars.append(scalar) }
    }
    return folded
  }

  /// Words with hyphens inside, written as one: "e-commerce" is found as "ecommerce" too.
  public static func joined(_ text: String) -> String {
    // A hyphen is "-" or begins with the byte E2: most texts have neither.
    guard text.utf8.contains(where: { $0 == 0x2d || $0 == 0xe2 }) else { return "" }
    let words = text.split { $0.isWhitespace }.filter { word in
      word.unicodeScalars.dropFirst().dropLast().contains(where: isHyphen)
    }
    return words.map { word in
      String(String.UnicodeScalarView(word.unicodeScalars.filter { !isHyphen($0) }))
    }.joined(separator: " ")
  }

  /// A slug for a name: a-z, 0-9 and single hyphens, 1 to 60 characters; nil when nothing is left.
  public static func slug(_ name: String) -> String? {
    var slug = ""
    for scalar in fold(name).unicodeScalars {
      if ("a"..."z").contains(scalar) || ("0"..."9").contains(scalar) {
        slug.unicodeScalars.append(scalar)
      } else if !slug.isEmpty, slug.last != "-", scalar != "'" {
        slug.append("-")
      }
    }
    if slug.count > 60 {
      slug = String(slug.prefix(60))
      if let cut = slug.lastIndex(of: "-"), slug.distance(from: slug.startIndex, to: cut) > 20 {
        slug = String(slug[..<cut])
      }
    }
    while slug.last == "-" { slug.removeLast() }
    return slug.isEmpty ? nil : slug
  }

  /// Whether a text can be a slug as it stands.
  public static func isSlug(_ text: String) -> Bool {
    !text.isEmpty && text.utf8.count <= 80 && !text.hasPrefix("-") && !text.hasSuffix("-")
      && text.utf8.allSatisfy {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0)
          || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) || $0 == UInt8(ascii: "-")
      }
  }

  public static func isHyphen(_ scalar: Unicode.Scalar) -> Bool {
    scalar == "-" || (0x2010...0x2015).contains(scalar.value) || scalar.value == 0x2212
  }

  private static func isSeparator(_ scalar: Unicode.Scalar) -> Bool {
    isHyphen(scalar) || scalar.properties.isWhitespace || scalar == "_" || scalar == "/"
  }

  /// Combining marks, soft hyphens and zero-width characters.
  private static func isDropped(_ scalar: Unicode.Scalar) -> Bool {
    if scalar.isASCII { return false }
    switch scalar.properties.generalCategory {
    case .nonspacingMark, .enclosingMark, .format: return true
    default: return false
    }
  }

  /// Latin letters with marks, and the letters they stand on.
  private static let plain: [Unicode.Scalar: String] = {
    let rows = [
      "a": "àáâãäåāăąǎ", "c": "çćĉċč", "d": "ďđð", "e": "èéêëēĕėęě", "g": "ĝğġģ", "h": "ĥħ",
      "i": "ìíîïĩīĭįı", "j": "ĵ", "k": "ķ", "l": "ĺļľŀł", "n": "ñńņňŉ", "o": "òóôõöøōŏő",
      "r": "ŕŗř", "s": "śŝşšș", "t": "ţťŧț", "u": "ùúûüũūŭůűų", "w": "ŵ", "y": "ýÿŷ",
      "z": "źżž", "ae": "æ", "oe": "œ", "ss": "ß", "th": "þ", "'": "’ʼ",
    ]
    var table: [Unicode.Scalar: String] = [:]
    for (base, letters) in rows { for letter in letters.unicodeScalars { table[letter] = base } }
    return table
  }()
}
