import Foundation
import Testing

/// What must not hurt: kills, many processes at once, wide file modes.
@Suite struct FaultTests {
  @Test func whateverWasPrintedIsThereAfterAKill() throws {
    let program = try Program(clock: nil, seed: nil)
    defer { try? FileManager.default.removeItem(at: program.home) }
    try program.dossier("init", "--name", "ann")
    var acknowledged: Set<String> = []
    for round in 0..<15 {
      // A shell writes notes one after another until it is killed, together with the program it runs.
      let list = program.home.appending(path: "ids-\(round)")
      let child = try Child(
        "/bin/sh",
        [
          "-c",
          "i=0; while [ $i -lt 300 ]; do i=$((i+1)); \"$0\" note round \(round) note $i --quiet; done",
          Project.programs.appending(path: "dossier").path,
        ], environment: program.environment, folder: program.home.path, output: list.path,
        errors: "/dev/null", leadsGroup: true)
      func printed() -> String { (try? String(contentsOf: list, encoding: .utf8)) ?? "" }
      // At whatever moment after the first.
      for _ in 0..<3000 where printed().isEmpty { usleep(10_000) }
      usleep(UInt32.random(in: 0...700_000))
      child.kill(group: true)
      _ = child.wait()
      acknowledged.formUnion(
        printed().split(separator: "\n").map { String($0.prefix(6)) }.filter { $0.count == 6 })
    }
    let notes = try program.dossier("notes", "--fields", "id,text")
    let there = Set(notes.output.split(separator: "\n").map { String($0.prefix(6)) })
    #expect(acknowledged.count >= 15)
    #expect(acknowledged.subtracting(there).isEmpty)
    let doctor = try program.dossier("doctor")
    #expect(doctor.status == 0, "\(doctor.output)")
  }

  @Test func eightProcessesAtOnceLoseNothing() async throws {
    let program = try Program(clock: nil, seed: nil)
    defer { try? FileManager.default.removeItem(at: program.home) }
    try program.dossier("init", "--name", "ann")
    let failures = try await withThrowingTaskGroup(of: Int32.self) { group in
      for writer in 0..<8 {
        group.addTask {
          let result = try program.run(
            [
              "-c",
              "i=0; while [ $i -lt 12 ]; do i=$((i+1)); \"$0\" note writer \(writer) note $i --quiet || exit $?; done",
            ]
              + [Project.programs.appending(path: "dossier").path], program: "/bin/sh")
          return result.status
        }
      }
      return try await group.reduce(into: [Int32]()) { if $1 != 0 { $0.append($1) } }
    }
    #expect(failures == [])
    let notes = try program.dossier("notes", "--fields", "id")
    #expect(notes.output.split(separator: "\n").count == 96)
    #expect(try program.dossier("doctor").status == 0)
  }

  @Test func filesAreForTheOwnerOnlyWhateverTheUmask() throws {
    let program = try Program()
    defer { try? FileManager.default.removeItem(at: program.home) }
    let result = try program.run(
      ["-c", "umask 000; \"$0\" note words", Project.programs.appending(path: "dossier").path],
      program: "/bin/sh")
    #expect(result.status == 0)
    let folder = program.home.appending(path: ".local/share/dossier")
    for path in ["", "dossier.db", "device.key"] {
      let attributes = try FileManager.default.attributesOfItem(
        atPath: folder.appending(path: path).path)
      #expect((attributes[.posixPermissions] as? Int).map { $0 & 0o077 } == 0, "\(path)")
    }
  }

  @Test func noCommandPrintsWhatSteersATerminal() throws {
    let program = try Program()
    defer { try? FileManager.default.removeItem(at: program.home) }
    let evil = "evil\u{1b}[2J\u{1b}]0;x\u{7}\u{9b}31m\u{202e}\u{200b}"
    try program.dossier("new", "partnership", evil, "--slug", "evil")
    try program.dossier("new", "party", evil, "--slug", "party")
    try program.dossier("open", "evil")
    try program.dossier("note", evil)
    try program.dossier("action", evil, "--by", "party")
    let commands: [[String]] = [
      [], ["notes"], ["actions"], ["partnerships"], ["parties"], ["show", "evil"], ["log", "evil"],
      ["find", "evil"],
      ["notes", "--json"], ["show", "evil", "--json"], ["open", "evil"], ["open", evil],
      ["set", "evil", "status=\(evil)"],
      ["undo"], ["notes", "\(evil):x"], ["export", "-o", "-", "evil"],
      ["export", "-o", "-", "--as", "jsonl"], ["review"],
      ["rm", "evil"], ["restore", "evil"], [evil], ["show", evil], ["overdue"], ["members"],
      ["act", "party", evil, "--in", "evil"],
      ["acts"], ["tag", "evil", "+\(evil)"], ["import", evil], ["note", "x", "-p", evil],
      ["note", "x", "--rule", evil],
    ]
    for words in commands {
      let result = try program.run(words)
      let steering = (result.output + result.errors).unicodeScalars.filter { scalar in
        scalar != "\n" && scalar != "\t"
          && (scalar.value < 0x20 || (0x7f...0x9f).contains(scalar.value)
            || [0x202e, 0x200b].contains(scalar.value))
      }
      #expect(steering.isEmpty, "\(words): \(result.output)\(result.errors)")
    }
  }
}
