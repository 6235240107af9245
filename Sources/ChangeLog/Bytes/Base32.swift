/// Crockford's base32: no I, L, O, U; lower case out, either case in, I and L read as 1, O as 0.
public enum Base32 {
  private static let alphabet = Array("0123456789abcdefghjkmnpqrstvwxyz".utf8)

  /// Five bits a character, most significant first; the last character is padded with zero bits.
  public static func encode(_ bytes: some Sequence<UInt8>) -> String {
    var characters: [UInt8] = []
    var buffer: UInt32 = 0
    var bits = 0
    for byte in bytes {
      buffer = buffer << 8 | UInt32(byte)
      bits += 8
      while bits >= 5 {
        bits -= 5
        characters.append(alphabet[Int(buffer >> UInt32(bits)) & 31])
      }
      buffer &= (1 << UInt32(bits)) - 1
    }
    if bits > 0 { characters.append(alphabet[Int(buffer << UInt32(5 - bits)) & 31]) }
    return String(decoding: characters, as: UTF8.self)
  }

  /// The bytes, or nil when a character is foreign or the padding is not zero.
  public static func decode(_ text: some StringProtocol) -> [UInt8]? {
    var bytes: [UInt8] = []
    var buffer: UInt32 = 0
    var bits = 0
    for character in text.utf8 {
      guard let digit = value(of: character) else { return nil }
      buffer = buffer << 5 | UInt32(digit)
      bits += 5
      if bits >= 8 {
        bits -= 8
        bytes.append(UInt8(truncatingIfNeeded: buffer >> UInt32(bits)))
        buffer &= (1 << UInt32(bits)) - 1
      }
    }
    return bits < 5 && buffer == 0 ? bytes : nil
  }

  /// The text as this alphabet writes it (lower case, look-alikes replaced), or nil when a character is foreign.
  public static func normalized(_ text: some StringProtocol) -> String? {
    var characters: [UInt8] = []
    for character in text.utf8 {
      guard let digit = value(of: character) else { return nil }
      characters.append(alphabet[Int(digit)])
    }
    return String(decoding: characters, as: UTF8.self)
  }

  private static func value(of character: UInt8) -> UInt8? {
    let lower = character >= 65 && character <= 90 ? character + 32 : character
    switch lower {
    case UInt8(ascii: "o"): return 0
    case UInt8(ascii: "i"), UInt8(ascii: "l"): return 1
    default: return alphabet.firstIndex(of: lower).map { UInt8($0) }
    }
  }
}

/// Lower-case hexadecimal, for hashes and ids that machines exchange.
public enum Hexadecimal {
  private static let digits = Array("0123456789abcdef".utf8)

  public static func encode(_ bytes: some Sequence<UInt8>) -> String {
    String(
      decoding: bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
  }

  /// The bytes, or nil when the text is of odd length or has a character that is no digit.
  public static func decode(_ text: some StringProtocol) -> [UInt8]? {
    let nibbles = text.utf8.map { character in
      digits.firstIndex(of: character >= 65 && character <= 70 ? character + 32 : character)
    }
    guard nibbles.count.isMultiple(of: 2), !nibbles.contains(nil) else { return nil }
    return stride(from: 0, to: nibbles.count, by: 2).map {
      UInt8(nibbles[$0]! << 4 | nibbles[$0 + 1]!)
    }
  }
}
