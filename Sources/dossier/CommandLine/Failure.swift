/// Why a command did not do it, as the person reads it.
struct Failure: Error {
  /// Stable, for programs: "ambiguous-id".
  let code: String
  let exit: Int32
  /// What happened, with the person's own words in quotes.
  private(set) var message: String
  /// What is known, what became of their text.
  var details: [String] = []
  /// A command that can be pasted.
  var fix: String?
  var input: String?
  var candidates: [String] = []

  init(
    _ code: String, exit: Int32, _ message: String, details: [String] = [], fix: String? = nil,
    input: String? = nil, candidates: [String] = []
  ) {
    self.code = code
    self.exit = exit
    self.message = message
    self.details = details
    self.fix = fix
    self.input = input
    self.candidates = candidates
  }

  /// The same, said of one of several things.
  func about(_ name: String) -> Failure {
    var failure = self
    if !message.contains(name) { failure.message = "\(name): \(message)" }
    return failure
  }

  var text: String {
    var lines = ["dossier: " + message]
    lines += details.map { "  " + $0 }
    if let fix { lines.append("  try: " + fix) }
    return lines.joined(separator: "\n")
  }
}
