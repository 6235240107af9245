public import ChangeLog

/// Records with the ways between them: what pages are made from.
public struct RecordGraph: Sendable {
  private let records: [EntityID: Record]
  private let incoming: [EntityID: [(field: FieldNumber, source: EntityID)]]

  /// - Parameter records: visible ones; references to others read as missing.
  public init(_ records: [Record]) {
    self.records = Dictionary(records.map { ($0.id, $0) }) { first, _ in first }
    var incoming: [EntityID: [(field: FieldNumber, source: EntityID)]] = [:]
    for record in records {
      for (field, target) in record.allReferences {
        incoming[target, default: []].append((field.number, record.id))
      }
    }
    self.incoming = incoming
  }

  /// What a file of imported records amounts to, without a store.
  public init(_ file: ImportFile) {
    self.init(
      file.records.map { imported in
        let pairs = imported.fields.filter { !$0.values.isEmpty }.map {
          ($0.field.number, $0.values)
        }
        return Record(
          id: imported.id, kind: imported.kind, values: Dictionary(pairs) { first, _ in first })
      })
  }

  public subscript(id: EntityID) -> Record? { records[id] }

  /// All records of a kind, by date and then id.
  public func all(_ kind: Kind) -> [Record] {
    records.values.filter { $0.kind == kind }.sorted(by: Self.isOrderedBefore)
  }

  /// The records of a kind that name `id` in a field, by date and then id.
  ///
  /// - Parameter field: any field when nil.
  public func sources(of id: EntityID, _ kind: Kind, in field: Field? = nil) -> [Record] {
    var seen: Set<EntityID> = []
    return (incoming[id] ?? []).filter { field == nil || $0.field == field?.number }
      .compactMap { records[$0.source] }
      .filter { $0.kind == kind && seen.insert($0.id).inserted }
      .sorted(by: Self.isOrderedBefore)
  }

  /// By the first and the last possible day, then by id; what has no date stands last.
  public static func isOrderedBefore(_ a: Record, _ b: Record) -> Bool {
    if FuzzyDate.isOrderedBefore(a.mainDate, b.mainDate) { return true }
    if FuzzyDate.isOrderedBefore(b.mainDate, a.mainDate) { return false }
    return a.id < b.id
  }
}
