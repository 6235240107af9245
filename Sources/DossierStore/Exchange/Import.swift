internal import ChangeLog
public import DossierModel
internal import ReplicaStore
internal import SQLite

/// What an import did, or would do.
public struct ImportReport: Sendable {
  public var added = 0
  public var changed = 0
  public var unchanged = 0
  /// Lines that could not be read; saved nothing of them.
  public var problems: [ImportProblem] = []
}

extension Store {
  /// Saves the records of a file in the product's own format (`schema/import.md`), as one command.
  ///
  /// - Parameters:
  ///   - partial: saves the good lines when some are bad.
  ///   - dryRun: saves nothing.
  /// - Throws: ``StoreError/badImport(_:)`` when a line is bad and `partial` is false; nothing is saved.
  public func importRecords(
    _ bytes: [UInt8], partial: Bool = false, dryRun: Bool = false
  ) throws -> ImportReport {
    try connection.transaction {
      let file = try ImportFile(bytes) { text in
        // One of several would be a guess; the line is refused then.
        let candidates = try self.candidates(text, [])
        return candidates.count == 1 ? (candidates[0].id, candidates[0].kind) : nil
      }
      guard file.problems.isEmpty || partial else { throw StoreError.badImport(file.problems) }
      var report = ImportReport(problems: file.problems)
      var draft = Draft(self)
      for record in file.records {
        let digest = Hexadecimal.encode(record.digest.bytes.prefix(8))
        let known = try self.record(record.id)
        if let known, known.text(.imported) == digest {
          report.unchanged += 1
          continue
        }
        let before = draft.operations.count
        let id = known == nil ? draft.create(record.kind, id: record.id) : record.id
        try draft.fill(record.fields, on: id)
        if known == nil {
          try draft.put(.imported, .text(digest), on: id)
          report.added += 1
        } else if draft.operations.count > before {
          try draft.put(.imported, .text(digest), on: id)
          report.changed += 1
        } else {
          report.unchanged += 1
        }
      }
      if !dryRun { try replica.commit("import", draft.operations) }
      return report
    }
  }

  /// Every visible record as a line of the product's own format: kinds in their order, then ids.
  ///
  /// - Parameter cleared: only what may leave the house; all when nil.
  public func exportRecords(_ cleared: RecordGraph? = nil) throws -> String {
    try connection.reading {
      var text = ""
      let kinds = try kindsByID()
      let graph = try cleared ?? graph()
      for kind in Kind.allCases where kind != .device {
        for record in graph.all(kind).sorted(by: { $0.id < $1.id }) {
          let json = RecordJSON.encode(record) { ShortID.full($0, kinds[$0] ?? .party) }
          text += json.line + "\n"
        }
      }
      return text
    }
  }

  /// Deleted records too: a reference to one stays what it was.
  private func kindsByID() throws -> [EntityID: Kind] {
    let pairs = try connection.all("SELECT id, kind FROM record") {
      (EntityID(bytes: $0.blob(0)), Kind(rawValue: KindNumber($0.int(1))) ?? .party)
    }
    return Dictionary(uniqueKeysWithValues: pairs)
  }
}
