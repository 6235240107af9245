import DossierModel
import DossierStore

/// Goes through what waits on a terminal, one key a decision. Each is saved before the next is shown.
struct ReviewByKey {
  private let context: Context

  init(_ context: Context) { self.context = context }

  func run() throws {
    let items = try context.reviewItems()
    guard !items.isEmpty else { return context.report("nothing waits for a decision") }
    let authors = try context.store.authors()
    for (number, item) in items.enumerated() {
      say(try context.lines(of: item, authors: authors).joined(separator: "\n"))
      guard try decide(item) else {
        let left = items.count - number
        return context.report("\(left) \(left == 1 ? "waits" : "wait")")
      }
    }
    let left = try context.reviewItems().count
    context.report(left == 0 ? "nothing waits any more" : "\(left) \(left == 1 ? "waits" : "wait")")
  }

  /// - Returns: false when the person wants to stop.
  private func decide(_ item: ReviewItem) throws -> Bool {
    let keys = Self.keys(item)
    say("   " + (keys + ["s skip", "q quit"]).joined(separator: "  "))
    while let key = Terminal.key() {
      switch (key, item) {
      case ("q", _), ("\u{4}", _), ("\u{1b}", _): return false
      case ("s", _), (" ", _), ("\n", _): return true
      case ("k", .values(let found, let field, let choices)):
        try context.take(choices[0], field, of: found)
      case ("e", .values(let found, let field, let choices)):
        try context.editReview(field, choices, of: found)
      case (_, .values(let found, let field, let choices)):
        guard let place = key.wholeNumberValue, choices.indices.contains(place - 1) else {
          continue
        }
        try context.take(choices[place - 1], field, of: found)
      case ("k", .deletion(let found)): try context.decide(deletionOf: found, stands: false)
      case ("d", .deletion(let found)): try context.decide(deletionOf: found, stands: true)
      case ("m", .lookAlikes(let stays, let gone)): try merge(gone, into: stays)
      case ("a", .lookAlikes(let one, let other)): try context.keepApart(one, other)
      default: continue
      }
      return true
    }
    return false
  }

  private func merge(_ gone: Found, into stays: Found) throws {
    do {
      try context.store.transaction { try context.merge(gone, into: stays) }
    } catch let failure as Failure {
      // What cannot be merged now must not end the others.
      tell(failure.text)
    }
  }

  private static func keys(_ item: ReviewItem) -> [String] {
    switch item {
    case .values(_, _, let choices):
      ["k keep the one shown"]
        + choices.indices.dropFirst().prefix(8).map { "\($0 + 1) take \(choices[$0].mark)" }
        + ["e edit"]
    case .deletion: ["k keep", "d delete"]
    case .lookAlikes(let one, _): ["m merge into \(one.short)", "a apart: not the same"]
    }
  }
}
