import ChangeLog
import DossierModel
import DossierStore
import ReplicaStore
import Testing

@Suite struct ImportTests {
  @Test func everyRecordOfTheFixtureIsImportedAndASecondImportChangesNothing() throws {
    let test = try TestStore()
    let bytes = try fixture("digital-diplomacy.jsonl")
    let first = try test.store.importRecords(bytes)
    #expect(first.added == 500)
    let before = try test.store.replica.latest(1000).count
    let second = try test.store.importRecords(bytes)
    #expect((second.added, second.changed, second.unchanged) == (0, 0, 500))
    #expect(try test.store.replica.latest(1000).count == before)
    #expect(try test.store.tablesFollowFromLog())
    #expect(try test.store.replica.deviations().isEmpty)
  }

  @Test func anExportImportedIntoAnEmptyStoreGivesTheSameExport() throws {
    let test = try TestStore()
    _ = try test.store.importRecords(try fixture("digital-diplomacy.jsonl"))
    let export = try test.store.exportRecords()
    let other = try TestStore(seed: 2)
    let report = try other.store.importRecords(Array(export.utf8))
    #expect(report.added == 500)
    #expect(try other.store.exportRecords() == export)
    // What an export says of a store changes nothing in it.
    let again = try test.store.importRecords(Array(export.utf8))
    #expect((again.added, again.changed) == (0, 0))
  }

  @Test func anOldFileDoesNotTakeBackWhatWasEditedSince() throws {
    let test = try TestStore()
    let line = Array(#"{"type":"party","slug":"japan","name":"Japan"}"#.utf8)
    _ = try test.store.importRecords(line)
    let id = try test.store.find("japan").id
    try test.put(.name, .text("Nippon"), on: id)
    _ = try test.store.importRecords(line)
    #expect(try test.store.record(id)?.text(.name) == "Nippon")
  }

  @Test(arguments: [
    (#"{"type":"party","slug":"x","name":1}"#, 1, "name", "a text is expected"),
    (#"{"type":"party","slug":"x","nome":"y"}"#, 1, "nome", "a party has no such field"),
    (#"{"slug":"x"}"#, 1, "type", "every line says"),
    (#"{"type":"parties","slug":"x"}"#, 1, "type", "is none of"),
    (#"{"type":"party"}"#, 1, "id", "needs an id or a slug"),
    (#"{"type":"party","slug":"X y"}"#, 1, "slug", "not made of"),
    (#"{"type":"party","slug":"x","parent":"nobody"}"#, 1, "parent", "no record is called"),
    (#"{"type":"party","slug":"x","slug":"y"}"#, 1, "column 34", "stands here twice"),
    (#"{"type":"party","slug":"x",}"#, 1, "column 28", "a key in quotes"),
    ("\n" + #"{"type":"dialogue","slug":"x","date":"32 May"}"#, 2, "date", "no date in EDTF"),
    (#"{"type":"dialogue","slug":"x","ordinal":1e2}"#, 1, "ordinal", "a whole number"),
    (
      #"{"type":"dialogue","slug":"x","ordinal":9223372036854775808}"#, 1, "ordinal",
      "a whole number"
    ),
    (#"{"type":"party","slug":"x","name":"a\u0000b"}"#, 1, "column 43", "NUL"),
    (#"{"type":"party","slug":"x","name":"\ud800"}"#, 1, "column 42", "half a character"),
    (#"{"type":"party","slug":"x","name":"two\nlines"}"#, 1, "name", "more than one line"),
    (
      #"{"type":"dialogue","slug":"x","date":{"earliest":"2025-02-01","latest":"2025-01-01"}}"#, 1,
      "date", "ends before"
    ),
    (#"[1]"#, 1, "", "one object"),
  ]) func aBadLineNamesLineFieldAndReasonAndNothingIsSaved(
    _ text: String, _ line: Int, _ field: String, _ reason: String
  ) throws {
    let test = try TestStore()
    let good = #"{"type":"party","slug":"good","name":"Good"}"#
    #expect {
      try test.store.importRecords(Array((text + "\n" + good).utf8))
    } throws: { error in
      guard case StoreError.badImport(let problems) = error, let problem = problems.first else {
        return false
      }
      #expect((problem.line, problem.field) == (line, field))
      #expect(problem.reason.contains(reason), "\(problem.reason)")
      return problems.count == 1
    }
    #expect(try test.store.counts().isEmpty)
    let partial = try test.store.importRecords(Array((text + "\n" + good).utf8), partial: true)
    #expect((partial.added, partial.problems.count) == (1, 1))
  }

  @Test func invalidUTF8IsRefused() throws {
    let test = try TestStore()
    var bytes = Array(#"{"type":"party","slug":"x","name":"?"}"#.utf8)
    bytes[bytes.firstIndex(of: UInt8(ascii: "?"))!] = 0xff
    #expect(throws: StoreError.self) { try test.store.importRecords(bytes) }
  }

  @Test func textsKeepTheirBytes() throws {
    let test = try TestStore()
    for text in [
      "e\u{301}", "é", "\u{feff}bom", "a\u{200d}b", "\u{1d11e}",
      String(repeating: "a\u{301}", count: 1000),
    ] {
      let id = try test.make(.note, [(.noteText, .text(text))])
      let kept = try #require(try test.store.record(id)?.text(.noteText))
      #expect(Array(kept.utf8) == Array(text.utf8))
    }
    #expect(try test.titles(.note).count == 6)
  }
}
