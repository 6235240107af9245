internal import ChangeLog

/// What may leave the house. A note leaves only by its rule of attribution; what the team keeps for itself stays.
public struct Clearance {
  /// What leaves, with the ways between it.
  public let graph: RecordGraph
  /// How much stays, and why. The most first.
  public let left: [(count: Int, what: String)]

  /// Notes leave under the rules `record` (as they are), `background` and `chatham` (without who said or wrote them).
  /// Notes without a rule, lines to take, off the record, tasks that come from no dialogue, discrepancies, devices and
  /// remarks of the team stay.
  public init(_ whole: RecordGraph) {
    var counts: [String: Int] = [:]
    var cleared: [Record] = []
    var stay: Set<EntityID> = []
    for record in Kind.allCases.flatMap({ whole.all($0) }) {
      if let reason = Self.reasonToStay(record) {
        if record.kind != .device { counts[reason, default: 0] += 1 }
        stay.insert(record.id)
      } else {
        cleared.append(Self.withoutOwnWords(record))
      }
    }
    // Whoever is told that a record stands behind another one would be told its words.
    graph = RecordGraph(cleared.map { Self.without(stay, in: $0) })
    left = counts.map { (count: $0.value, what: $0.key) }
      .sorted { ($1.count, $0.what) < ($0.count, $1.what) }
  }

  /// "left out: off the record (3), lines to take (2)"; nil when nothing stays.
  public var summary: String? {
    guard !left.isEmpty else { return nil }
    return "left out: " + left.map { "\($0.what) (\($0.count))" }.joined(separator: ", ")
  }

  private static func reasonToStay(_ record: Record) -> String? {
    switch record.kind {
    case .note:
      if record.text(.kind) == "line" { return "lines to take" }
      switch record.text(.rule) {
      case "record", "background", "chatham": return nil
      case "off": return "off the record"
      case nil: return "notes without a rule"
      case let rule?: return "notes under the rule \"\(rule)\""
      }
    case .action:
      let isAgreed = record.reference(.actionDialogue) != nil || record.reference(.from) != nil
      return isAgreed ? nil : "tasks of our own"
    case .discrepancy: return "discrepancies"
    case .device: return "devices"
    default: return nil
    }
  }

  private static func without(_ ids: Set<EntityID>, in record: Record) -> Record {
    var record = record
    record.values = record.values.mapValues { values in
      values.filter { ids.isDisjoint(with: $0.entities) }
    }.filter { !$0.value.isEmpty }
    return record
  }

  private static func withoutOwnWords(_ record: Record) -> Record {
    var record = record
    record.values[Field.remark.number] = nil
    record.values[Field.imported.number] = nil
    guard record.kind == .note, record.text(.rule) != "record" else { return record }
    record.values[Field.speaker.number] = nil
    record.values[Field.author.number] = nil
    record.values[Field.about.number] = nil
    record.values[Field.sources.number] = nil
    return record
  }
}
