/// Which edits the author of one knew of.
struct Knowledge {
  private let author: ChangeID
  private let text: ChangeID
  private let last: [WriterID: ChangeID]

  init(of edit: ChangeID, seen: [ChangeID], text: ChangeID) {
    author = edit
    self.text = text
    last = Dictionary(seen.map { ($0.writer, $0) }, uniquingKeysWith: max)
  }

  func callAsFunction(_ change: ChangeID) -> Bool {
    if change == text || change == author { return true }
    return last[change.writer].map { change <= $0 } ?? false
  }
}

/// Which edits count: those that no edit that counts has taken back.
struct Effectiveness {
  private var cancelled: Set<ChangeID> = []

  init(_ cancels: [TextDocument.Pair]) {
    guard !cancels.isEmpty else { return }
    var by: [ChangeID: [ChangeID]] = [:]
    for pair in cancels { by[pair.second, default: []].append(pair.first) }
    var known: [ChangeID: Bool] = [:]
    // What cancels is always later than what it cancels, unless its author breaks the rules; a circle of
    // such counts for nothing.
    func isCancelled(_ edit: ChangeID, _ depth: Int) -> Bool {
      if let found = known[edit] { return found }
      guard depth < 1000, let cancellers = by[edit] else { return false }
      known[edit] = false
      let result = cancellers.contains { !isCancelled($0, depth + 1) }
      known[edit] = result
      return result
    }
    for edit in by.keys.sorted() where isCancelled(edit, 0) { cancelled.insert(edit) }
  }

  func callAsFunction(_ edit: ChangeID) -> Bool { !cancelled.contains(edit) }
}
