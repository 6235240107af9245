import Foundation

/// A program as a person runs it: a real process with a store of its own and a fixed clock.
struct Program {
  let home: URL
  var environment: [String: String]

  init(home: URL? = nil, clock: Int? = 1_747_645_200, seed: Int? = 1) throws {
    self.home = try home ?? Project.temporaryFolder()
    environment = [
      "HOME": self.home.path, "USER": "ann", "TZ": "UTC", "PATH": "/usr/bin:/bin",
      "LC_ALL": "C.UTF-8",
      "COLUMNS": "100",
    ]
    environment["DOSSIER_TEST_CLOCK"] = clock.map(String.init)
    environment["DOSSIER_TEST_SEED"] = seed.map(String.init)
  }

  /// With the records of the main fixture.
  static func withFixture(clock: Int = 1_747_645_200) throws -> Program {
    let program = try Program(clock: clock)
    let fixture = Project.root.appending(path: "fixtures/digital-diplomacy.jsonl").path
    try program.run(["import", fixture]).expectSuccess()
    return program
  }

  struct Result {
    let output: String
    let errors: String
    let status: Int32
  }

  /// Runs a program to its end.
  @discardableResult
  func run(
    _ arguments: [String], program: String = "dossier", input: String = "",
    environment extra: [String: String] = [:], folder: String? = nil
  ) throws -> Result {
    let base = home.appending(path: ".run-\(UUID().uuidString)").path
    let files = ["in", "out", "err"].map { "\(base).\($0)" }
    defer { for file in files { try? FileManager.default.removeItem(atPath: file) } }
    try Data(input.utf8).write(to: URL(filePath: files[0]))
    let path = program.hasPrefix("/") ? program : Project.programs.appending(path: program).path
    let child = try Child(
      path, arguments, environment: environment.merging(extra) { $1 },
      folder: folder ?? home.path,
      input: files[0], output: files[1], errors: files[2])
    let status = child.wait()
    func text(_ file: String) throws -> String {
      String(decoding: try Data(contentsOf: URL(filePath: file)), as: UTF8.self)
    }
    return Result(output: try text(files[1]), errors: try text(files[2]), status: status)
  }

  /// Runs `dossier` with words split at spaces.
  @discardableResult
  func dossier(_ words: String..., input: String = "") throws -> Result {
    try run(words, input: input)
  }
}
