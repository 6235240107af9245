import ChangeLog
import DossierModel
import DossierStore

/// The decisions, however they are made: by words or by keys.
extension Context {
  func take(_ choice: ReviewChoice, _ field: Field, of found: Found) throws {
    try store.write("review") { draft in try draft.settle(field, choice.value, on: found.id) }
    report("\(found.short)  \(field.name): \(try text(choice.value, field.type))")
  }

  /// Settles it with words of the person's own.
  func settle(_ field: Field, _ words: String, of found: Found) throws {
    try keeping(words) {
      try store.write("review") { draft in
        try draft.settle(field, try value(words, field, &draft), on: found.id)
      }
    }
    report("\(found.short)  \(field.name): \(words)")
  }

  func decide(deletionOf found: Found, stands: Bool) throws {
    try store.write("review") { draft in
      if stands { try draft.delete(found.id) } else { try draft.restore(found.id) }
    }
    report("\(found.short)  \(stands ? "deleted" : "kept")")
  }

  func keepApart(_ one: Found, _ other: Found) throws {
    try store.keepApart(LookAlikes(one.id, other.id))
    report("\(one.short) and \(other.short) are not the same")
  }

  /// Settles a field in the editor: the value shown, and below a line all others to copy from.
  func editReview(_ field: Field, _ choices: [ReviewChoice], of found: Found) throws {
    let shown = try text(choices[0].value, field.type)
    var buffer = shown + "\n\n" + Self.scissors + "\n"
    for choice in choices.dropFirst() {
      let who = try store.authors()[choice.writer]?.member ?? "unknown writer"
      buffer += "\n\(who):\n" + (try text(choice.value, field.type)) + "\n"
    }
    let edited = try Editor.edit(buffer, name: found.short)
    let kept = edited.components(before: Self.scissors).trimmingEnd()
    guard !kept.isEmpty else { return report("the text is empty; nothing was decided") }
    try settle(field, kept, of: found)
  }

  private static let scissors = "-------- what stands below this line is not saved --------"
}

extension String {
  fileprivate func components(before line: String) -> String {
    let lines = split(separator: "\n", omittingEmptySubsequences: false)
    return lines.prefix { $0 != line }.joined(separator: "\n")
  }
}
