public import ChangeLog

/// What a file in the product's own format says: one record a line (`schema/import.md`).
public struct ImportFile: Sendable {
  public private(set) var records: [ImportedRecord] = []
  public private(set) var problems: [ImportProblem] = []

  /// Reads all lines. A line may name records of any line of the file, before or after it.
  ///
  /// - Parameters:
  ///   - bytes: the file; lines end with LF.
  ///   - existing: finds a record that the store holds already.
  public init(
    _ bytes: [UInt8], existing: (String) throws -> (id: EntityID, kind: Kind)? = { _ in nil }
  ) throws {
    var drafts: [(line: Int, kind: Kind, id: EntityID, members: [JSON.Member], digest: Digest)] = []
    var labels: [String: (id: EntityID, kind: Kind)] = [:]
    var ids: Set<EntityID> = []
    for (index, line) in bytes.split(separator: 0x0a, omittingEmptySubsequences: false).enumerated()
    {
      if line.allSatisfy({ $0 == 0x20 || $0 == 0x0d || $0 == 0x09 }) { continue }
      do {
        let head = try Self.head(Array(line))
        guard ids.insert(head.id).inserted else {
          throw RecordProblem(field: "id", reason: "\"\(head.label)\" stands in this file twice")
        }
        for label in head.labels { labels[label] = (head.id, head.kind) }
        drafts.append((index + 1, head.kind, head.id, head.members, Digest(of: Array(line))))
      } catch let problem as RecordProblem {
        problems.append(
          ImportProblem(line: index + 1, field: problem.field, reason: problem.reason))
      } catch let problem as JSONProblem {
        problems.append(
          ImportProblem(
            line: index + 1, field: "column \(problem.column)", reason: problem.reason))
      } catch {
        problems.append(ImportProblem(line: index + 1, field: "", reason: "\(error)"))
      }
    }
    for draft in drafts {
      do {
        let fields = try RecordJSON.decode(draft.members, kind: draft.kind) { text in
          if let found = labels[text] { return found }
          if let (kind, id) = ShortID.parseFull(text), ids.contains(id) { return (id, kind) }
          return try existing(text)
        }
        records.append(
          ImportedRecord(
            line: draft.line, id: draft.id, kind: draft.kind, fields: fields, digest: draft.digest))
      } catch let problem as RecordProblem {
        problems.append(
          ImportProblem(line: draft.line, field: problem.field, reason: problem.reason))
      }
    }
    problems.sort { $0.line < $1.line }
  }

  private struct Head {
    let kind: Kind
    let id: EntityID
    let label: String
    let labels: [String]
    let members: [JSON.Member]
  }

  private static func head(_ line: [UInt8]) throws -> Head {
    guard case .object(let members) = try JSONReader.read(line) else {
      throw RecordProblem(field: "", reason: "a line is one object in { }")
    }
    func text(_ key: String) throws -> String? {
      switch members.first(where: { $0.key == key })?.value {
      case nil: return nil
      case .string(let text): return text
      default: throw RecordProblem(field: key, reason: "a text is expected")
      }
    }
    guard let word = try text("type") else {
      throw RecordProblem(field: "type", reason: "every line says what type of record it is")
    }
    guard let kind = Kind(word: word), kind.name == word else {
      let known = Kind.allCases.map(\.name).joined(separator: ", ")
      throw RecordProblem(field: "type", reason: "\"\(word)\" is none of \(known)")
    }
    let slug = try text("slug")
    if let slug, !Folding.isSlug(slug) {
      throw RecordProblem(field: "slug", reason: "\"\(slug)\" is not made of a-z, 0-9 and hyphens")
    }
    guard let label = try text("id") ?? slug else {
      throw RecordProblem(field: "id", reason: "a record needs an id or a slug")
    }
    let id: EntityID
    if let (kindOfID, full) = ShortID.parseFull(label) {
      guard kindOfID == kind else {
        throw RecordProblem(
          field: "id", reason: "\"\(label)\" is the id of \(kindOfID.withArticle)")
      }
      id = full
    } else {
      id = derivedID(kind, label)
    }
    return Head(
      kind: kind, id: id, label: label, labels: [label] + (slug.map { [$0] } ?? []),
      members: members)
  }

  /// The id of a record that is known by a label only: the same label gives the same id on every machine,
  /// so a file imported twice, or by two colleagues, makes one record.
  public static func derivedID(_ kind: Kind, _ label: String) -> EntityID {
    let digest = Digest(of: Array("dossier label 1 \(kind.name) \(label)".utf8)).bytes
    return EntityID(bytes: [0, 0, 0, 0, 0, 0] + digest.prefix(10))
  }
}

/// One line that could be read.
public struct ImportedRecord: Sendable {
  /// From 1.
  public let line: Int
  public let id: EntityID
  public let kind: Kind
  public let fields: [(field: Field, values: [Value])]
  /// Of the line's bytes: the same line again changes nothing.
  public let digest: Digest
}

/// Why a line cannot be imported.
public struct ImportProblem: Hashable, Sendable {
  /// From 1.
  public let line: Int
  public let field: String
  public let reason: String
}
