import ChangeLog
import DossierModel
import DossierStore
import ReplicaStore
import Testing

@Suite struct RecordTests {
  @Test func aRecordIsFoundByIdSlugNameAcronymAliasAndCode() throws {
    let test = try TestStore()
    let id = try test.make(
      .party,
      [
        (.name, .text("Côte d’Ivoire")), (.slug, .text("cote-d-ivoire")), (.acronym, .text("CIV")),
        (.aliases, .text("Ivory Coast")), (.codes, .list([.text("iso2"), .text("CI")])),
      ])
    let short = ShortID.text(id, .party)
    for name in [
      short, short.uppercased(), ShortID.full(id, .party), "cote-d-ivoire", "cote d'ivoire", "civ",
      "IVORY COAST", "ci",
    ] {
      #expect(try test.store.find(name).id == id, "\(name)")
    }
  }

  @Test func anAmbiguousPrefixNamesItsCandidates() throws {
    let test = try TestStore()
    for number in 0..<40 { try test.make(.note, [(.noteText, .text("note \(number)"))]) }
    let ids = try test.store.ids(ListQuery(.note))
    let firsts = Dictionary(grouping: ids) { ShortID.random(of: $0).prefix(1) }
    let (prefix, members) = try #require(firsts.first { $0.value.count > 1 })
    // One letter is too short to be an id at all; two letters may already be unique.
    #expect(throws: StoreError.self) { try test.store.find("n-\(prefix)") }
    #expect(members.count > 1)
  }

  @Test func anUnknownNameIsAnsweredWithTheClosest() throws {
    let test = try TestStore()
    let id = try test.make(
      .partnership, [(.name, .text("EU-Japan Digital Partnership")), (.slug, .text("eu-jp-dp"))])
    #expect {
      try test.store.find("eu-jpn-dp", [.partnership])
    } throws: { error in
      guard case StoreError.noSuchRecord("eu-jpn-dp", [.partnership], let closest) = error else {
        return false
      }
      return closest.map(\.id) == [id]
    }
  }

  @Test func twoRecordsMadeOfflineWithOneSlugBothLiveOn() throws {
    let workspace = WorkspaceID(high: 1, low: 1)
    let ann = try TestStore(seed: 1, workspace: workspace)
    let bob = try TestStore(seed: 2, workspace: workspace)
    let first = try ann.make(.party, [(.name, .text("Japan")), (.slug, .text("japan"))])
    let second = try bob.make(.party, [(.name, .text("Japan (Tokyo)")), (.slug, .text("japan"))])
    try ann.send(to: bob)
    try bob.send(to: ann)
    let (low, high) = first < second ? (first, second) : (second, first)
    for store in [ann.store, bob.store] {
      // The slug alone does not say which; both are named, and each answers.
      #expect {
        try store.find("japan")
      } throws: { error in
        guard case StoreError.ambiguous("japan", let candidates) = error else { return false }
        return candidates.map(\.id) == [low, high]
      }
      #expect(try store.find("japan~1").id == low)
      #expect(try store.find("japan~2").id == high)
      #expect(try store.found(high)?.slug == "japan~2")
    }
  }

  /// Whoever is noted as present a second time does not disappear.
  @Test func whatOneCommandTakesOutAndPutsInAgainIsThere() throws {
    let test = try TestStore()
    let note = try test.make(.party, [(.name, .text("P"))])
    for _ in 0..<2 {
      try test.store.write("alias") { draft in
        try draft.remove(.aliases, .text("x"), from: note)
        try draft.add(.aliases, .text("x"), on: note)
      }
      #expect(try test.store.record(note)?.texts(.aliases) == ["x"])
    }
  }

  @Test func aDeletedParentStaysVisibleAsLongAsALiveRecordBelongsToIt() throws {
    let test = try TestStore()
    let partnership = try test.make(.partnership, [(.name, .text("P"))])
    let dialogue = try test.make(
      .dialogue, [(.name, .text("D")), (.partnerships, .entity(partnership))])
    let note = try test.make(
      .note, [(.noteText, .text("words")), (.noteDialogue, .entity(dialogue))])
    try test.store.write("rm") { draft in
      try draft.delete(partnership)
      try draft.delete(dialogue)
    }
    #expect(try test.titles(.dialogue) == ["D"])
    #expect(try test.titles(.partnership) == ["P"])
    try test.store.write("rm") { try $0.delete(note) }
    #expect(try test.titles(.dialogue) == [])
    #expect(try test.titles(.partnership) == [])
    try test.store.write("restore") { try $0.restore(note) }
    #expect(try test.titles(.partnership) == ["P"])
    #expect(try test.store.tablesFollowFromLog())
  }

  @Test func anEditNobodyHadSeenBringsADeletedRecordBack() throws {
    let workspace = WorkspaceID(high: 1, low: 1)
    let ann = try TestStore(seed: 1, workspace: workspace)
    let bob = try TestStore(seed: 2, workspace: workspace)
    let note = try ann.make(.note, [(.noteText, .text("one"))])
    try ann.send(to: bob)
    try ann.store.write("rm") { try $0.delete(note) }
    try bob.put(.noteText, .text("two"), on: note)
    try ann.send(to: bob)
    try bob.send(to: ann)
    for store in [ann.store, bob.store] {
      #expect(try store.records(ListQuery(.note)).map(\.title) == ["two"])
      #expect(try store.replica.review().map(\.entity) == [note])
    }
    try ann.store.write("review") { try $0.restore(note) }
    try ann.send(to: bob)
    #expect(try bob.store.replica.review().isEmpty)
  }

  @Test func editsOfDifferentPlacesOfANoteBecomeOneText() throws {
    let workspace = WorkspaceID(high: 1, low: 1)
    let ann = try TestStore(seed: 1, workspace: workspace)
    let bob = try TestStore(seed: 2, workspace: workspace)
    let note = try ann.make(
      .note, [(.noteText, .text("Opening by the ministers.\n\nNext meeting in autumn."))])
    try ann.send(to: bob)
    try ann.put(
      .noteText, .text("Opening by the two ministers.\n\nNext meeting in autumn."), on: note)
    try bob.put(
      .noteText, .text("Opening by the ministers.\n\nNext meeting in Tokyo in autumn."), on: note)
    try ann.send(to: bob)
    try bob.send(to: ann)
    for store in [ann.store, bob.store] {
      #expect(
        try store.record(note)?.text(.noteText)
          == "Opening by the two ministers.\n\nNext meeting in Tokyo in autumn.")
      #expect(try store.record(note)?.conflicts == [])
      #expect(try store.search("Tokyo").map(\.found.id) == [note])
      #expect(try store.replica.review().isEmpty)
    }
    // Taking one's own edit back leaves the other's.
    _ = try ann.store.undo()
    #expect(
      try ann.store.record(note)?.text(.noteText)
        == "Opening by the ministers.\n\nNext meeting in Tokyo in autumn.")
  }

  @Test func aClashInsideATextShowsBothVersionsUntilSomebodyDecides() throws {
    let workspace = WorkspaceID(high: 1, low: 1)
    let ann = try TestStore(seed: 1, workspace: workspace)
    let bob = try TestStore(seed: 2, workspace: workspace)
    let note = try ann.make(.note, [(.noteText, .text("The draft is due on Monday at noon."))])
    try ann.send(to: bob)
    try ann.put(.noteText, .text("The draft is due on Tuesday at noon."), on: note)
    try bob.put(.noteText, .text("The draft is due on Friday at noon."), on: note)
    try ann.send(to: bob)
    try bob.send(to: ann)
    for store in [ann.store, bob.store] {
      #expect(try store.record(note)?.conflicts == [Field.noteText.number])
      let field = try #require(try store.replica.state(of: note)?[Field.noteText.number])
      let versions = try store.clashingVersions(
        of: field.alive[0], in: field.number, of: note
      ).map(\.text)
      #expect(
        Set(versions) == [
          "The draft is due on Tuesday at noon.", "The draft is due on Friday at noon.",
        ])
    }
    // An edit elsewhere decides nothing; a decision does, on both machines.
    try bob.put(
      .noteText,
      .text(try #require(try bob.store.record(note)?.text(.noteText)) + " Bob brings it."), on: note
    )
    #expect(try bob.store.replica.review().map(\.entity) == [note])
    try bob.store.write("review") {
      try $0.settle(
        .noteText, .text("The draft is due on Friday at noon. Bob brings it."), on: note)
    }
    try bob.send(to: ann)
    for store in [ann.store, bob.store] {
      #expect(try store.replica.review().isEmpty)
      #expect(
        try store.record(note)?.text(.noteText)
          == "The draft is due on Friday at noon. Bob brings it.")
    }
  }

  @Test func bothValuesOfAConcurrentChangeAreFoundBySearch() throws {
    let workspace = WorkspaceID(high: 1, low: 1)
    let ann = try TestStore(seed: 1, workspace: workspace)
    let bob = try TestStore(seed: 2, workspace: workspace)
    let note = try ann.make(.note, [(.noteText, .text("start"))])
    try ann.send(to: bob)
    try ann.put(.noteText, .text("quantum"), on: note)
    try bob.put(.noteText, .text("semiconductors"), on: note)
    try ann.send(to: bob)
    try bob.send(to: ann)
    for store in [ann.store, bob.store] {
      #expect(try store.search("quantum").map(\.found.id) == [note])
      #expect(try store.search("semiconductors").map(\.found.id) == [note])
      #expect(try store.search("start").isEmpty)
      #expect(try store.record(note)?.conflicts == [Field.noteText.number])
    }
  }

  @Test(arguments: [
    ("e-commerce", "ecommerce"), ("ecommerce rules", "e-commerce"),
    ("Réunion à Genève", "reunion geneve"),
    ("EU-Japan", "japan"), ("EU\u{2011}Japan", "eu-japan"), ("part\u{ad}nership", "partnership"),
    ("non\u{a0}paper", "non paper"), ("Œuvre", "œuvre"), ("quote \"this\"", "\"this\""),
  ]) func searchIgnoresCaseAccentsAndHyphens(_ text: String, _ query: String) throws {
    let test = try TestStore()
    let note = try test.make(.note, [(.noteText, .text(text))])
    #expect(try test.store.search(query).map(\.found.id) == [note], "\(query) in \(text)")
  }

  @Test(arguments: [
    "", "\"", "*", "a OR", "NEAR(", "^x", "-", "col:x", "((", "'; DROP TABLE record", "\u{0}",
  ])
  func anySearchIsAnswered(_ query: String) throws {
    let test = try TestStore()
    try test.make(.note, [(.noteText, .text("plain words"))])
    _ = try test.store.search(query)
    #expect(try test.store.search("plain").count == 1)
  }

  /// Two that two people made each other's parent keep each other in sight for no longer than somebody is there.
  @Test func whatIsDeletedInACircleGoesOutOfSightInWhateverOrder() throws {
    let test = try TestStore()
    func pair(_ names: [String]) throws -> [EntityID] {
      let first = try test.make(.partnership, [(.name, .text(Text(names[0])))])
      let second = try test.make(
        .partnership, [(.name, .text(Text(names[1]))), (.partnershipParent, .entity(first))])
      try test.put(.partnershipParent, .entity(second), on: first)
      return [first, second]
    }
    let one = try pair(["A", "B"])
    let below = try test.make(
      .partnership, [(.name, .text("C")), (.partnershipParent, .entity(one[0]))])
    for id in one { try test.store.write("rm") { try $0.delete(id) } }
    #expect(try test.titles(.partnership) == ["A", "B", "C"])
    #expect(try test.store.tablesFollowFromLog())
    try test.store.write("rm") { try $0.delete(below) }
    #expect(try test.titles(.partnership) == [])
    #expect(try test.store.tablesFollowFromLog())
    let two = try pair(["D", "E"])
    try test.store.write("rm") { draft in for id in two { try draft.delete(id) } }
    #expect(try test.titles(.partnership) == [])
    #expect(try test.store.tablesFollowFromLog())
    try test.store.write("restore") { try $0.restore(two[1]) }
    #expect(try test.titles(.partnership) == ["D", "E"])
    #expect(try test.store.tablesFollowFromLog())
  }
}
