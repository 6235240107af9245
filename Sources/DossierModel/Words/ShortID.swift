public import ChangeLog

/// How people see and type an id: the letter of its kind and the beginning of its random part.
public enum ShortID {
  /// Characters shown when that is enough to tell records apart.
  public static let usualLength = 4
  /// Characters in exported pages.
  public static let exportedLength = 8

  /// The random part: 16 characters of Crockford's base32.
  public static func random(of id: EntityID) -> String { Base32.encode(id.bytes.suffix(10)) }

  public static func text(_ id: EntityID, _ kind: Kind, length: Int = usualLength) -> String {
    "\(kind.letter)-\(random(of: id).prefix(length))"
  }

  /// All 128 bits, for exchange with other programs: letter, hyphen, 26 characters.
  public static func full(_ id: EntityID, _ kind: Kind) -> String {
    "\(kind.letter)-\(Base32.encode(id.bytes))"
  }

  public static func parseFull(_ text: String) -> (kind: Kind, id: EntityID)? {
    guard text.utf8.count == 28, let kind = text.first.flatMap(Kind.init(letter:)),
      text.dropFirst().first == "-", let bytes = Base32.decode(text.dropFirst(2)), bytes.count == 16
    else { return nil }
    return (kind, EntityID(bytes: bytes))
  }

  /// The kind and the beginning of the random part, when the text looks like a short id.
  public static func parse(_ text: String) -> (kind: Kind, prefix: String)? {
    guard let kind = text.lowercased().first.flatMap(Kind.init(letter:)),
      text.dropFirst().first == "-", (2...16).contains(text.utf8.count - 2),
      let prefix = Base32.normalized(text.dropFirst(2))
    else { return nil }
    return (kind, prefix)
  }
}
