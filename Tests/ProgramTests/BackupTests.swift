import Foundation
import Testing

/// One file holds a whole store, and another machine goes on from it.
@Suite struct BackupTests {
  private let program: Program

  init() throws {
    program = try Program(clock: nil, seed: nil)
    try program.dossier("init", "--name", "ann")
    try program.run(["note", "before the backup"]).expectSuccess()
  }

  private var file: String { program.home.appending(path: "store.backup").path }
  private var other: String { program.home.appending(path: "other").path }

  private func end() { try? FileManager.default.removeItem(at: program.home) }

  @Test func aStoreComesBackFromItsBackup() throws {
    defer { end() }
    try program.run(["backup", file]).expectSuccess()
    let mode = try FileManager.default.attributesOfItem(atPath: file)[.posixPermissions] as? Int
    #expect(mode == 0o600)
    try program.run(["note", "after the backup"]).expectSuccess()
    try program.run(["init", "--from", file, "--store", other]).expectSuccess()
    let notes = try program.run(["notes", "--fields", "text", "--store", other]).output
    #expect(notes == "before the backup\n")
    #expect(try program.run(["doctor", "--store", other]).status == 0)
    // The store it was made of may write on: it has a name of its own.
    func writer(_ words: String...) throws -> String? {
      try program.run(["whoami"] + words).output.lines.first { $0.contains("writes as") }
    }
    #expect(try writer() != writer("--store", other))
    try program.run(["note", "in the new one", "--store", other]).expectSuccess()
    // Both go on, and what both wrote meets.
    let bundle = program.home.appending(path: "bundle").path
    try program.run(["sync", "--to", bundle, "--store", other]).expectSuccess()
    try program.run(["sync", "--from", bundle]).expectSuccess()
    #expect(try program.run(["notes", "--fields", "text"]).output.lines.count == 3)
  }

  /// What doctor says when the database is gone: bring it back, in its place.
  @Test func aStoreThatLostItsDatabaseGetsItBack() throws {
    defer { end() }
    try program.run(["backup", file]).expectSuccess()
    let folder = program.home.appending(path: ".local/share/dossier")
    try FileManager.default.removeItem(at: folder.appending(path: "dossier.db"))
    #expect(try program.run(["notes"]).status == 74)
    try program.run(["init", "--from", file]).expectSuccess()
    #expect(try program.run(["notes", "--fields", "text"]).output == "before the backup\n")
    #expect(try program.run(["doctor"]).status == 0)
    // But not in the place of another device.
    try program.run(["init", "--store", other]).expectSuccess()
    try FileManager.default.removeItem(atPath: other + "/dossier.db")
    let key = try Data(contentsOf: URL(filePath: other + "/device.key"))
    #expect(try program.run(["init", "--from", file, "--store", other]).status == 73)
    #expect(try Data(contentsOf: URL(filePath: other + "/device.key")) == key)
  }

  @Test func nothingIsOverwritten() throws {
    defer { end() }
    try program.run(["backup", file]).expectSuccess()
    let bytes = try Data(contentsOf: URL(filePath: file))
    #expect(try program.run(["backup", file]).status == 73)
    #expect(try program.run(["init", "--from", file]).status == 73)
    #expect(try Data(contentsOf: URL(filePath: file)) == bytes)
    #expect(try program.run(["notes", "--fields", "text"]).output == "before the backup\n")
  }

  /// Whatever file it is, no store comes of it but from a backup.
  @Test func whatIsNoBackupMakesNoStore() throws {
    defer { end() }
    try program.run(["backup", file]).expectSuccess()
    let database = program.home.appending(path: ".local/share/dossier/dossier.db").path
    let whole = try Data(contentsOf: URL(filePath: file))
    func variant(_ name: String, _ bytes: Data) throws -> String {
      let path = program.home.appending(path: name).path
      try bytes.write(to: URL(filePath: path))
      return path
    }
    let trapped = try variant("trapped", whole)
    try program.run(
      [trapped, "CREATE TRIGGER t AFTER INSERT ON replica BEGIN DELETE FROM changeset; END"],
      program: "/usr/bin/sqlite3"
    ).expectSuccess()
    var broken = whole
    for place in stride(from: 5000, to: broken.count, by: 512) { broken[place] ^= 0xff }
    for path in [
      try variant("text", Data("no database".utf8)), try variant("empty", Data()),
      try variant("cut", whole.prefix(whole.count / 2)), try variant("broken", broken), trapped,
      database,
    ] {
      let result = try program.run(["init", "--from", path, "--store", other])
      #expect(result.status == 65, "\(path): \(result.errors)")
      #expect(result.errors.contains("nothing was made"), "\(result.errors)")
      let left = (try? FileManager.default.contentsOfDirectory(atPath: other)) ?? []
      #expect(left.isEmpty, "\(path) left \(left)")
    }
    #expect(try program.run(["init", "--from", other + "/none", "--store", other]).status == 66)
  }

  @Test func aSeasonIsThatOfThePersonsHalfOfTheEarth() throws {
    defer { end() }
    let action = ["action", "send it", "--by", "me", "--due", "summer 2030"]
    #expect(try program.run(action).errors.contains("2030-06-01 to 2030-08-31"))
    #expect(try program.run(["config", "hemisphere", "south"]).output == "hemisphere  south\n")
    #expect(try program.run(action).errors.contains("2030-12-01 to 2031-02-28"))
    #expect(try program.run(["config"]).output == "hemisphere  south\n")
    #expect(try program.run(["config", "hemisphere", "west"]).status == 64)
    #expect(try program.run(["config", "colour"]).status == 64)
  }
}
