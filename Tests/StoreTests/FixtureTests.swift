import ChangeLog
import DossierModel
import DossierStore
import ReplicaStore
import Testing

/// Every number of `fixtures/digital-diplomacy.expect.json`, counted by queries over an imported store.
@Suite struct FixtureTests {
  let test: TestStore
  let expected: JSON

  init() throws {
    test = try TestStore()
    _ = try test.store.importRecords(try fixture("digital-diplomacy.jsonl"))
    expected = try JSONReader.read(try fixture("digital-diplomacy.expect.json"))
  }

  private func number(_ path: String...) -> Int? {
    var value: JSON? = expected
    for key in path { value = value?[key] }
    guard case .int(let number) = value else { return nil }
    return Int(number)
  }

  /// The numbers of an object of the file.
  private func numbers(_ key: String) -> [String: Int] {
    guard case .object(let members) = expected[key] else { return [:] }
    return Dictionary(
      uniqueKeysWithValues: members.map { member in
        if case .int(let number) = member.value {
          (member.key, Int(number))
        } else {
          (member.key, -1)
        }
      })
  }

  private func all(_ kind: Kind, _ filters: String...) throws -> [Record] {
    let filter = try Filter(filters, dates: DateReader(today: Day("2026-01-01")!))
    return try test.store.records(ListQuery(kind, filter: filter, includesClosed: true))
  }

  @Test func everyKindOfRecordHasItsNumber() throws {
    #expect(
      try test.store.counts().filter { $0.key != .device }.values.reduce(0, +) == number("records"))
    #expect(try all(.party).count == number("parties"))
    #expect(try all(.topic).count == number("topics"))
    #expect(try all(.partnership).count == number("partnerships"))
    #expect(try all(.principle).count == number("principles"))
    #expect(try all(.instrument).count == number("instruments"))
    #expect(try all(.dialogue).count == number("dialogues"))
    #expect(try all(.action).count == number("actions"))
    #expect(try all(.discrepancy).count == number("discrepancies"))
    #expect(try all(.note, "kind:note").count == number("notes"))
    #expect(try all(.note, "kind:statement").count == number("statements"))
    let documents = try all(.document)
    #expect(documents.filter { $0.text(.file) != nil }.count == number("sources"))
    #expect(documents.filter { $0.text(.file) == nil }.count == number("documents"))
    let roles = try all(.role)
    #expect(roles.filter { $0.text(.title) != nil }.count == number("offices"))
    let others = roles.filter { $0.text(.title) == nil }.count
    #expect(try all(.act).count + others == number("memberships"))
  }

  @Test func theEndorsersOfTheDeclarationAreCountedFromTheirActs() throws {
    let endorsed = try all(.act, "act:endorsed", "in:dfi").filter { $0.flag(.listed) }
    let members = try test.store.find("eu-member-states").id
    let parties = try endorsed.compactMap {
      try $0.reference(.actParty).flatMap { try test.store.record($0) }
    }
    let union = parties.filter { $0.references(.memberOf).contains(members) }
    let institutions = parties.filter { $0.text(.kind) == "institution" }
    #expect(endorsed.count == number("listed_endorsers", "all"))
    #expect(union.count == number("listed_endorsers", "eu_members"))
    #expect(institutions.count == number("listed_endorsers", "institutions"))
    #expect(
      endorsed.count - union.count - institutions.count
        == number("listed_endorsers", "other_governments"))
  }

  @Test func actionsAreCountedByTheirDates() throws {
    let actions = try all(.action)
    #expect(actions.filter { $0.date(.due) != nil }.count == number("actions_by_date", "with_due"))
    let openEnded = actions.filter { $0.values[30]?.first == .bool(true) }
    #expect(openEnded.count == number("actions_by_date", "open_ended"))
  }

  @Test func dialoguesAreCountedByWhatIsKnownOfTheirDate() throws {
    var counts: [String: Int] = [:]
    for dialogue in try all(.dialogue) { counts[precision(dialogue), default: 0] += 1 }
    #expect(counts == numbers("dialogues_by_date"))
  }

  /// What sort of date it is, read off its EDTF and bounds.
  private func precision(_ dialogue: Record) -> String {
    guard let date = dialogue.date(.date) else { return "series" }
    guard let edtf = date.edtf else { return date.relativeTo == nil ? "unknown" : "relative" }
    if edtf.contains("/") { return "day range" }
    switch edtf.split(separator: "-").count {
    case 1: return "year"
    case 3: return "day"
    default:
      if edtf.hasSuffix("~") { return "part of month" }
      return edtf.suffix(2) > "12" ? "season" : "month"
    }
  }

  @Test func partnershipsAndPartiesAreCountedByKindAndLevel() throws {
    func count(_ kind: Kind, _ field: Field) throws -> [String: Int] {
      Dictionary(grouping: try all(kind)) { $0.text(field) ?? "" }.mapValues(\.count)
    }
    #expect(try count(.partnership, .kind) == numbers("partnerships_by_kind"))
    #expect(try count(.partnership, .level) == numbers("partnerships_by_level"))
    #expect(try count(.party, .kind) == numbers("parties_by_kind"))
    // The list answers the same as the records.
    #expect(
      try all(.partnership, "kind:portfolio").count == numbers("partnerships_by_kind")["portfolio"])
    #expect(try all(.party, "kind:government").count == numbers("parties_by_kind")["government"])
  }

  @Test func everyRecordSaysWhereItIsFrom() throws {
    for kind in Kind.allCases where kind != .device {
      for record in try all(kind) { #expect(!record.parts(.sources).isEmpty, "\(record.title)") }
    }
  }
}
