/// A text that merges, with everything anybody inserted or removed.
///
/// A sequence CRDT: each inserted run names the characters left and right of it as its author saw them, and is
/// placed by the YjsMod rules (equal to FugueMax: Weidner and Kleppmann, "The Art of the Fugue"), so that runs
/// stay whole. Removed characters stay as tombstones with their words, because an edit can be taken back and
/// because an author who had not seen the removal may still write beside them.
///
/// Edits arrive causes first; every such order gives the same document.
public struct TextDocument: Hashable, Sendable {
  /// The change that wrote it first.
  public let id: ChangeID
  public let field: FieldNumber
  /// In the order of the text.
  private(set) var pieces: [TextPiece]
  /// Of each writer the last edit, ascending; the writing itself is not counted.
  private(set) var latest: [ChangeID] = []
  /// Ascending.
  private(set) var cancels: [Pair] = []
  /// Ascending. Edits of one place whose authors did not know of each other, not decided about yet.
  private(set) var openClashes: [Pair] = []

  /// Two changes: who cancels whom, or who clashes with whom.
  struct Pair: Hashable, Comparable, Sendable {
    let first: ChangeID
    let second: ChangeID

    static func < (a: Pair, b: Pair) -> Bool { (a.first, a.second) < (b.first, b.second) }
  }

  public init(id: ChangeID, field: FieldNumber, text: String) {
    self.id = id
    self.field = field
    pieces = [
      TextPiece(
        change: id, offset: 0, text: Text(text), isStart: true, left: nil, right: nil, removers: [])
    ]
    if text.isEmpty { pieces = [] }
  }

  init(
    id: ChangeID, field: FieldNumber, pieces: [TextPiece], latest: [ChangeID], cancels: [Pair],
    openClashes: [Pair]
  ) {
    self.id = id
    self.field = field
    self.pieces = pieces
    self.latest = latest
    self.cancels = cancels
    self.openClashes = openClashes
  }

  // MARK: Reading

  /// What a reader sees.
  public var text: String {
    let effective = Effectiveness(cancels)
    return pieces.filter { isVisible($0, effective) }.map(\.text.string).joined()
  }

  /// The text as the author of an edit left it, who knew of nothing else.
  public func text(after edit: ChangeID, seen: [ChangeID]) -> String {
    let known = Knowledge(of: edit, seen: seen, text: id)
    let effective = Effectiveness(cancels.filter { known($0.first) })
    return pieces.filter { piece in
      known(piece.change) && effective(piece.change)
        && !piece.removers.contains { known($0.change) && effective($0.change) }
    }.map(\.text.string).joined()
  }

  /// The text as if some edits had been taken back.
  public func text(without edits: [ChangeID]) -> String {
    // Nobody's change is called so: it takes nothing else back.
    let nobody = ChangeID(writer: .zero, sequence: 0, index: 0)
    let effective = Effectiveness(cancels + edits.map { Pair(first: nobody, second: $0) })
    return pieces.filter { isVisible($0, effective) }.map(\.text.string).joined()
  }

  /// Pairs of edits of one place that somebody should look at; none of which one was taken back.
  public var clashes: [(ChangeID, ChangeID)] {
    let effective = Effectiveness(cancels)
    return openClashes.filter { effective($0.first) && effective($0.second) }
      .map { ($0.first, $0.second) }
  }

  /// Whether an edit counts: nobody took it back, or that was taken back.
  public func isEffective(_ edit: ChangeID) -> Bool { Effectiveness(cancels)(edit) }

  /// Nobody has edited it, or all that was taken back.
  public var isAsWritten: Bool {
    let effective = Effectiveness(cancels)
    return pieces.allSatisfy { piece in
      (piece.change == id || !effective(piece.change))
        && !piece.removers.contains { effective($0.change) }
    }
  }

  /// Whether a change wrote it or left something in it.
  func has(_ change: ChangeID) -> Bool {
    id == change || latest.contains(change) || cancels.contains { $0.first == change }
      || pieces.contains { piece in
        piece.change == change || piece.removers.contains { $0.change == change }
      }
  }

  func isVisible(_ piece: TextPiece, _ effective: Effectiveness) -> Bool {
    effective(piece.change) && !piece.removers.contains { effective($0.change) }
  }

  // MARK: Applying

  /// Applies an edit whose causes are all here. A place that is not in this text is passed over: only an
  /// author who breaks the rules names one, and then everywhere the same.
  mutating func apply(_ edit: TextEdit, id change: ChangeID) {
    let knows = Knowledge(of: change, seen: edit.seen, text: id)
    var offset = 0
    for hunk in edit.hunks {
      let replaces = !hunk.inserted.string.isEmpty
      for range in hunk.removed {
        remove(range, by: TextPiece.Remover(change: change, replaces: replaces), knows)
      }
      if replaces {
        insert(hunk, as: CharacterID(change: change, offset: offset), knows)
        offset += hunk.inserted.string.unicodeScalars.count
      }
    }
    cancels.insertSorted(edit.cancelled.map { Pair(first: change, second: $0) })
    if edit.settles { openClashes.removeAll { knows($0.first) && knows($0.second) } }
    latest.removeAll { $0.writer == change.writer }
    latest.insertSorted([change])
    joinPieces()
  }

  private mutating func remove(
    _ range: TextEdit.CharacterRange, by remover: TextPiece.Remover, _ knows: Knowledge
  ) {
    split(before: range.start)
    split(before: CharacterID(change: range.start.change, offset: range.offsets.upperBound))
    for index in pieces.indices
    where pieces[index].change == range.start.change
      && range.offsets.contains(pieces[index].offset)
    {
      // Words that two removed, and one of them wrote others in their place.
      for other in pieces[index].removers
      where !knows(other.change) && (other.replaces || remover.replaces) {
        clash(remover.change, other.change)
      }
      if !pieces[index].removers.contains(where: { $0.change == remover.change }) {
        pieces[index].removers.insertSorted([remover])
      }
    }
    // Words that somebody wrote right behind one of these, not knowing that they go.
    for other in pieces where other.isStart && !knows(other.change) {
      guard let left = other.left, left.change == range.start.change,
        range.offsets.contains(left.offset), index(of: left) != nil
      else { continue }
      clash(remover.change, other.change)
    }
  }

  private mutating func insert(_ hunk: TextEdit.Hunk, as start: CharacterID, _ knows: Knowledge) {
    if let left = hunk.left { split(after: left) }
    if let right = hunk.right { split(before: right) }
    guard let first = hunk.left.map({ place(behind: $0) }) ?? Place(piece: 0, offset: 0),
      let end = hunk.right.map({ place(of: $0) }) ?? Place(piece: pieces.count, offset: 0),
      first <= end
    else { return }
    let piece = TextPiece(
      change: start.change, offset: start.offset, text: hunk.inserted, isStart: true,
      left: hunk.left, right: hunk.right, removers: [])
    if let left = hunk.left, let index = index(of: left) {
      for remover in pieces[index].removers where !knows(remover.change) {
        clash(start.change, remover.change)
      }
    }
    clashAtOnePlace(piece, hunk.inserted, knows)
    pieces.insert(piece, at: destination(of: piece, from: first, to: end))
  }

  /// Two wrote at one place, not knowing of each other: what that says now neither of them has said. Whole lines
  /// beside whole lines are no harm.
  private mutating func clashAtOnePlace(_ new: TextPiece, _ text: Text, _ knows: Knowledge) {
    var rivals: [ChangeID] = []
    for other in pieces where other.isStart && other.left == new.left && !knows(other.change) {
      if !isLines(text.string, behind: new.left) || !isLines(run(of: other), behind: other.left) {
        rivals.append(other.change)
      }
    }
    for rival in rivals { clash(new.change, rival) }
  }

  /// All of a run that begins with this piece, wherever its characters are now.
  private func run(of start: TextPiece) -> String {
    let later = pieces.filter { $0.change == start.change && $0.offset >= start.offset }
      .sorted { $0.offset < $1.offset }
    return later.prefix { !$0.isStart || $0.offset == start.offset }.map(\.text.string).joined()
  }

  /// Whether a run is lines of its own: it begins with a line feed, or ends with one and stands behind one.
  private func isLines(_ run: String, behind left: CharacterID?) -> Bool {
    let scalars = run.unicodeScalars
    if scalars.first == "\n" { return true }
    guard scalars.last == "\n" else { return false }
    guard let place = left.flatMap({ place(of: $0) }) else { return true }
    let piece = pieces[place.piece].text.string.unicodeScalars
    return piece[piece.index(piece.startIndex, offsetBy: place.offset)] == "\n"
  }

  /// Where a run goes among those whose authors did not know of it: the YjsMod rule.
  private func destination(of new: TextPiece, from first: Place, to end: Place) -> Int {
    var destination = first.piece
    var isScanning = false
    for index in first.piece..<end.piece {
      if !isScanning { destination = index }
      let other = pieces[index]
      let left = other.leftNeighbor.flatMap { place(behind: $0) } ?? Place(piece: 0, offset: 0)
      let right = other.right.flatMap { place(of: $0) } ?? Place(piece: pieces.count, offset: 0)
      if left < first || (left == first && right == end && new.first < other.first) {
        return destination
      }
      if left == first { isScanning = right < end }
    }
    return isScanning ? destination : end.piece
  }

  private mutating func clash(_ one: ChangeID, _ other: ChangeID) {
    guard one != other else { return }
    openClashes.insertSorted([Pair(first: min(one, other), second: max(one, other))])
  }

  // MARK: Places

  /// Between two characters: before that of a piece with this offset.
  struct Place: Comparable {
    let piece: Int
    let offset: Int

    static func < (a: Place, b: Place) -> Bool { (a.piece, a.offset) < (b.piece, b.offset) }
  }

  private func index(of character: CharacterID) -> Int? {
    pieces.firstIndex { $0.change == character.change && $0.offsets.contains(character.offset) }
  }

  private func place(of character: CharacterID) -> Place? {
    index(of: character).map {
      Place(piece: $0, offset: character.offset - pieces[$0].offset)
    }
  }

  private func place(behind character: CharacterID) -> Place? {
    guard let place = place(of: character) else { return nil }
    return place.offset + 1 == pieces[place.piece].count
      ? Place(piece: place.piece + 1, offset: 0)
      : Place(piece: place.piece, offset: place.offset + 1)
  }

  private mutating func split(after character: CharacterID) {
    split(before: CharacterID(change: character.change, offset: character.offset + 1))
  }

  private mutating func split(before character: CharacterID) {
    guard let place = place(of: character), place.offset > 0 else { return }
    let (head, tail) = pieces[place.piece].split(at: place.offset)
    pieces[place.piece] = head
    pieces.insert(tail, at: place.piece + 1)
  }

  /// As few pieces as possible, so that the same document has one form.
  private mutating func joinPieces() {
    var joined: [TextPiece] = []
    joined.reserveCapacity(pieces.count)
    for piece in pieces {
      if let last = joined.last, last.isContinued(by: piece) {
        joined[joined.count - 1].append(piece)
      } else {
        joined.append(piece)
      }
    }
    pieces = joined
  }
}
