/// Names one character of a text that merges: the change that brought it, and its place among the characters of
/// that change, from 0. A character is a Unicode scalar.
public struct CharacterID: Hashable, Comparable, Sendable {
  public let change: ChangeID
  public let offset: Int

  public init(change: ChangeID, offset: Int) {
    self.change = change
    self.offset = offset
  }

  public static func < (a: CharacterID, b: CharacterID) -> Bool {
    (a.change, a.offset) < (b.change, b.offset)
  }
}

/// What one command did to a text: some characters removed, some inserted, each place named by the characters
/// its author saw there.
public struct TextEdit: Hashable, Sendable {
  /// The change that wrote the text first.
  public var text: ChangeID
  /// Of each writer the last edit of this text the author knew of.
  public var seen: [ChangeID]
  /// Edits that are taken back: what they inserted goes, what they removed returns.
  public var cancelled: [ChangeID]
  /// The author decided about every clash that the edits seen had left.
  public var settles: Bool
  /// In the order of the text.
  public var hunks: [Hunk]

  /// The most places that one edit changes, counted by hunks and removed ranges: applying one looks at the text
  /// once a place.
  public static let maximumPlaces = 4096

  var places: Int { hunks.reduce(hunks.count) { $0 + $1.removed.count } }

  public init(
    text: ChangeID, seen: [ChangeID] = [], cancelled: [ChangeID] = [], settles: Bool = false,
    hunks: [Hunk] = []
  ) {
    self.text = text
    self.seen = seen
    self.cancelled = cancelled
    self.settles = settles
    self.hunks = hunks
  }

  /// One place of the text that changed.
  public struct Hunk: Hashable, Sendable {
    /// The character before the place, of those that were to be seen; nil for the beginning of the text.
    public var left: CharacterID?
    /// The character behind `left`, removed ones included; nil for the end of the text.
    public var right: CharacterID?
    public var removed: [CharacterRange]
    /// Its characters are numbered through all hunks of the edit.
    public var inserted: Text

    public init(
      left: CharacterID?, right: CharacterID?, removed: [CharacterRange], inserted: Text
    ) {
      self.left = left
      self.right = right
      self.removed = removed
      self.inserted = inserted
    }
  }

  /// Characters of one change that follow one another.
  public struct CharacterRange: Hashable, Sendable {
    public var start: CharacterID
    /// 1 or more.
    public var count: Int

    public init(start: CharacterID, count: Int) {
      self.start = start
      self.count = count
    }

    var offsets: Range<Int> { start.offset..<start.offset + count }
  }

  /// The changes it names.
  public var named: [ChangeID] {
    [text] + seen + cancelled
      + hunks.flatMap { hunk in
        [hunk.left, hunk.right].compactMap { $0?.change } + hunk.removed.map(\.start.change)
      }
  }

  /// The same with every change under another name.
  public func renaming(_ name: (ChangeID) -> ChangeID) -> TextEdit {
    func character(_ id: CharacterID) -> CharacterID {
      CharacterID(change: name(id.change), offset: id.offset)
    }
    return TextEdit(
      text: name(text), seen: seen.map(name), cancelled: cancelled.map(name), settles: settles,
      hunks: hunks.map { hunk in
        Hunk(
          left: hunk.left.map(character), right: hunk.right.map(character),
          removed: hunk.removed.map {
            CharacterRange(start: character($0.start), count: $0.count)
          }, inserted: hunk.inserted)
      })
  }
}

// MARK: Encoding

extension TextEdit {
  func encode(into writer: inout ByteWriter, _ tables: inout Body.Tables) {
    func append(_ change: ChangeID) { writer.append(change: change, &tables) }
    func append(_ character: CharacterID?) {
      writer.append(character == nil ? 0 : 1)
      guard let character else { return }
      append(character.change)
      writer.append(count: character.offset)
    }
    append(text)
    writer.append(changes: seen, &tables)
    writer.append(changes: cancelled, &tables)
    writer.append(settles ? 1 : 0)
    writer.append(count: hunks.count)
    for hunk in hunks {
      append(hunk.left)
      append(hunk.right)
      writer.append(count: hunk.removed.count)
      for range in hunk.removed {
        append(range.start.change)
        writer.append(count: range.start.offset)
        writer.append(count: range.count)
      }
      writer.append(text: hunk.inserted.string)
    }
  }

  init(from reader: inout ByteReader, _ tables: inout Body.Tables) throws(FormatError) {
    text = try reader.change(&tables)
    seen = try reader.changes(&tables)
    cancelled = try reader.changes(&tables)
    switch try reader.byte() {
    case 0: settles = false
    case 1: settles = true
    default: throw .invalid("a flag of an edit is not known to this version")
    }
    hunks = []
    for _ in 0..<(try reader.itemCount(minimumSize: 4)) {
      let left = try reader.character(&tables)
      let right = try reader.character(&tables)
      var removed: [CharacterRange] = []
      for _ in 0..<(try reader.itemCount(minimumSize: 5)) {
        let change = try reader.change(&tables)
        let start = CharacterID(change: change, offset: try reader.count())
        let count = try reader.count()
        guard count > 0 else { throw .invalid("an edit removes no characters") }
        removed.append(CharacterRange(start: start, count: count))
      }
      let inserted = Text(try reader.text())
      guard !removed.isEmpty || !inserted.string.isEmpty else {
        throw .invalid("a hunk of an edit does nothing")
      }
      hunks.append(Hunk(left: left, right: right, removed: removed, inserted: inserted))
    }
    guard places <= Self.maximumPlaces else { throw .invalid("an edit changes too many places") }
  }
}

extension ByteReader {
  fileprivate mutating func character(
    _ tables: inout Body.Tables
  ) throws(FormatError) -> CharacterID? {
    switch try byte() {
    case 0: return nil
    case 1:
      let change = try change(&tables)
      return CharacterID(change: change, offset: try count())
    default: throw .invalid("a flag of a character is not known to this version")
    }
  }
}
