import Foundation
import Testing

/// The manual pages, made from what the programs declare, and the script that puts everything in place.
@Suite struct InstallTests {
  private struct Command: Decodable {
    struct Argument: Decodable {
      struct Name: Decodable {
        let kind: String
        let name: String
      }
      let kind: String
      let names: [Name]?
      let shouldDisplay: Bool
      let valueName: String?
      let abstract: String?
    }
    let commandName: String
    let abstract: String?
    let arguments: [Argument]?
    let subcommands: [Command]?
    let shouldDisplay: Bool

    var shown: [Command] {
      (subcommands ?? []).filter { $0.shouldDisplay && $0.commandName != "help" }
    }
  }

  private func declared(_ name: String, _ program: Program) throws -> Command {
    struct Tool: Decodable { let command: Command }
    let text = try program.run(["--experimental-dump-help"], program: name).expectSuccess().output
    return try JSONDecoder().decode(Tool.self, from: Data(text.utf8)).command
  }

  /// A page as it is read: without the escapes of roff.
  private func page(_ file: URL) throws -> String {
    try String(contentsOf: file, encoding: .utf8).replacing("\\-", with: "-")
      .replacing("\\(aq", with: "'").replacing("\\(ti", with: "~").replacing("\\(dq", with: "\"")
      .replacing("\\(ha", with: "^").replacing("\\(ga", with: "`").replacing("\\e", with: "\\")
      .replacing("\\&", with: "")
  }

  @Test func theManualHoldsEveryCommandEveryOptionAndEveryTopic() throws {
    let program = try Program()
    defer { try? FileManager.default.removeItem(at: program.home) }
    let folder = program.home.appending(path: "man")
    try program.run(
      [Project.root.appending(path: "scripts/man.py").path, Project.programs.path, folder.path],
      program: "/usr/bin/python3"
    ).expectSuccess()
    for name in ["dossier", "dossier-server"] {
      let text = try page(folder.appending(path: "man1/\(name).1"))
      var count = 0
      let shared = text.components(separatedBy: ".SH ").first { $0.hasPrefix("OPTIONS OF EVERY") }
      try expect(
        declared(name, program), [name], in: try #require(shared), page: text, &count)
      #expect(count > (name == "dossier" ? 150 : 20))
    }
    let topics = try program.dossier("help", "topics").expectSuccess().output.lines
      .map { String($0.split(separator: " ")[0]) }
    #expect(topics.count == 8)
    for topic in topics {
      let said = try program.dossier("help", topic).expectSuccess().output
      #expect(try page(folder.appending(path: "man7/dossier-\(topic).7")).contains(said))
    }
    try checkRoff(folder, program)
  }

  /// Every command has a section, and every option stands in it, or among those of every command.
  private func expect(
    _ command: Command, _ words: [String], in section: String, page: String, _ count: inout Int
  ) throws {
    for argument in command.arguments ?? [] where argument.shouldDisplay {
      for name in argument.names ?? [] {
        let option = (name.kind == "short" ? "-" : "--") + name.name
        #expect(section.contains("\\fB\(option)\\fR"), "\(words.joined(separator: " ")) \(option)")
        count += 1
      }
      if argument.kind == "positional", let value = argument.valueName {
        #expect(section.contains("\\fI\(value.uppercased())\\fR"), "\(words) \(value)")
      }
    }
    let shared = page.components(separatedBy: ".SH ").first { $0.hasPrefix("OPTIONS OF EVERY") }
    for sub in command.shown {
      let all = words + [sub.commandName]
      guard sub.shown.isEmpty else {
        let group = Command(
          commandName: sub.commandName, abstract: nil, arguments: nil,
          subcommands: sub.subcommands, shouldDisplay: true)
        try expect(group, all, in: "", page: page, &count)
        continue
      }
      let head = "\"" + all.joined(separator: " ")
      let sections = page.components(separatedBy: ".SS ").filter {
        $0.hasPrefix(head + " ") || $0.hasPrefix(head + "\"")
      }
      #expect(sections.count == 1, "\(all)")
      let body = try #require(sections.first)
      #expect(body.contains(sub.abstract ?? ""))
      try expect(sub, all, in: body + (shared ?? ""), page: page, &count)
    }
  }

  /// Where roff is there, it has nothing to say against the pages.
  private func checkRoff(_ folder: URL, _ program: Program) throws {
    guard FileManager.default.fileExists(atPath: "/usr/bin/groff") else { return }
    let files = try FileManager.default.subpathsOfDirectory(atPath: folder.path)
      .filter { $0.contains(".") }
    #expect(files.count == 10)
    for file in files {
      let result = try program.run(
        ["-man", "-Kutf8", "-Tutf8", "-ww", "-z", folder.appending(path: file).path],
        program: "/usr/bin/groff")
      #expect(result.status == 0 && result.errors.isEmpty, "\(file): \(result.errors)")
    }
  }

  private func install(_ words: [String], _ program: Program) throws -> Program.Result {
    try program.run(
      [Project.root.appending(path: "scripts/install").path] + words, program: "/bin/bash",
      environment: [
        "DESTDIR": program.home.appending(path: "root").path,
        "DOSSIER_PROGRAMS": Project.programs.path,
        "PATH": ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin",
      ])
  }

  private func files(_ program: Program) throws -> [String] {
    try FileManager.default.subpathsOfDirectory(
      atPath: program.home.appending(path: "root").path
    ).sorted()
  }

  @Test func whatIsInstalledRunsAndIsTakenAwayAgain() throws {
    let program = try Program()
    defer { try? FileManager.default.removeItem(at: program.home) }
    let root = program.home.appending(path: "root").path
    let said = try install(["/opt/dossier"], program).expectSuccess().output
    let there = try files(program)
    for path in [
      "bin/dossier", "bin/dossier-server", "share/man/man1/dossier.1",
      "share/man/man7/dossier-dates.7", "share/bash-completion/completions/dossier",
      "share/bash-completion/completions/dossier-server", "share/zsh/site-functions/_dossier",
      "share/fish/vendor_completions.d/dossier.fish",
    ] {
      #expect(there.contains("opt/dossier/" + path))
      #expect(said.contains("\(root)/opt/dossier/\(path)\n"))
    }
    let version = try program.run(["--version"], program: "\(root)/opt/dossier/bin/dossier")
    #expect(version.output.hasPrefix("dossier "))

    // Again: nothing else, and an older page goes.
    try install(["/opt/dossier"], program).expectSuccess()
    #expect(try files(program) == there)

    try Data().write(to: URL(filePath: "\(root)/opt/dossier/share/mine"))
    try install(["/opt/dossier", "--uninstall"], program).expectSuccess()
    #expect(
      try files(program) == ["opt", "opt/dossier", "opt/dossier/share", "opt/dossier/share/mine"])
    #expect(try install(["/opt/dossier", "--uninstall"], program).status == 66)

    try install(["/usr"], program).expectSuccess()
    try install(["/usr", "--uninstall"], program).expectSuccess()
    #expect(try files(program).filter { $0.hasPrefix("usr") } == [])
  }

  @Test func whatStandsInTheWayStaysAndNothingIsPut() throws {
    let program = try Program()
    defer { try? FileManager.default.removeItem(at: program.home) }
    let folder = program.home.appending(path: "root/usr/bin")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    try Data("theirs".utf8).write(to: folder.appending(path: "dossier"))
    let before = try files(program)
    let result = try install(["/usr"], program)
    #expect(result.status == 73)
    #expect(result.errors.contains("usr/bin/dossier is there already"))
    #expect(try files(program) == before)
    #expect(try String(contentsOf: folder.appending(path: "dossier"), encoding: .utf8) == "theirs")
  }

  @Test func theShellsReadTheirCompletions() throws {
    let program = try Program()
    defer { try? FileManager.default.removeItem(at: program.home) }
    for (name, words) in [
      ("dossier", ["completions", "bash"]),
      ("dossier-server", ["--generate-completion-script", "bash"]),
    ] {
      let script = try program.run(words, program: name).expectSuccess().output
      let file = program.home.appending(path: "\(name).bash")
      try Data(script.utf8).write(to: file)
      try program.run(["-n", file.path], program: "/bin/bash").expectSuccess()
    }
  }

  /// With the words that systemd would run, over a server that is there.
  @Test func theUnitOfTheServerIsOne() throws {
    let team = try Team()
    let program = try Program(home: team.folder)
    let server = Project.programs.appending(path: "dossier-server").path
    let unit = try String(
      contentsOf: Project.root.appending(path: "scripts/dossier-server.service"), encoding: .utf8
    ).replacing("/usr/local/bin/dossier-server", with: server)
      .replacing("/var/lib/dossier-server/data", with: team.data)
    let commands = unit.matches(of: /(?m)^Exec(?:Start|StartPre|Stop)=(.*)$/).map(\.1)
    #expect(commands.count == 1)
    for command in commands {
      let words = command.split(separator: " ").map(String.init)
      #expect(words[0] == server)
      try program.run(words.dropFirst() + ["--check-config"], program: server).expectSuccess()
    }
    // Where systemd is there, it has nothing to say against it.
    let analyze = "/usr/bin/systemd-analyze"
    guard FileManager.default.fileExists(atPath: analyze) else { return }
    let file = team.folder.appending(path: "dossier-server.service")
    try Data(unit.utf8).write(to: file)
    let verified = try program.run(["verify", "--man=no", file.path], program: analyze)
    #expect(verified.status == 0, "\(verified.errors)")
    let about = verified.errors.lines.filter { $0.contains("dossier-server.service") }
    #expect(about.isEmpty, "\(about)")
  }
}
