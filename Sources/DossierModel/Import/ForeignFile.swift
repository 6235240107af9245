/// What a file of another program says, as lines of the product's own import format (`schema/import.md`).
public struct ForeignFile: Sendable {
  /// Where a record stands in that file, from 1, and the record.
  public var records: [(line: Int, record: JSON)] = []
  /// What cannot be taken.
  public var problems: [ImportProblem] = []
  /// What was left out on purpose, as a person reads it.
  public var notes: [String] = []

  /// The files, where there are several: then a line is the place of one among them.
  public var names: [String] = []

  public init() {}

  /// The records as a file of the own format: each on a line, in their order.
  public var bytes: [UInt8] { Array(records.map { $0.record.line + "\n" }.joined().utf8) }

  /// A problem of ``bytes`` as one of the file that the person has.
  public func original(_ problem: ImportProblem) -> ImportProblem {
    guard records.indices.contains(problem.line - 1) else { return problem }
    return ImportProblem(
      line: records[problem.line - 1].line, field: problem.field, reason: problem.reason)
  }

  mutating func refuse(_ line: Int, _ field: String, _ reason: String) {
    problems.append(ImportProblem(line: line, field: field, reason: reason))
  }
}

/// What a reader of foreign files must know of the world.
public struct ForeignSurroundings {
  public let dates: DateReader
  /// The full id of the one record that a text names; nil when there is none, or several.
  public let find: (String) throws -> (id: String, kind: Kind)?
  /// The day at this place at a time, in seconds since 1970.
  public let day: (Int) -> Day

  public init(
    dates: DateReader, find: @escaping (String) throws -> (id: String, kind: Kind)?,
    day: @escaping (Int) -> Day
  ) {
    self.dates = dates
    self.find = find
    self.day = day
  }
}

extension FuzzyDate {
  /// As the import format has it.
  var json: JSON {
    if words == edtf, earliest == latest, earliest != nil { return .string(words) }
    var members: [JSON.Member] = [.init("words", .string(words))]
    if let edtf { members.append(.init("edtf", .string(edtf))) }
    if let earliest { members.append(.init("earliest", .string(earliest.description))) }
    if let latest { members.append(.init("latest", .string(latest.description))) }
    if let relativeTo { members.append(.init("relative_to", .string(relativeTo))) }
    return .object(members)
  }
}

/// A time as other programs write it: 20260115T230000Z, or 20260115.
struct BasicTime {
  let day: Day
  /// Seconds since 1970, when it is a time of the whole world.
  let seconds: Int?

  init?(_ text: some StringProtocol) {
    let digits = text.utf8.prefix(8)
    guard digits.count == 8, digits.allSatisfy({ (48...57).contains($0) }),
      let number = Int(String(text.prefix(8))),
      let day = Day(year: number / 10_000, month: number / 100 % 100, day: number % 100)
    else { return nil }
    self.day = day
    let rest = text.dropFirst(8)
    guard !rest.isEmpty else {
      seconds = nil
      return
    }
    let time = rest.dropFirst().prefix(6)
    guard rest.first == "T", time.count == 6, time.utf8.allSatisfy({ (48...57).contains($0) }),
      let clock = Int(String(time)), clock / 10_000 < 24, clock / 100 % 100 < 60,
      ["", "Z"].contains(rest.dropFirst(7))
    else { return nil }
    let inDay = clock / 10_000 * 3600 + clock / 100 % 100 * 60 + min(clock % 100, 59)
    seconds = rest.hasSuffix("Z") ? day.number * 86_400 + inDay : nil
  }

  func day(_ surroundings: ForeignSurroundings) -> Day {
    seconds.map(surroundings.day) ?? day
  }
}
