/// Characters of one insertion that stand together and were removed by the same.
struct TextPiece: Hashable, Sendable {
  let change: ChangeID
  /// Of its first character among those of the change.
  let offset: Int
  private(set) var text: Text
  private(set) var count: Int
  /// Whether it begins with the first character of an inserted run.
  let isStart: Bool
  /// What its author saw around the run. `left` counts only where the run starts.
  let left: CharacterID?
  let right: CharacterID?
  /// Ascending.
  var removers: [Remover]

  struct Remover: Hashable, Comparable, Sendable {
    let change: ChangeID
    /// Whether it wrote something else in the place.
    let replaces: Bool

    static func < (a: Remover, b: Remover) -> Bool {
      a.change != b.change ? a.change < b.change : !a.replaces && b.replaces
    }
  }

  init(
    change: ChangeID, offset: Int, text: Text, isStart: Bool, left: CharacterID?,
    right: CharacterID?, removers: [Remover]
  ) {
    self.change = change
    self.offset = offset
    self.text = text
    count = text.string.unicodeScalars.count
    self.isStart = isStart
    self.left = left
    self.right = right
    self.removers = removers
  }

  var offsets: Range<Int> { offset..<offset + count }
  var first: CharacterID { CharacterID(change: change, offset: offset) }
  var last: CharacterID { CharacterID(change: change, offset: offset + count - 1) }

  /// The character its first one was written behind.
  var leftNeighbor: CharacterID? {
    isStart ? left : CharacterID(change: change, offset: offset - 1)
  }

  func split(at place: Int) -> (TextPiece, TextPiece) {
    let scalars = text.string.unicodeScalars
    let middle = scalars.index(scalars.startIndex, offsetBy: place)
    var head = self
    head.text = Text(String(scalars[..<middle]))
    head.count = place
    let tail = TextPiece(
      change: change, offset: offset + place, text: Text(String(scalars[middle...])),
      isStart: false, left: nil, right: right, removers: removers)
    return (head, tail)
  }

  func isContinued(by next: TextPiece) -> Bool {
    next.change == change && next.offset == offset + count && !next.isStart
      && next.removers == removers && next.right == right
  }

  mutating func append(_ next: TextPiece) {
    text = Text(text.string + next.text.string)
    count += next.count
  }
}

extension Array where Element: Comparable {
  /// Puts new elements where they belong; what is there already is passed over.
  mutating func insertSorted(_ elements: [Element]) {
    for element in elements {
      let place = firstIndex { $0 >= element } ?? endIndex
      if place == endIndex || self[place] != element { insert(element, at: place) }
    }
  }
}
