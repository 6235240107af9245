import ChangeLog
import DossierModel
import DossierStore
import ReplicaStore
import Testing

/// Two records that are one: a party spelled twice, a meeting entered on two machines.
@Suite struct MergingTests {
  @Test func whatNamedTheOneNamesTheOtherAndAllOfItCanBeTakenBack() throws {
    let workspace = WorkspaceID(high: 1, low: 1)
    let ann = try TestStore(seed: 1, workspace: workspace)
    let bob = try TestStore(seed: 2, workspace: workspace)
    let one = try ann.make(
      .party, [(.name, .text("Japon")), (.slug, .text("japon")), (.remark, .text("a remark"))])
    let other = try bob.make(
      .party, [(.name, .text("Japan")), (.slug, .text("japan")), (.acronym, .text("JP"))])
    let note = try ann.make(.note, [(.noteText, .text("words")), (.speaker, .entity(one))])
    let dialogue = try ann.make(
      .dialogue,
      [(.name, .text("D")), (.participants, .list([.entity(one), .null, .text("present")]))])
    try ann.send(to: bob)
    try bob.send(to: ann)
    let before = try ann.store.exportRecords()

    let report = try ann.store.merge(one, into: other)
    #expect(report.moved == 2)
    #expect(try ann.store.record(note)?.reference(.speaker) == other)
    #expect(try ann.store.record(dialogue)?.parts(.participants).first?.reference("party") == other)
    let merged = try #require(try ann.store.record(other))
    #expect(merged.text(.name) == "Japan" && merged.text(.remark) == "a remark")
    #expect(merged.texts(.aliases) == ["Japon"] && merged.texts(.formerSlugs) == ["japon"])
    #expect(try ann.store.find("japon").id == other)
    #expect(try ann.titles(.party) == ["Japan"])
    try ann.send(to: bob)
    #expect(try bob.store.exportRecords() == ann.store.exportRecords())

    // After the sync, with a colleague's work on top.
    try bob.put(.acronym, .text("JPN"), on: other)
    try bob.send(to: ann)
    _ = try ann.store.undo()
    try ann.send(to: bob)
    for store in [ann.store, bob.store] {
      #expect(try store.record(note)?.reference(.speaker) == one)
      #expect(try store.find("japon").id == one)
      #expect(try store.record(other)?.text(.acronym) == "JPN")
      #expect(try store.record(other)?.texts(.aliases) == [])
      #expect(try store.replica.deviations().isEmpty)
    }
    try bob.put(.acronym, .text("JP"), on: other)
    #expect(try bob.store.exportRecords() == before)
  }
}
