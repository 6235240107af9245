import DossierModel

extension Failure {
  /// One object on standard error, when JSON was asked for.
  var json: String {
    var members: [JSON.Member] = [
      .init("code", .string(code)), .init("exit", .int(Int64(exit))),
      .init("message", .string(([message] + details).joined(separator: "\n"))),
    ]
    if let input { members.append(.init("input", .string(input))) }
    if !candidates.isEmpty {
      members.append(.init("candidates", .array(candidates.map { .string($0) })))
    }
    if let fix { members.append(.init("fix", .string(fix))) }
    return JSON.object([.init("error", .object(members))]).line
  }
}
