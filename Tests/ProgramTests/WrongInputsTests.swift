import Foundation
import Testing

/// The table of wrong inputs, and the codes of errors.
@Suite struct WrongInputsTests {
  private static let golden = Golden("fixtures/wrong-inputs.txt")
  /// What stands before it is there first; what comes after it is wrong and saves nothing.
  private static let line = "; ----"

  @Test func everyWrongInputHasItsAnswerAndSavesNothing() throws {
    let home = try Project.temporaryFolder()
    defer { try? FileManager.default.removeItem(at: home) }
    let program = try Program(home: home)
    var before: [String] = []
    let actual = try Transcript(text: Self.golden.text).replayed(in: home) { remark in
      if remark.hasPrefix(Self.line) { before = try everything(program) }
    }
    try Self.golden.expect(actual)
    #expect(before.joined().contains("Test Partnership"))
    #expect(try everything(program) == before)

    let wrong = try wrongEntries(actual)
    #expect(wrong.count >= 80)
    for (command, answer) in wrong {
      #expect(answer.last?.hasPrefix("(exit ") == true, "\(command) is not wrong")
    }
    try checkJSON(wrong, program)
  }

  /// All records, and all commands that wrote something.
  private func everything(_ program: Program) throws -> [String] {
    [
      try program.dossier("export", "--as", "jsonl", "-o", "-").output,
      try program.dossier("ops", "--json", "--limit", "1000").output,
    ]
  }

  private func wrongEntries(_ transcript: String) throws -> [(command: String, answer: [String])] {
    let range = try #require(transcript.firstRange(of: Self.line))
    return Transcript(text: String(transcript[range.upperBound...])).entries
  }

  /// With --json the same is said as one object, with a code of the list and the same exit.
  private func checkJSON(
    _ wrong: [(command: String, answer: [String])], _ program: Program
  ) throws {
    struct Answer: Decodable {
      struct Problem: Decodable {
        let code: String
        let exit: Int32
        let message: String
        let fix: String?
      }
      let error: Problem
    }
    let codes = try Self.codes(program)
    var count = 0
    for (command, answer) in wrong
    where command.hasPrefix("dossier ") && !answer[0].hasPrefix(">")
      && !command.contains(where: { "|;>`".contains($0) }) && !command.contains("$(")
    {
      let words = "dossier --json " + command.dropFirst("dossier ".count)
      let result = try program.run(
        ["-c", words], program: "/bin/sh",
        environment: ["PATH": "\(Project.programs.path):/usr/bin:/bin"])
      #expect(result.errors.lines.count == 1, "\(words): \(result.errors)")
      let problem = try JSONDecoder().decode(Answer.self, from: Data(result.errors.utf8)).error
      #expect(codes[problem.code] == problem.exit, "\(words): \(problem.code)")
      #expect(answer.last == "(exit \(result.status))" && problem.exit == result.status, "\(words)")
      let said = problem.message.replacing(program.home.path, with: "~").lines
      #expect(answer.first == "dossier: " + (said.first ?? ""), "\(words)")
      count += 1
    }
    #expect(count > 100)
  }

  /// As `dossier help errors` lists them.
  private static func codes(_ program: Program) throws -> [String: Int32] {
    var codes: [String: Int32] = [:]
    for line in try program.dossier("help", "errors").expectSuccess().output.lines {
      guard let match = line.wholeMatch(of: #/  ([a-z-]+) +(\d+)  \S.*/#) else { continue }
      codes[String(match.1)] = Int32(match.2)
    }
    return codes
  }

  @Test func everyCodeInTheSourcesIsInTheListAndTheOtherWayRound() throws {
    let program = try Program()
    defer { try? FileManager.default.removeItem(at: program.home) }
    let codes = try Self.codes(program)
    var seen: Set<String> = []
    for text in try Project.sources("dossier") {
      for match in text.matches(of: #/(?:Failure|self\.init)\(\s*"([a-z-]+)", exit: (\d+)/#) {
        let code = String(match.1)
        #expect(codes[code] == Int32(match.2), "\(code) ends with \(match.2)")
        seen.insert(code)
      }
    }
    #expect(seen.count > 70)
    #expect(Set(codes.keys).subtracting(seen) == [], "listed, and never said")
  }

  @Test func everyExitCodeOfTheSourcesIsInTheTopic() throws {
    let program = try Program()
    defer { try? FileManager.default.removeItem(at: program.home) }
    let topic = try program.dossier("help", "exit-codes").expectSuccess().output
    let listed = Set(topic.lines.compactMap { Int32($0.prefix { $0.isNumber }) })
    var used: Set<Int32> = [0]
    for text in try Project.sources("dossier") + Project.sources("dossier-server") {
      for match in text.matches(of: #/(?:exit: |ExitCode\(|\bexit\(|case \w+ = )(\d+)\b/#) {
        used.insert(try #require(Int32(match.1)))
      }
    }
    #expect(used.count > 12)
    // 130 is the shell's, when somebody presses Ctrl-C.
    #expect(listed == used.union([130]))
  }
}
