import ChangeLog
import DossierModel
import DossierStore
import Testing

/// What may be one thing entered twice is shown, and nothing else.
@Suite struct LookAlikesTests {
  private let store: TestStore

  init() throws { store = try TestStore() }

  private func party(_ name: String, alias: String? = nil) throws -> EntityID {
    let aliases = alias.map { [(Field.aliases, Value.text(Text($0)))] } ?? []
    return try store.make(.party, [(.name, .text(Text(name)))] + aliases)
  }

  private func alike() throws -> [LookAlikes] { try store.store.lookAlikes() }

  @Test(
    arguments: [
      ("Côte d'Ivoire", "Cote d’Ivoire", nil), ("Viet Nam", "VIET-NAM", nil),
      ("Ministry of Transport", "Ministry of Transprt", nil),
      ("Ministry of Transport", "Ministri of Transport", nil),
      ("Republic of Korea", "South Korea", "South Korea"),
      ("South Korea", "Republic of Korea", "republic of korea"),
    ] as [(String, String, String?)])
  func oneParty(_ one: String, _ other: String, alias: String?) throws {
    let first = try party(one, alias: alias)
    let second = try party(other)
    #expect(try alike() == [LookAlikes(first, second)])
  }

  @Test(arguments: [
    ("Working Group 1", "Working Group 2"), ("Niger", "Nigeria"), ("Mali", "Mail"),
    ("Guinea", "Guinea-Bissau"), ("Ministry of Transport", "Ministry of Transport and Roads"),
  ])
  func twoParties(_ one: String, _ other: String) throws {
    _ = try party(one)
    _ = try party(other)
    #expect(try alike().isEmpty)
  }

  @Test func codesTellPartiesApart() throws {
    for (name, code) in [("Iceland", "IS"), ("Ireland", "IE")] {
      _ = try store.make(
        .party,
        [(.name, .text(Text(name))), (.codes, .list([.text("iso2"), .text(Text(code))]))])
    }
    #expect(try alike().isEmpty)
  }

  @Test func oneMeetingEnteredTwice() throws {
    let council = try store.make(.partnership, [(.name, .text("Council"))])
    let day = FuzzyDate(day: Day(year: 2025, month: 5, day: 12)!).value
    func meeting(_ name: String, _ date: Value, in partnership: EntityID) throws -> EntityID {
      try store.make(
        .dialogue,
        [(.name, .text(Text(name))), (.date, date), (.partnerships, .entity(partnership))])
    }
    let first = try meeting("Third Digital Partnership Council", day, in: council)
    let second = try meeting("3rd digital partnership council", day, in: council)
    _ = try meeting("Lunch of the ministers", day, in: council)
    let other = try store.make(.partnership, [(.name, .text("Other"))])
    _ = try meeting("Third Digital Partnership Council", day, in: other)
    #expect(try alike() == [LookAlikes(first, second)])
  }

  @Test func whatIsToldApartIsNotShownAgainOnAnyMachine() throws {
    let workspace = WorkspaceID(high: 1, low: 1)
    let (ann, bob) = (
      try TestStore(seed: 1, workspace: workspace), try TestStore(seed: 2, workspace: workspace)
    )
    let one = try ann.make(.party, [(.name, .text("Congo"))])
    let other = try ann.make(.party, [(.name, .text("Congo"))])
    try ann.send(to: bob)
    #expect(try bob.store.lookAlikes() == [LookAlikes(one, other)])
    try bob.store.keepApart(LookAlikes(other, one))
    try bob.send(to: ann)
    #expect(try ann.store.lookAlikes().isEmpty && bob.store.lookAlikes().isEmpty)
  }
}
