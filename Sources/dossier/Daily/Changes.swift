import ArgumentParser
import ChangeLog
import DossierModel
import DossierStore
import ReplicaStore

struct Changes: StoreCommand {
  static let configuration = CommandConfiguration(
    abstract: "What others changed since you last looked.")

  static let isPaged = true

  @OptionGroup var options: GlobalOptions
  @Option(
    help: ArgumentHelp("Since a day, or since the last sync but one.", valueName: "DATE|sync"))
  var since: String?
  @Flag(help: "Look without having looked.") var peek = false

  func run(_ context: Context) throws {
    try context.store.transaction {
      let replica = context.store.replica
      let logged = try changesets(context)
      let authors = try context.store.authors()
      let me = authors[try replica.identity().head.writer]?.member
      var news: [EntityID: News] = [:]
      var order: [EntityID] = []
      for logged in logged {
        let author = authors[logged.changeset.header.writer]
        if author?.member == me || Self.isHousekeeping(logged) { continue }
        for operation in logged.body.operations {
          if news[operation.entity] == nil {
            order.append(operation.entity)
            news[operation.entity] = News(
              isNew: try replica.firstChangeset(of: operation.entity) == logged.number)
          }
          news[operation.entity]?.add(
            operation, by: author?.member ?? "somebody", at: logged.changeset.header.clock)
        }
      }
      try show(order.map { ($0, news[$0]!) }, context)
      if !peek, since == nil {
        try context.store.set("changes.seen", to: String(replica.lastNumber()))
      }
    }
  }

  private func changesets(_ context: Context) throws -> [Logged] {
    let replica = context.store.replica
    func number(_ name: String) throws -> Int {
      try context.store.setting(name).flatMap { Int($0) } ?? 0
    }
    guard let since else { return try replica.logged(after: number("changes.seen")) }
    if since == "sync" { return try replica.logged(after: number("changes.before-sync")) }
    guard let first = try context.date(since).earliest else {
      throw Failure("open-date", exit: 64, "\"\(since)\" has no first day", input: since)
    }
    func isSince(_ logged: Logged) -> Bool {
      Machine.day(milliseconds: logged.changeset.header.clock.milliseconds).day >= first
    }
    // What came after something that was written here since then came since then, whatever the clock of its author says.
    let own = try replica.identity().head.writer
    let all = try replica.logged(after: 0)
    let now = Machine.surroundings().now()
    let written =
      all.first {
        $0.changeset.header.writer == own && isSince($0)
          && $0.changeset.header.clock.milliseconds <= now
      }?.number ?? .max
    return all.filter { isSince($0) || $0.number > written }
  }

  /// A machine that introduces itself is no news.
  private static func isHousekeeping(_ logged: Logged) -> Bool { logged.body.intent == "init" }

  /// What was done to one record.
  private struct News {
    let isNew: Bool
    var authors: [String] = []
    var fields: Set<FieldNumber> = []
    var isDeleted = false
    var clock = Timestamp(rawValue: 0)

    mutating func add(_ operation: Operation, by author: String, at clock: Timestamp) {
      if !authors.contains(author) { authors.append(author) }
      self.clock = max(self.clock, clock)
      switch operation.action {
      case .put(let field, _, _), .write(let field, _, _), .add(let field, _),
        .remove(let field, _), .edit(let field, _):
        fields.insert(field)
      case .delete: isDeleted = true
      case .restore: isDeleted = false
      case .unknown: break
      }
    }
  }

  private func show(_ all: [(EntityID, News)], _ context: Context) throws {
    var table = Table(header: ["id", "when", "who", "what", "title"])
    var objects: [JSON] = []
    for (id, news) in all {
      guard let found = try context.store.found(id) else { continue }
      let names = found.kind.fields.filter { news.fields.contains($0.number) && !$0.isInternal }
        .map(\.name)
      let what =
        news.isDeleted
        ? "deleted" : news.isNew ? "new \(found.kind.name)" : names.joined(separator: ", ")
      if context.wantsJSON {
        objects.append(
          .object([
            .init("id", .string(try context.fullID(id))),
            .init("type", .string(found.kind.name)), .init("title", .string(found.title)),
            .init("at", .int(Int64(news.clock.milliseconds))),
            .init("by", .array(news.authors.map { .string($0) })),
            .init("fields", .array(names.map { .string($0) })),
            .init("new", .bool(news.isNew)), .init("deleted", .bool(news.isDeleted)),
          ]))
      } else {
        table.rows.append([
          found.short, Machine.text(news.clock), news.authors.joined(separator: ", "), what,
          found.title,
        ])
      }
    }
    if context.wantsJSON {
      return try context.answer(
        objects: objects, of: ["id", "type", "title", "at", "by", "fields", "new", "deleted"])
    }
    try context.refuseFields()
    context.show(table)
    if table.rows.isEmpty { context.report("nothing new from others") }
  }
}
