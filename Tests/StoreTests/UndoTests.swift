import ChangeLog
import DossierModel
import DossierStore
import ReplicaStore
import Testing

@Suite struct UndoTests {
  @Test func undoTakesBackOneCommandAfterAnotherAndRedoBringsTheLastBack() throws {
    let test = try TestStore()
    let note = try test.make(.note, [(.noteText, .text("one"))])
    try test.put(.noteText, .text("two"), on: note)
    try test.put(.noteText, .text("three"), on: note)
    func text() throws -> String? { try test.store.record(note)?.text(.noteText) }
    _ = try test.store.undo()
    #expect(try text() == "two")
    _ = try test.store.undo()
    #expect(try text() == "one")
    _ = try test.store.redo()
    #expect(try text() == "two")
    _ = try test.store.undo()
    #expect(try text() == "one")
    _ = try test.store.undo()
    #expect(try test.titles(.note) == [])
    #expect(try test.store.undo()?.intent == nil)
    #expect(try test.store.replica.deviations().isEmpty)
  }

  @Test func redoIsRefusedOnceSomethingWasWritten() throws {
    let test = try TestStore()
    try test.make(.note, [(.noteText, .text("one"))])
    _ = try test.store.undo()
    try test.make(.note, [(.noteText, .text("other"))])
    #expect(try test.store.redo()?.intent == nil)
  }

  @Test func undoOfAnImportInSeveralPartsLeavesNoEmptyRecords() throws {
    let test = try TestStore()
    let words = String(repeating: "words ", count: 20_000)
    // A record of its own in every part, and one whose fields fall into two.
    let lines = (0..<9).map { number in
      #"{"type":"note","id":"n\#(number)","kind":"note","text":"\#(words)","remark":"\#(words)"}"#
    }
    _ = try test.store.importRecords(Array(lines.joined(separator: "\n").utf8))
    #expect(try test.store.replica.latest(2).first?.changeset.header.sequence ?? 0 > 1)
    #expect(try test.titles(.note).count == 9)
    let report = try #require(try test.store.undo())
    #expect(report.skipped.isEmpty)
    #expect(try test.titles(.note) == [])
    _ = try test.store.redo()
    #expect(try test.titles(.note).count == 9)
  }

  /// What a colleague went on with keeps all its fields: half a record is nobody's.
  @Test func undoOfACreationLeavesARecordThatAColleagueWentOnWith() throws {
    let workspace = WorkspaceID(high: 1, low: 1)
    let ann = try TestStore(seed: 1, workspace: workspace)
    let bob = try TestStore(seed: 2, workspace: workspace)
    let note = try ann.make(
      .note, [(.noteText, .text("budget line")), (.kind, .text("decision"))])
    try ann.send(to: bob)
    try bob.put(.noteText, .text("budget line: 3 million"), on: note)
    try bob.send(to: ann)
    let report = try #require(try ann.store.undo())
    #expect(report.count == 0)
    #expect(report.skipped.map(\.id) == [note])
    let record = try #require(try ann.store.record(note))
    #expect(record.text(.noteText) == "budget line: 3 million")
    #expect(record.text(.kind) == "decision")
  }

  @Test func undoLeavesWhatAColleagueChangedSince() throws {
    let workspace = WorkspaceID(high: 1, low: 1)
    let ann = try TestStore(seed: 1, workspace: workspace)
    let bob = try TestStore(seed: 2, workspace: workspace)
    let note = try ann.make(.note, [(.noteText, .text("one"))])
    try ann.put(.noteText, .text("two"), on: note)
    try ann.send(to: bob)
    try bob.put(.noteText, .text("bob's words"), on: note)
    try bob.send(to: ann)
    let report = try #require(try ann.store.undo())
    #expect(report.count == 0)
    #expect(report.skipped.map(\.id) == [note])
    #expect(try ann.store.record(note)?.text(.noteText) == "bob's words")
  }
}
