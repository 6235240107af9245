import ChangeLog
import ReplicaStore
import Testing

/// Taking commands back: the inverse is a changeset like any other.
@Suite struct ReplicaUndoTests {
  private let note = EntityID(high: 1, low: 1)
  private let ann: TestReplica
  private let ben: TestReplica

  init() throws {
    ann = try TestReplica(1)
    ben = try TestReplica(2)
  }

  private func exchange() throws {
    try ann.replica.receive(ben.log())
    try ben.replica.receive(ann.log())
    #expect(try ann.picture() == ben.picture())
    #expect(try ann.replica.deviations() == [])
  }

  private func isDeleted(_ entity: EntityID) throws -> Bool? {
    try ann.replica.state(of: entity)?.isDeleted
  }

  @Test func undoOfACreationDeletesTheRecordAndUndoOfThatBringsItBack() throws {
    let creation = try ann.commit(
      Operation(entity: note, kind: 1, .put(1, .text("title"), replacing: [])),
      Operation(entity: note, kind: 1, .add(3, .text("topic"))))
    let undo = try #require(try ann.undo(creation).undo)
    #expect(undo.body.undoes == creation.changeset.id)
    #expect(undo.body.operations.count == 1)
    #expect(try isDeleted(note) == true)
    try exchange()
    try ann.undo(undo)
    #expect(try isDeleted(note) == false)
    #expect(try ann.values(1, of: note) == [.text("title")])
    #expect(try ann.values(3, of: note) == [.text("topic")])
    try exchange()
  }

  @Test func undoOfAnUndoneUndoDeletesAgain() throws {
    let creation = try ann.put(1, .text("title"), on: note)
    let undo = try #require(try ann.undo(creation).undo)
    let redo = try #require(try ann.undo(undo).undo)
    try ann.undo(redo)
    #expect(try isDeleted(note) == true)
    try exchange()
  }

  @Test func undoOfAPutGivesTheFormerValueBack() throws {
    try ann.put(1, .text("old"), on: note)
    let edit = try ann.put(1, .text("new"), on: note)
    let undo = try #require(try ann.undo(edit).undo)
    #expect(try ann.values(1, of: note) == [.text("old")])
    try ann.undo(undo)
    #expect(try ann.values(1, of: note) == [.text("new")])
    try exchange()
  }

  @Test func undoOfAFirstPutEmptiesTheField() throws {
    try ann.put(1, .text("title"), on: note)
    let edit = try ann.put(2, .text("body"), on: note)
    try ann.undo(edit)
    #expect(try ann.values(2, of: note) == [.null])
    #expect(try isDeleted(note) == false)
  }

  @Test func undoOfASettlementBringsTheSiblingsBack() throws {
    try ann.put(1, .text("Ann's"), on: note)
    ben.wall += 1000
    try ben.put(1, .text("Ben's"), on: note)
    try exchange()
    let settlement = try ann.put(1, .text("settled"), on: note)
    try ann.undo(settlement)
    try exchange()
    #expect(try ben.values(1, of: note) == [.text("Ann's"), .text("Ben's")])
    #expect(try ben.picture().review == ["\(note) 1"])
  }

  @Test func undoOfARedoneDeletionBringsTheRecordBack() throws {
    try ann.put(1, .text("title"), on: note)
    let deletion = try ann.delete(note)
    let undo = try #require(try ann.undo(deletion).undo)
    try ann.undo(undo)
    #expect(try isDeleted(note) == true)
    // As the last command in force, not the redo that brought it.
    let again = try ann.undo(deletion)
    #expect(again.undo != nil && again.skipped.isEmpty)
    #expect(try isDeleted(note) == false)
    try exchange()
  }

  /// A command that put two values into one field, and what comes after it.
  @Test func undoOfSiblingsBringsBackWhatWasThereAndRedoTheSiblings() throws {
    let former = try ann.put(1, .text("T"), on: note)
    let id = ChangeID(
      writer: former.changeset.header.writer, sequence: former.changeset.header.sequence, index: 0)
    let both = try ann.commit(
      Operation(entity: note, kind: 1, .put(1, .text("A"), replacing: [id])),
      Operation(entity: note, kind: 1, .put(1, .text("B"), replacing: [])))
    #expect(try ann.values(1, of: note).count == 2)
    let undo = try #require(try ann.undo(both).undo)
    #expect(try ann.values(1, of: note) == [.text("T")])
    let redo = try #require(try ann.undo(undo).undo)
    #expect(try Set(ann.values(1, of: note)) == [.text("A"), .text("B")])
    try ann.undo(redo)
    #expect(try ann.values(1, of: note) == [.text("T")])
    try exchange()
  }

  @Test func undoOfAnAdditionRemovesItAndUndoOfARemovalAddsItAgain() throws {
    try ann.put(1, .text("title"), on: note)
    let addition = try ann.add(3, .text("a"), on: note)
    try ann.add(3, .text("b"), on: note)
    try ann.undo(addition)
    #expect(try ann.values(3, of: note) == [.text("b")])
    let removal = try ann.remove(3, .text("b"), from: note)
    #expect(try ann.values(3, of: note) == [])
    let undo = try #require(try ann.undo(removal).undo)
    #expect(try ann.values(3, of: note) == [.text("b")])
    try ann.undo(undo)
    #expect(try ann.values(3, of: note) == [])
    try exchange()
  }

  @Test func undoOfADeletionBringsTheRecordBack() throws {
    try ann.put(1, .text("title"), on: note)
    let deletion = try ann.delete(note)
    try exchange()
    let undo = try #require(try ann.undo(deletion).undo)
    #expect(try isDeleted(note) == false)
    try exchange()
    try ann.undo(undo)
    #expect(try isDeleted(note) == true)
    try exchange()
  }

  @Test func undoLeavesAloneWhatWasChangedSince() throws {
    try ann.put(1, .text("old"), on: note)
    try ann.put(2, .text("body"), on: note)
    let edit = try ann.commit(
      Operation(
        entity: note, kind: 1,
        .put(
          1, .text("new"), replacing: try ann.replica.state(of: note)![1]!.alive.flatMap(\.changes))
      ),
      Operation(
        entity: note, kind: 1,
        .put(
          2, .text("new body"),
          replacing: try ann.replica.state(of: note)![2]!.alive.flatMap(\.changes)))
    )
    try exchange()
    try ben.put(1, .text("Ben's"), on: note)
    try exchange()
    #expect(try ann.undo(edit).skipped == [note])
    #expect(try ann.values(1, of: note) == [.text("Ben's")])
    #expect(try ann.values(2, of: note) == [.text("body")])
    try exchange()
  }

  @Test func undoOfAnEditDoesNotBringBackARecordThatWasDeletedSince() throws {
    try ann.put(1, .text("old"), on: note)
    let edit = try ann.put(1, .text("new"), on: note)
    let addition = try ann.add(3, .text("topic"), on: note)
    try exchange()
    try ben.delete(note)
    try exchange()
    for command in [edit, addition] {
      let (undo, skipped) = try ann.undo(command)
      #expect(undo == nil)
      #expect(skipped == [note])
    }
    #expect(try isDeleted(note) == true)
    #expect(try ann.replica.review().isEmpty)
  }

  @Test func undoOfARestorationDoesNotDeleteWhatWasWrittenSince() throws {
    try ann.put(1, .text("words"), on: note)
    let deletion = try ann.delete(note)
    let restoration = try #require(try ann.undo(deletion).undo)
    try exchange()
    try ben.put(1, .text("newer words"), on: note)
    try exchange()
    let (undo, skipped) = try ann.undo(restoration)
    #expect(undo == nil)
    #expect(skipped == [note])
    #expect(try isDeleted(note) == false)
    #expect(try ann.values(1, of: note) == [.text("newer words")])
  }

  @Test func undoOfACreationThatSomebodyEditedSinceLeavesItWhole() throws {
    let creation = try ann.commit(
      Operation(entity: note, kind: 1, .put(1, .text("title"), replacing: [])),
      Operation(entity: note, kind: 1, .put(2, .text("body"), replacing: [])))
    try exchange()
    try ben.put(1, .text("Ben's"), on: note)
    try exchange()
    #expect(try ann.undo(creation).skipped == [note])
    #expect(try isDeleted(note) == false)
    #expect(try ann.values(1, of: note) == [.text("Ben's")])
    #expect(try ann.values(2, of: note) == [.text("body")])
    try exchange()
  }

  @Test func undoOfACreationAndAnUnseenEditEndInReview() throws {
    let creation = try ann.put(1, .text("title"), on: note)
    try exchange()
    try ann.undo(creation)
    try ben.put(2, .text("body"), on: note)
    try exchange()
    #expect(try ann.picture().review == ["\(note) deleted"])
  }

  @Test func undoOfACommandOfSeveralPartsDeletesWhatTheyMadeTogether() throws {
    let long = String(repeating: "x", count: 500_000)
    let other = EntityID(high: 2, low: 2)
    let last = try ann.commit(
      Operation(entity: note, kind: 1, .put(1, .text(long), replacing: [])),
      Operation(entity: note, kind: 1, .put(2, .text(long), replacing: [])),
      Operation(entity: other, kind: 1, .put(1, .text("other"), replacing: [])))
    #expect(try ann.log().count == 2)
    let undo = try #require(try ann.undo(last).undo)
    #expect(undo.body.operations.map(\.entity) == [other, note])
    #expect(try isDeleted(note) == true)
    #expect(try isDeleted(other) == true)
    try ann.undo(undo)
    #expect(try isDeleted(note) == false)
    #expect(try ann.values(2, of: note) == [.text(long)])
    try exchange()
  }
}
