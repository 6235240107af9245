import Testing

import class Foundation.ProcessInfo

@testable import ChangeLog

/// Texts that merge: two people edit one note without knowing of each other.
@Suite struct TextTests {
  private static let writers = (1...5).map { WriterID(high: 0, low: UInt64($0)) }

  /// One person's copy of a text.
  private struct Copy {
    let writer: WriterID
    var document: TextDocument
    private(set) var edits: [(id: ChangeID, edit: TextEdit)] = []
    private var known: Set<ChangeID> = []
    private var sequence: UInt64 = 1

    init(_ number: Int, text: String) {
      writer = TextTests.writers[number]
      document = TextDocument(
        id: ChangeID(writer: TextTests.writers[0], sequence: 1, index: 0), field: 1, text: text)
    }

    mutating func write(_ edit: TextEdit) {
      sequence += 1
      take([(ChangeID(writer: writer, sequence: sequence, index: 0), edit)])
    }

    mutating func change(to text: String, settles: Bool = false) {
      write(document.replacement(by: text, settles: settles))
    }

    mutating func take(_ others: [(id: ChangeID, edit: TextEdit)]) {
      for (id, edit) in others where known.insert(id).inserted {
        document.apply(edit, id: id)
        edits.append((id, edit))
      }
    }

    var text: String { document.text }
  }

  /// Both edit at once; the result must be the same on either side.
  private func merge(_ original: String, _ one: String, _ other: String) -> Copy {
    var a = Copy(1, text: original)
    var b = Copy(2, text: original)
    a.change(to: one)
    b.change(to: other)
    let (fromA, fromB) = (a.edits, b.edits)
    a.take(fromB)
    b.take(fromA)
    #expect(a.document == b.document)
    return a
  }

  @Test(arguments: [
    (
      "The council met in Tokyo.\nThe text is open.\n",
      "The council met in Tokyo on Monday.\nThe text is open.\n",
      "The council met in Tokyo.\nThe text is agreed.\n",
      "The council met in Tokyo on Monday.\nThe text is agreed.\n"
    ),
    ("one two three", "zero one two three", "one two three four", "zero one two three four"),
    ("one two three", "one three", "one two three four", "one three four"),
    ("a b", "a b", "", ""),
    ("é 語 👩‍👩‍👧", "é 語 👩‍👩‍👧 x", "y é 語 👩‍👩‍👧", "y é 語 👩‍👩‍👧 x"),
  ])
  func editsOfDifferentPlacesBothLand(
    _ original: String, _ one: String, _ other: String, _ merged: String
  ) {
    let copy = merge(original, one, other)
    #expect(copy.text == merged)
    #expect(copy.document.clashes.isEmpty)
  }

  @Test func bothWordsStayWhereTwoReplacedOneAndItWaitsForReview() throws {
    var copy = merge("due on Monday at noon", "due on Tuesday at noon", "due on Friday at noon")
    #expect(copy.text == "due on Tuesday Friday at noon")
    #expect(copy.document.clashes.count == 1)
    // Both originals can be read.
    let (one, other) = try #require(copy.document.clashes.first)
    #expect(copy.document.text(after: one, seen: []) == "due on Tuesday at noon")
    #expect(copy.document.text(after: other, seen: []) == "due on Friday at noon")
    copy.change(to: "due on Friday at noon", settles: true)
    #expect(copy.text == "due on Friday at noon")
    #expect(copy.document.clashes.isEmpty)
  }

  @Test func wordsWrittenIntoASentenceThatGoesStayAndWaitForReview() {
    let copy = merge(
      "Keep. Japan will send the draft. End.", "Keep. Japan will send the second draft. End.",
      "Keep. End.")
    #expect(copy.text.contains("second"))
    #expect(copy.document.clashes.count == 1)
  }

  @Test func paragraphsThatTwoAppendStayWhole() {
    let copy = merge(
      "Minutes.\n", "Minutes.\nann: first words\nann: second words\n",
      "Minutes.\nbob: other words\nbob: more words\n")
    #expect(
      copy.text
        == "Minutes.\nann: first words\nann: second words\nbob: other words\nbob: more words\n")
    #expect(copy.document.clashes.isEmpty)
  }

  /// Neither has said what that says now.
  @Test(arguments: [
    ("they will sign", "they will not sign", "they will not sign"),
    ("we agree", "we do not agree", "we never agree"), ("q2", "q2 ann", "q2 bob"),
    ("one\nthree\n", "one\nnot three\n", "one\nnever three\n"),
  ])
  func wordsThatTwoWroteAtOnePlaceWaitForReview(_ original: String, _ one: String, _ other: String)
  {
    let copy = merge(original, one, other)
    #expect(copy.document.clashes.count == 1, "\(copy.text)")
  }

  /// Among lines that are the same it is the line that somebody wrote into which is changed, and no other one.
  @Test func wordsInOneOfManyEqualLinesStayInIt() throws {
    let line = "Position reserved\n"
    let original = line + line + line + line + "end"
    let one = "JP: " + line + line + "KR: " + line + line + "end"
    let other = "Position reserved agreed\n" + line + line + line + "end"
    #expect(
      TextDiff(from: original, to: one).changes.map(\.inserted) == ["JP: ", "KR: "])
    #expect(
      merge(original, one, other).text
        == "JP: Position reserved agreed\n" + line + "KR: " + line + line + "end")
    let both = merge(original, one, "JP: " + line + line + line + line + "end")
    #expect(both.document.clashes.count == 1, "\(both.text)")
    let apart = merge(
      original, line + line + "third " + line + line + "end",
      line + line + line + "fourth " + line + "end")
    #expect(apart.text == line + line + "third " + line + "fourth " + line + "end")
  }

  @Test func linesThatTwoPutBetweenTwoOthersDoNot() {
    let copy = merge("one\nthree\n", "one\ntwo\nthree\n", "one\n2\nthree\n")
    #expect(copy.document.clashes.isEmpty)
    #expect(["one\ntwo\n2\nthree\n", "one\n2\ntwo\nthree\n"].contains(copy.text))
  }

  /// So many places that nobody could have meant each: it is written anew, and no reader has to look for them.
  @Test func anEditOfTooManyPlacesIsNone() throws {
    let words = (0..<5000).map { "w\($0) same\n" }.joined()
    let copy = Copy(1, text: words)
    let all = copy.document.edit(to: words.replacing("same", with: "other"))
    #expect(all.map(\.places) ?? 0 <= TextEdit.maximumPlaces)
    #expect(copy.document.edit(to: words.replacing("w1 ", with: "x ")) != nil)
    var author = try Author(key: DeviceKey(seed: Array(0..<32)), salt: 1)
    let id = ChangeID(writer: author.writer, sequence: 1, index: 0)
    let hunks = (0...TextEdit.maximumPlaces / 2).map {
      TextEdit.Hunk(
        left: nil, right: nil,
        removed: [
          TextEdit.CharacterRange(start: CharacterID(change: id, offset: 2 * $0), count: 1)
        ], inserted: Text(""))
    }
    let edit = Operation(
      entity: EntityID(high: 1, low: 1), kind: 1, .edit(4, TextEdit(text: id, hunks: hunks)))
    let changeset = try author.write([[edit]])[0]
    #expect(throws: FormatError.self) { try changeset.decodedBody() }
  }

  @Test func wordsTypedOneAfterAnotherAtOnePlaceAreNotInterleaved() {
    var a = Copy(1, text: "")
    var b = Copy(2, text: "")
    // Both write backwards, each word before the one before it.
    for word in ["three ", "two ", "one "] { a.change(to: word + a.text) }
    for word in ["C ", "B ", "A "] { b.change(to: word + b.text) }
    a.take(b.edits)
    #expect(["one two three A B C ", "A B C one two three "].contains(a.text))
  }

  @Test func anEditTakenBackLeavesWhatOthersDid() throws {
    var a = Copy(1, text: "one two three")
    a.change(to: "one 2 three")
    let edit = try #require(a.edits.last).id
    var b = Copy(2, text: "one two three")
    b.take(a.edits)
    b.change(to: "one 2 three four")
    a.take(b.edits)
    a.write(a.document.cancel(edit))
    #expect(a.text == "one two three four")
    #expect(!a.document.isEffective(edit))
    // And done again.
    a.write(a.document.cancel(try #require(a.edits.last).id))
    #expect(a.text == "one 2 three four")
  }

  @Test(arguments: [
    ("", ""), ("", "new"), ("old", ""), ("same", "same"), ("a b c", "a x c"),
    ("one\ntwo\nthree\n", "one\nthree\n"), ("one\n", "one\ntwo\n"), ("ab", "ba"),
    ("e\u{301}", "é"), ("a  b", "a b"), ("x", "\n\n\n"),
  ])
  func anEditMakesTheOneTextIntoTheOther(_ old: String, _ new: String) {
    var copy = Copy(1, text: old)
    copy.change(to: new)
    #expect(copy.text.utf8.elementsEqual(new.utf8))
  }

  @Test func aDiffKeepsWhatStaysAndTakesARewrittenPhraseAsOne() {
    func changes(_ old: String, _ new: String) -> [TextDiff.Change] {
      TextDiff(from: old, to: new).changes
    }
    #expect(
      changes("the quick brown fox", "the slow red fox")
        == [TextDiff.Change(removed: 4..<16, inserted: "slow red ")])
    #expect(
      changes("one\ntwo\nthree\nfour\n", "one\n2\nthree\n4\n")
        == [
          TextDiff.Change(removed: 4..<7, inserted: "2"),
          TextDiff.Change(removed: 14..<18, inserted: "4"),
        ])
    let long = (0..<20_000).map { "word\($0)" }.joined(separator: " ")
    #expect(
      changes(long, "first " + long + " last").map(\.inserted) == ["first ", " last"])
  }

  @Test func aTextOfWhichNoWordStaysIsAnotherText() {
    let copy = Copy(1, text: "the old words, all of them")
    #expect(copy.document.edit(to: "new sentence, entirely") == nil)
    #expect(copy.document.edit(to: "") == nil)
    #expect(copy.document.edit(to: "the new words") != nil)
    #expect(copy.document.edit(to: copy.text)?.hunks == [])
  }

  private static let count =
    ProcessInfo.processInfo.environment["TEXTS"].flatMap(UInt64.init) ?? 2000

  /// Random edits by three to five people, exchanged in any order that keeps causes first.
  @Test(arguments: 0..<UInt64(4))
  func everyOrderGivesTheTextTheOracleGives(share: UInt64) throws {
    for seed in stride(from: share, to: Self.count, by: 4) {
      var dice = Dice(seed)
      let original = Self.words(&dice)
      var copies = (1..<3 + dice.below(3)).map { Copy($0, text: original) }
      for _ in 0..<(2 + dice.below(24)) {
        let place = dice.below(copies.count)
        switch dice.below(10) {
        case 0..<5: copies[place].change(to: Self.edited(copies[place].text, &dice))
        case 5 where !copies[place].edits.isEmpty:
          let edit = copies[place].edits.randomElement(using: &dice)!.id
          copies[place].write(copies[place].document.cancel(edit))
        case 6:
          copies[place].write(
            copies[place].document.replacement(by: copies[place].text, settles: true))
        default: Self.deliver(from: copies.randomElement(using: &dice)!, to: &copies[place], &dice)
        }
      }
      for _ in copies {
        for place in copies.indices {
          for other in copies { Self.deliver(from: other, to: &copies[place], &dice, all: true) }
        }
      }
      var oracle = TextOracle(id: copies[0].document.id, text: original)
      for (id, edit) in copies[0].edits { oracle.add(edit, id: id) }
      let text = oracle.text
      let clashes = oracle.clashes
      for copy in copies {
        try #require(copy.document == copies[0].document, "seed \(seed)")
        try #require(copy.text == text, "seed \(seed)")
        try #require(Set(copy.document.clashes.map { [$0, $1] }) == clashes, "seed \(seed)")
      }
    }
  }

  /// What one has and the other lacks, or some of it, in a random order that keeps causes first.
  private static func deliver(
    from source: Copy, to target: inout Copy, _ dice: inout Dice, all: Bool = false
  ) {
    var waiting = source.edits.filter { edit in !target.edits.contains { $0.id == edit.id } }
    if !all { waiting = Array(waiting.prefix(dice.below(waiting.count + 1))) }
    while !waiting.isEmpty {
      let ready = waiting.indices.filter { index in
        let (id, edit) = waiting[index]
        return !waiting.contains { other in
          (other.id.writer == id.writer && other.id < id)
            || edit.seen.contains { $0.writer == other.id.writer && other.id <= $0 }
        }
      }
      let next = ready.randomElement(using: &dice)!
      target.take([waiting.remove(at: next)])
    }
  }

  private static let vocabulary = ["a", "b", "cc", " ", " ", "\n", ".", "é", "語"]

  private static func words(_ dice: inout Dice) -> String {
    (0..<dice.below(9)).map { _ in vocabulary[dice.below(vocabulary.count)] }.joined()
  }

  private static func edited(_ text: String, _ dice: inout Dice) -> String {
    var scalars = Array(text.unicodeScalars)
    for _ in 0...dice.below(2) {
      let start = dice.below(scalars.count + 1)
      let end = min(scalars.count, start + (dice.chance(50) ? dice.below(5) : 0))
      scalars.replaceSubrange(start..<end, with: words(&dice).unicodeScalars.prefix(4))
    }
    return String(String.UnicodeScalarView(scalars))
  }
}
