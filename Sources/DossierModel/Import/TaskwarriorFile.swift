/// Tasks as `task export` writes them: a JSON array, or an object a line.
public enum TaskwarriorFile {
  public static func read(_ bytes: [UInt8], _ surroundings: ForeignSurroundings) throws
    -> ForeignFile
  {
    var file = ForeignFile()
    var skipped = 0
    var topics: [String: String] = [:]
    for (line, task) in tasks(bytes, &file) {
      guard case .object = task else {
        file.refuse(line, "", "a task is one object in { }")
        continue
      }
      guard let status = task.text("status"), !["deleted", "recurring"].contains(status) else {
        skipped += 1
        continue
      }
      do {
        let record = try action(task, status, surroundings, &topics)
        file.records.append((line, record))
      } catch let problem as RecordProblem {
        file.refuse(line, problem.field, problem.reason)
      }
    }
    for (label, name) in topics.sorted(by: { $0.key < $1.key }) {
      let slug = Folding.slug(name) ?? label
      let topic: [JSON.Member] = [
        .init("type", .string("topic")), .init("slug", .string(slug)), .init("name", .string(name)),
      ]
      file.records.append((1, .object(topic)))
    }
    if skipped > 0 { file.notes.append("left out: deleted and recurring tasks (\(skipped))") }
    return file
  }

  private static func tasks(_ bytes: [UInt8], _ file: inout ForeignFile) -> [(Int, JSON)] {
    let isArray = bytes.first { ![0x20, 0x09, 0x0a, 0x0d].contains($0) } == UInt8(ascii: "[")
    if isArray {
      do {
        guard case .array(let items) = try JSONReader.read(bytes) else { return [] }
        return items.enumerated().map { ($0.offset + 1, $0.element) }
      } catch {
        file.refuse(1, "column \(error.column)", error.reason)
        return []
      }
    }
    var tasks: [(Int, JSON)] = []
    let lines = bytes.split(separator: 0x0a, omittingEmptySubsequences: false)
    for (index, line) in lines.enumerated()
    where !line.allSatisfy({ [0x20, 0x09, 0x0d].contains($0) }) {
      do { tasks.append((index + 1, try JSONReader.read(Array(line)))) } catch {
        file.refuse(index + 1, "column \(error.column)", error.reason)
      }
    }
    return tasks
  }

  private static func action(
    _ task: JSON, _ status: String, _ surroundings: ForeignSurroundings,
    _ topics: inout [String: String]
  ) throws -> JSON {
    guard let uuid = task.text("uuid"), let description = task.text("description") else {
      throw RecordProblem(field: "uuid", reason: "a task has a uuid and a description")
    }
    var text = description
    if case .array(let annotations)? = task["annotations"] {
      for annotation in annotations {
        text += "\n\n" + (annotation.text("description") ?? "")
      }
    }
    var members: [JSON.Member] = [
      .init("type", .string("action")), .init("id", .string("taskwarrior \(uuid)")),
      .init("text", .string(text)),
    ]
    if let due = try day(task, "due", surroundings) {
      members.append(.init("due", .string(due.description)))
    }
    if status == "completed" {
      var state: [JSON.Member] = [.init("is", .string("done"))]
      if let end = try day(task, "end", surroundings) {
        state.append(.init("on", .string(end.description)))
      }
      members.append(.init("state", .object(state)))
    }
    var names: [String] = []
    if case .array(let tags)? = task["tags"] {
      names = tags.compactMap { if case .string(let tag) = $0 { tag } else { nil } }
    }
    if let project = task.text("project") {
      if let found = try surroundings.find(project), found.kind == .partnership {
        members.append(.init("partnership", .string(found.id)))
      } else {
        names.append(project)
      }
    }
    let references = try names.map { try topic($0, surroundings, &topics) }
    if !references.isEmpty { members.append(.init("topics", .array(references))) }
    return .object(members)
  }

  private static func topic(
    _ name: String, _ surroundings: ForeignSurroundings, _ topics: inout [String: String]
  ) throws -> JSON {
    if let found = try surroundings.find(name), found.kind == .topic { return .string(found.id) }
    guard let slug = Folding.slug(name) else {
      throw RecordProblem(field: "tags", reason: "\"\(name)\" cannot be a topic")
    }
    topics[slug] = topics[slug] ?? name
    return .string(slug)
  }

  private static func day(
    _ task: JSON, _ key: String, _ surroundings: ForeignSurroundings
  ) throws -> Day? {
    guard let text = task.text(key) else { return nil }
    guard let time = BasicTime(text) else {
      throw RecordProblem(field: key, reason: "\"\(text)\" is no time as 20260115T230000Z is")
    }
    return time.day(surroundings)
  }
}

extension JSON {
  fileprivate func text(_ key: String) -> String? {
    if case .string(let text)? = self[key] { text } else { nil }
  }
}
