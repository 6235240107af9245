/// What changed between two versions of a text, word by word.
struct TextDiff {
  /// Ascending, with more than spaces kept between two of them.
  let changes: [Change]
  /// Whether any word of the old text stays, or there was none to lose and none is new.
  let keepsWords: Bool

  struct Change: Equatable {
    /// Characters (Unicode scalars) of the old text.
    var removed: Range<Int>
    var inserted: String
  }

  init(from old: String, to new: String) {
    let frame = Frame(old, new)
    var vocabulary = Vocabulary()
    let before = vocabulary.words(of: frame.old)
    let after = vocabulary.words(of: frame.new)
    let start = zip(before, after).prefix { $0.number == $1.number }.count
    let end = zip(before[start...].reversed(), after[start...].reversed())
      .prefix { $0.number == $1.number }.count
    let oldRange = start..<before.count - end
    let newRange = start..<after.count - end
    let kept = Self.keptWords(before, oldRange, after, newRange)
    let stretches = Self.stretches(between: kept, before, oldRange, after, newRange)
    let offset = frame.start.unicodeScalars.count
    changes = stretches.map { Self.change($0, before, after, startingAt: offset) }
    keepsWords =
      stretches.isEmpty || frame.hasWords || before[..<start].contains(where: \.isWord)
      || before[oldRange.upperBound...].contains(where: \.isWord)
      || kept.contains { before[$0.0].isWord }
  }

  /// Two texts without what they begin and end with both, cut at spaces: nearly all of a long text that was
  /// edited need not be looked at word by word.
  private struct Frame {
    let start: Substring
    let old: Substring
    let new: Substring
    let end: Substring

    init(_ old: String, _ new: String) {
      var (old, new) = (old, new)
      (start, self.old, self.new, end) = old.withUTF8 { old in
        new.withUTF8 { new in
          let shorter = min(old.count, new.count)
          var start = 0
          while start < shorter, old[start] == new[start] { start += 1 }
          // Up to a word with a space behind it.
          if start < old.count || start < new.count {
            repeat {
              start -= 1
            } while start > 0
              && !(Self.isSpace(old[start]) && !Self.isSpace(old[start - 1]))
            start = max(start, 0)
          }
          var end = 0
          while end < shorter - start, old[old.count - 1 - end] == new[new.count - 1 - end] {
            end += 1
          }
          if end > 0, start + end < max(old.count, new.count) {
            repeat {
              end -= 1
            } while end > 0
              && !(Self.isSpace(old[old.count - end - 1]) && !Self.isSpace(old[old.count - end]))
          }
          func text(_ bytes: UnsafeBufferPointer<UInt8>, _ range: Range<Int>) -> Substring {
            Substring(String(decoding: bytes[range], as: UTF8.self))
          }
          return (
            text(old, 0..<start), text(old, start..<old.count - end),
            text(new, start..<new.count - end), text(old, old.count - end..<old.count)
          )
        }
      }
    }

    private static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x0a }

    var hasWords: Bool {
      start.unicodeScalars.contains { Kind($0) == .word }
        || end.unicodeScalars.contains { Kind($0) == .word }
    }
  }

  private typealias Stretch = (old: Range<Int>, new: Range<Int>)

  /// Words written in the place of others take the space behind them along, or the one before: when two
  /// people do so at once, their words do not grow together.
  private static func change(
    _ stretch: Stretch, _ before: [Word], _ after: [Word], startingAt offset: Int
  ) -> Change {
    var (old, new) = stretch
    if !old.isEmpty, !new.isEmpty {
      if old.upperBound < before.count, before[old.upperBound].isSpace {
        old = old.lowerBound..<old.upperBound + 1
        new = new.lowerBound..<new.upperBound + 1
      } else if old.lowerBound > 0, before[old.lowerBound - 1].isSpace {
        old = old.lowerBound - 1..<old.upperBound
        new = new.lowerBound - 1..<new.upperBound
      }
    }
    let end = before.last.map { $0.start + $0.count } ?? 0
    func position(_ word: Int) -> Int {
      offset + (word < before.count ? before[word].start : end)
    }
    return Change(
      removed: position(old.lowerBound)..<position(old.upperBound),
      inserted: new.map { String(after[$0].text) }.joined())
  }

  struct Word {
    /// Its first character.
    let start: Int
    let count: Int
    let text: Substring
    /// The same for the same bytes.
    let number: Int
    let kind: Kind

    var isSpace: Bool { kind == .space }
    var isWord: Bool { kind == .word }
    var endsLine: Bool { kind == .lineEnd }
  }

  private struct Vocabulary {
    private var numbers: [[UInt8]: Int] = [:]

    /// Letters and digits together, spaces together, anything else alone.
    mutating func words(of text: Substring) -> [Word] {
      var words: [Word] = []
      let scalars = text.unicodeScalars
      var index = scalars.startIndex
      var offset = 0
      while index < scalars.endIndex {
        let kind = Kind(scalars[index])
        var end = scalars.index(after: index)
        var count = 1
        while kind == .word || kind == .space, end < scalars.endIndex, Kind(scalars[end]) == kind {
          end = scalars.index(after: end)
          count += 1
        }
        let word = Substring(scalars[index..<end])
        words.append(
          Word(
            start: offset, count: count, text: word, number: number(Array(word.utf8)),
            kind: kind))
        index = end
        offset += count
      }
      return words
    }

    private mutating func number(_ key: [UInt8]) -> Int {
      if let number = numbers[key] { return number }
      numbers[key] = numbers.count
      return numbers.count - 1
    }
  }

  enum Kind {
    case word, space, lineEnd, other

    init(_ scalar: Unicode.Scalar) {
      if scalar == "\n" {
        self = .lineEnd
        return
      }
      let properties = scalar.properties
      switch properties.generalCategory {
      case .nonspacingMark, .spacingMark, .enclosingMark, .decimalNumber: self = .word
      default:
        self = properties.isWhitespace ? .space : properties.isAlphabetic ? .word : .other
      }
    }
  }

  /// Which words stay, as pairs of places, ascending in both. Lines first: they are few, and a paragraph that
  /// stays must not be taken apart. Then the words between the lines that stay.
  private static func keptWords(
    _ before: [Word], _ oldRange: Range<Int>, _ after: [Word], _ newRange: Range<Int>
  ) -> [(Int, Int)] {
    let oldLines = lines(before, oldRange)
    let newLines = lines(after, newRange)
    var numbers: [[Int]: Int] = [:]
    func number(_ line: ArraySlice<Word>) -> Int {
      let key = line.map(\.number)
      numbers[key] = numbers[key] ?? numbers.count
      return numbers[key]!
    }
    let sameLines = common(
      oldLines.map { number(before[$0]) }, newLines.map { number(after[$0]) })
    var kept: [(Int, Int)] = []
    var (oldEnd, newEnd) = (oldRange.lowerBound, newRange.lowerBound)
    func keepWords(upTo old: Int, _ new: Int) {
      kept += common(before[oldEnd..<old].map(\.number), after[newEnd..<new].map(\.number))
        .map { ($0 + oldEnd, $1 + newEnd) }
    }
    for (old, new) in sameLines {
      let (oldLine, newLine) = (oldLines[old], newLines[new])
      keepWords(upTo: oldLine.lowerBound, newLine.lowerBound)
      kept += zip(oldLine, newLine).map { ($0, $1) }
      (oldEnd, newEnd) = (oldLine.upperBound, newLine.upperBound)
    }
    keepWords(upTo: oldRange.upperBound, newRange.upperBound)
    let inPlace = wordsKeptInPlace(before, after)
      .filter { oldRange.contains($0.0) && newRange.contains($0.1) }
    return inPlace.count > kept.count ? inPlace : kept
  }

  /// The same where there are as many lines as before, each held against the one in its place. Of lines that are the same others
  /// may have been taken for those that stay; then these are more words.
  private static func wordsKeptInPlace(_ before: [Word], _ after: [Word]) -> [(Int, Int)] {
    let (oldLines, newLines) = (lines(before, before.indices), lines(after, after.indices))
    guard oldLines.count == newLines.count else { return [] }
    return zip(oldLines, newLines).flatMap { old, new in
      common(before[old].map(\.number), after[new].map(\.number))
        .map { ($0 + old.lowerBound, $1 + new.lowerBound) }
    }
  }

  /// Ranges of words, each up to and with its line end.
  private static func lines(_ words: [Word], _ range: Range<Int>) -> [Range<Int>] {
    var lines: [Range<Int>] = []
    var start = range.lowerBound
    for index in range where words[index].endsLine {
      lines.append(start..<index + 1)
      start = index + 1
    }
    if start < range.upperBound { lines.append(start..<range.upperBound) }
    return lines
  }

  /// How many differences are looked for before two stretches count as wholly different.
  private static let patience = 1000

  /// A longest common subsequence, by Myers' greedy algorithm ("An O(ND) difference algorithm", 1986); none
  /// when there are too many differences.
  static func common(_ old: [Int], _ new: [Int]) -> [(Int, Int)] {
    guard !old.isEmpty, !new.isEmpty else { return [] }
    let limit = min(old.count + new.count, patience)
    let middle = limit + 1
    // The furthest place in `old` on each diagonal.
    var furthest = [Int](repeating: 0, count: 2 * limit + 3)
    var history: [ArraySlice<Int>] = []
    for differences in 0...limit {
      history.append(furthest[(middle - differences - 1)...(middle + differences + 1)])
      for diagonal in stride(from: -differences, through: differences, by: 2) {
        let isDown =
          diagonal == -differences
          || (diagonal != differences
            && furthest[middle + diagonal - 1] < furthest[middle + diagonal + 1])
        var x = isDown ? furthest[middle + diagonal + 1] : furthest[middle + diagonal - 1] + 1
        while x < old.count, x - diagonal < new.count, old[x] == new[x - diagonal] { x += 1 }
        furthest[middle + diagonal] = x
        if x >= old.count, x - diagonal >= new.count {
          return wayBack(history, middle, old.count, new.count)
        }
      }
    }
    return []
  }

  private static func wayBack(
    _ history: [ArraySlice<Int>], _ middle: Int, _ oldCount: Int, _ newCount: Int
  ) -> [(Int, Int)] {
    var pairs: [(Int, Int)] = []
    var (x, y) = (oldCount, newCount)
    for (differences, furthest) in history.enumerated().reversed() {
      let diagonal = x - y
      let isDown =
        diagonal == -differences
        || (diagonal != differences
          && furthest[middle + diagonal - 1] < furthest[middle + diagonal + 1])
      let before = isDown ? diagonal + 1 : diagonal - 1
      let beforeX = differences == 0 ? 0 : furthest[middle + before]
      let start = differences == 0 ? 0 : isDown ? beforeX : beforeX + 1
      while x > start {
        (x, y) = (x - 1, y - 1)
        pairs.append((x, y))
      }
      (x, y) = (beforeX, beforeX - before)
    }
    return pairs.reversed()
  }

  /// What lies between the words that stay. Spaces alone do not hold two changes apart: a phrase that was
  /// rewritten is one change.
  private static func stretches(
    between kept: [(Int, Int)], _ before: [Word], _ oldRange: Range<Int>, _ after: [Word],
    _ newRange: Range<Int>
  ) -> [Stretch] {
    var stretches: [Stretch] = []
    var (old, new) = (oldRange.lowerBound, newRange.lowerBound)
    for (keptOld, keptNew) in kept + [(oldRange.upperBound, newRange.upperBound)] {
      if keptOld > old || keptNew > new {
        if let last = stretches.last, before[last.old.upperBound..<old].allSatisfy(\.isSpace) {
          stretches[stretches.count - 1].old = last.old.lowerBound..<keptOld
          stretches[stretches.count - 1].new = last.new.lowerBound..<keptNew
        } else {
          stretches.append((old..<keptOld, new..<keptNew))
        }
      }
      (old, new) = (keptOld + 1, keptNew + 1)
    }
    return stretches
  }
}
