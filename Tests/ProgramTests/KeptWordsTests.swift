import Foundation
import Testing

/// Ways in which words were once lost, or seemed to be: what a person typed and what a colleague typed both stay.
@Suite struct KeptWordsTests {
  private let team: TwoMachines
  private var ann: Program { team.ann }
  private var bob: Program { team.bob }
  private var home: URL { team.home }

  init() throws { team = try TwoMachines() }

  private func give(_ from: Program, _ to: Program) throws { try team.give(from, to) }

  private func note(_ text: String) throws -> String {
    let id = try ann.run(["note", text]).expectSuccess().output
      .trimmingCharacters(in: .whitespacesAndNewlines)
    try give(ann, bob)
    return id
  }

  /// An editor that does `meanwhile` before it saves.
  private func edit(
    _ id: String, on one: Program, replacing: String, with words: String, meanwhile: String
  ) throws -> Program.Result {
    let editor = home.appending(path: "editor-\(UUID().uuidString)").path
    let script = "#!/bin/sh\n\(meanwhile)\nsed -i 's/\(replacing)/\(words)/' \"$1\"\n"
    try script.write(toFile: editor, atomically: true, encoding: .utf8)
    return try one.run(["edit", id], environment: ["EDITOR": "sh \(editor)"])
  }

  private var dossier: String { Project.programs.appending(path: "dossier").path }

  @Test func whatArrivesWhileTheEditorIsOpenStays() throws {
    let id = try note("Agenda of the day")
    try bob.run(["edit", id, "--text", "Agenda of the day\nThe minister promised twelve million"])
      .expectSuccess()
    let bundle = home.appending(path: "bobs").path
    try bob.run(["sync", "--to", bundle]).expectSuccess()
    let saved = try edit(
      id, on: ann, replacing: "of the", with: "of this",
      meanwhile: "'\(dossier)' sync --from '\(bundle)'"
    ).expectSuccess()
    #expect(saved.errors.contains("both changes are in the text now"), "\(saved.errors)")
    let text = try ann.run(["show", id]).output
    #expect(text.contains("Agenda of this day") && text.contains("twelve million"), "\(text)")
  }

  @Test func whatASecondWindowSavesWhileTheEditorIsOpenStays() throws {
    let id = try note("one two three")
    try edit(
      id, on: ann, replacing: "one", with: "ONE",
      meanwhile: "'\(dossier)' edit \(id) --text 'one two THREE'"
    ).expectSuccess()
    #expect(try ann.run(["show", id]).output.contains("ONE two THREE"))
    // One that replaced the same word waits for a decision.
    let clash = try edit(
      id, on: ann, replacing: "two", with: "second",
      meanwhile: "'\(dossier)' edit \(id) --text 'ONE 2 THREE'"
    ).expectSuccess()
    #expect(clash.errors.contains("wait for a decision"), "\(clash.errors)")
    let review = try ann.run(["review"]).output
    #expect(review.contains("ONE 2 THREE") && review.contains("ONE second THREE"), "\(review)")
  }

  @Test func aRecordDeletedWhileTheEditorIsOpenComesBackAndSaysSo() throws {
    let id = try note("precious")
    let saved = try edit(
      id, on: ann, replacing: "precious", with: "precious words",
      meanwhile: "'\(dossier)' rm \(id)"
    ).expectSuccess()
    #expect(saved.errors.contains("it was deleted meanwhile"), "\(saved.errors)")
    #expect(try ann.run(["review"]).output.contains("deleted by one, changed by another"))
  }

  /// A value is taken by its mark: what came since the list was read does not take its place.
  @Test func reviewTakesTheValueThatWasSeen() throws {
    let id = try note("a note")
    try ann.run(["set", id, "remark=ann's"]).expectSuccess()
    try bob.run(["set", id, "remark=bob's"]).expectSuccess()
    try give(bob, ann)
    let list = try ann.run(["review"]).output
    let line = try #require(list.split(separator: "\n").first { $0.contains("ann's") })
    let mark = String(line.split(separator: " ")[0])
    #expect(try ann.run(["review", "take", id, "remark", "1"]).status == 64)
    try ann.run(["review", "take", id, "remark", mark]).expectSuccess()
    #expect(try ann.run(["show", id]).output.contains("ann's"))
    // A plain set that decides says what it decided against.
    try give(ann, bob)
    try ann.run(["set", id, "remark=ann again"]).expectSuccess()
    try bob.run(["set", id, "remark=bob again"]).expectSuccess()
    try give(bob, ann)
    let set = try ann.run(["set", id, "remark=neither"]).expectSuccess()
    #expect(set.errors.contains("decided against: bob again"), "\(set.errors)")
  }

  @Test func twoRecordsWithOneSlugAreNotTakenForEachOther() throws {
    try ann.run(["new", "partnership", "Same A", "--slug", "same"]).expectSuccess()
    try bob.run(["new", "partnership", "Same B", "--slug", "same"]).expectSuccess()
    try give(ann, bob)
    let filed = try bob.run(["note", "words", "-p", "same"])
    #expect(filed.status == 66)
    #expect(filed.errors.contains("Same A") && filed.errors.contains("Same B"))
    try bob.run(["note", "words", "-p", "same~1"]).expectSuccess()
  }

  @Test func joiningTheSameWorkspaceByBundleAgainChangesNothing() throws {
    let again = try bob.run(["join", home.appending(path: "first").path])
    #expect(again.status == 73)
    #expect(try bob.run(["whoami"]).output.hasPrefix("bob on desk"))
  }

  @Test func anOutputThatCannotBeWrittenIsAnError() throws {
    _ = try note("words")
    for arguments in [["export", "--as", "jsonl", "-o", "-"], ["export", "-o", "-"], ["notes"]] {
      try ann.run(["new", "partnership", "P"])
      let script = "'\(dossier)' \(arguments.joined(separator: " ")) > /dev/full"
      let result = try ann.run(["-c", script], program: "/bin/sh")
      #expect(result.status == 74, "\(arguments)")
      #expect(result.errors.contains("standard output cannot be written"))
    }
  }

  @Test func aWordThatIsNoTextIsRefused() throws {
    let script = "'\(dossier)' note \"$(printf 'bad \\377 word')\""
    let result = try ann.run(["-c", script], program: "/bin/sh")
    #expect(result.status == 65 && result.errors.contains("not valid UTF-8"))
    #expect(try ann.run(["notes"]).output.isEmpty)
    let name = try ann.run(["new", "partnership", "new\nline"])
    #expect(name.status == 65, "\(name.errors)")
  }

  /// A store whose database went is not taken for a new one.
  @Test func aStoreWithoutItsDatabaseSaysSo() throws {
    let path = ann.home.appending(path: ".local/share/dossier/dossier.db").path
    for damage in ["rm '\(path)'", ": > '\(path)'"] {
      _ = try ann.run(["-c", damage], program: "/bin/sh").expectSuccess()
      for command in [["note", "words"], ["notes"], ["doctor"]] {
        let result = try ann.run(command)
        #expect(result.status == 74 && result.errors.contains("missing or empty"), "\(command)")
      }
    }
  }

  /// Set back in its place, with its mark: only what a colleague has tells. Both sides keep their words, and the
  /// machine is who it was.
  @Test func aStoreThatWasSetBackUnnoticedLearnsItFromAColleague() throws {
    let store = bob.home.appending(path: ".local/share/dossier").path
    let backup = home.appending(path: "backup").path
    try bob.run(["-a", store, backup], program: "/bin/cp").expectSuccess()
    try bob.run(["note", "lost here, known to ann"]).expectSuccess()
    try give(bob, ann)
    try bob.run(["-a", backup + "/.", store], program: "/bin/cp").expectSuccess()
    try bob.run(["note", "noted after the restore"]).expectSuccess()
    let path = home.appending(path: "from-ann").path
    try ann.run(["sync", "--to", path]).expectSuccess()
    let told = try bob.run(["sync", "--from", path]).expectSuccess()
    #expect(told.errors.contains("copied or restored"), "\(told.errors)")
    #expect(try bob.run(["whoami"]).output.hasPrefix("bob on desk"))
    try give(bob, ann)
    for one in [ann, bob] {
      #expect(
        try Set(one.run(["notes", "--fields", "text"]).output.lines)
          == ["lost here, known to ann", "noted after the restore"])
      #expect(!(try one.run(["ops"]).output.contains("unknown writer")))
      #expect(try one.run(["doctor"]).status == 0)
    }
  }

  /// A merge decides nothing that waits for a person, and takes nobody of the team away.
  @Test func aMergeDecidesNothingThatWaits() throws {
    for name in ["one", "two"] { try ann.run(["new", "party", name]).expectSuccess() }
    try give(ann, bob)
    try ann.run(["set", "two", "remark=ann's"]).expectSuccess()
    try bob.run(["set", "two", "remark=bob's"]).expectSuccess()
    try give(bob, ann)
    for words in [["one", "two"], ["two", "one"]] {
      let merge = try ann.run(["merge"] + words)
      #expect(merge.status == 73 && merge.errors.contains("wait for a decision"))
    }
    let team = try ann.run(["merge", "ann", "one"])
    #expect(team.status == 73 && team.errors.contains("one of this team"))
    #expect(try ann.run(["review"]).output.contains("bob's"))
  }

  /// One bundle that cannot be taken does not keep the others, and the exit code tells.
  @Test func aStrangeBundleInASharedFolderKeepsNoOther() throws {
    let folder = home.appending(path: "share").path
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: false)
    let eve = try Program(home: home.appending(path: "eve"), clock: nil, seed: nil)
    try FileManager.default.createDirectory(at: eve.home, withIntermediateDirectories: false)
    try eve.run(["note", "of another workspace"]).expectSuccess()
    try eve.run(["sync", "--to", folder]).expectSuccess()
    try Data("half a bun".utf8).write(to: URL(filePath: folder + "/000000000000-000001.bundle"))
    symlink("/etc/passwd", folder + "/111111111111-000001.bundle")
    try Data().write(
      to: URL(filePath: folder + "/222222222222-9223372036854775807.bundle"))
    try bob.run(["note", "from bob"]).expectSuccess()
    try bob.run(["sync", "--to", folder]).expectSuccess()
    for trust in [["--trust"], []] {
      let taken = try ann.run(["sync", "--from", folder] + trust)
      #expect(taken.status != 0 && taken.status != 70 && taken.errors.contains("not taken"))
    }
    #expect(try ann.run(["notes"]).output.contains("from bob"))
    try ann.run(["note", "from ann"]).expectSuccess()
    try ann.run(["sync", "--to", folder]).expectSuccess()
    _ = try bob.run(["sync", "--from", folder])
    #expect(try bob.run(["notes"]).output.contains("from ann"))
  }
}
