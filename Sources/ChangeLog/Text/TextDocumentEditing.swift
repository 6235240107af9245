/// What an author does to a text, as the edit that says it.
extension TextDocument {
  /// The edit that makes this text into another one; nil when no word of it stays, or more places change than
  /// one edit can: that is not an edit of this text but another one, to be written in its place.
  public func edit(to text: String, settles: Bool = false) -> TextEdit? {
    let diff = TextDiff(from: self.text, to: text)
    guard diff.keepsWords else { return nil }
    let edit = edit(diff, settles: settles)
    return edit.places <= TextEdit.maximumPlaces ? edit : nil
  }

  /// The same, whatever stays.
  func replacement(by text: String, settles: Bool = false) -> TextEdit {
    edit(TextDiff(from: self.text, to: text), settles: settles)
  }

  private func edit(_ diff: TextDiff, settles: Bool) -> TextEdit {
    let visible = VisiblePieces(self)
    let hunks = diff.changes.map { change in
      let left =
        change.removed.lowerBound > 0 ? visible.place(of: change.removed.lowerBound - 1) : nil
      return TextEdit.Hunk(
        left: left.map { id(at: $0) }, right: character(behind: left),
        removed: visible.places(of: change.removed).map { place, count in
          TextEdit.CharacterRange(start: id(at: place), count: count)
        }, inserted: Text(change.inserted))
    }
    return TextEdit(text: id, seen: latest, settles: settles, hunks: hunks)
  }

  /// The edit that takes another one back.
  public func cancel(_ edit: ChangeID) -> TextEdit {
    TextEdit(text: id, seen: latest, cancelled: [edit])
  }

  /// Which pieces a reader sees, and where in the text they begin.
  private struct VisiblePieces {
    private var starts: [Int] = []
    private var pieces: [(index: Int, count: Int)] = []

    init(_ document: TextDocument) {
      let effective = Effectiveness(document.cancels)
      var start = 0
      for (index, piece) in document.pieces.enumerated()
      where document.isVisible(piece, effective) {
        starts.append(start)
        pieces.append((index, piece.count))
        start += piece.count
      }
    }

    private func visible(at character: Int) -> Int {
      // The last that begins there or before.
      var (low, high) = (0, starts.count)
      while high - low > 1 {
        let middle = (low + high) / 2
        if starts[middle] <= character { low = middle } else { high = middle }
      }
      return low
    }

    func place(of character: Int) -> Place {
      let visible = visible(at: character)
      return Place(piece: pieces[visible].index, offset: character - starts[visible])
    }

    /// Stretches of single pieces.
    func places(of characters: Range<Int>) -> [(Place, count: Int)] {
      var places: [(Place, count: Int)] = []
      var next = characters.lowerBound
      while next < characters.upperBound {
        let visible = visible(at: next)
        let offset = next - starts[visible]
        let count = min(pieces[visible].count - offset, characters.upperBound - next)
        places.append((Place(piece: pieces[visible].index, offset: offset), count))
        next += count
      }
      return places
    }
  }

  private func id(at place: Place) -> CharacterID {
    CharacterID(
      change: pieces[place.piece].change, offset: pieces[place.piece].offset + place.offset)
  }

  private func character(behind left: Place?) -> CharacterID? {
    guard let left else { return pieces.first?.first }
    if left.offset + 1 < pieces[left.piece].count {
      return id(at: Place(piece: left.piece, offset: left.offset + 1))
    }
    return left.piece + 1 < pieces.count ? pieces[left.piece + 1].first : nil
  }
}
