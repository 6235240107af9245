import Foundation
import SQLite
import Testing

/// A machine that lost the file with its key, or what it shows the server: it can be read, and finds back in.
@Suite struct LostKeyTests {
  private func store(_ one: Program) -> String {
    one.home.appending(path: ".local/share/dossier").path
  }

  private func key(_ one: Program) -> String { store(one) + "/device.key" }

  private func lose(_ one: Program) throws {
    try FileManager.default.removeItem(atPath: key(one))
  }

  private func notes(_ one: Program) throws -> [String] {
    try one.run(["notes", "--all", "--limit", "1000", "--fields", "text"]).expectSuccess().output
      .lines.sorted()
  }

  /// All have these notes and no others, and nothing waits or is wrong with any.
  private func expectLevel(
    _ all: [Program], _ expected: [String], sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    for _ in 0..<2 { for one in all { try one.run(["sync"]).expectSuccess() } }
    for one in all {
      #expect(try notes(one) == expected.sorted(), sourceLocation: sourceLocation)
      let synced = try one.run(["sync"]).expectSuccess()
      #expect(
        synced.errors == "sent 0, received 0\n", "\(synced.errors)", sourceLocation: sourceLocation)
      let doctor = try one.run(["doctor"])
      #expect(doctor.status == 0, "\(doctor.output)", sourceLocation: sourceLocation)
      #expect(!(try one.run(["ops"]).output.contains("unknown writer")))
    }
  }

  @Test func withoutItsKeyAStoreIsReadAndNoWordThatIsTypedIsLost() throws {
    let one = try Program(clock: nil, seed: nil)
    defer { try? FileManager.default.removeItem(at: one.home) }
    try one.run(["new", "partnership", "Pact", "--slug", "pact"]).expectSuccess()
    let id = try one.run(["note", "from before", "-p", "pact"]).expectSuccess().output.lines[0]
    let before = try one.run(["export", "--as", "jsonl", "-o", "-"]).expectSuccess().output
    for damage in ["rm device.key", ": > device.key", "head -c 32 /dev/urandom > device.key"] {
      _ = try one.run(["-c", damage], program: "/bin/sh", folder: store(one)).expectSuccess()
      for words in [
        ["notes"], ["find", "before"], ["show", id], ["log", id], ["whoami"], ["ops"], [],
        ["sync", "--status"], ["review"], ["export", "-o", "out"], ["backup", UUID().uuidString],
      ] { try one.run(words).expectSuccess() }
      #expect(try one.run(["export", "--as", "jsonl", "-o", "-"]).output == before)
      let typed = "typed after \(damage)"
      for (words, input) in [
        (["note", typed], ""), (["note", "-"], typed), (["action", typed], ""),
        (["edit", id, "--text", typed], ""), (["take", "--partnership", "pact"], typed + "\n"),
      ] {
        let unsaved = one.home.appending(path: ".local/state/dossier/unsaved")
        try? FileManager.default.removeItem(at: unsaved)
        let refused = try one.run(words, input: input)
        #expect(refused.status == 78, "\(words): \(refused.errors)")
        #expect(refused.errors.contains("the key of this device is lost"), "\(refused.errors)")
        #expect(refused.errors.contains("waits in ~/.local/state/dossier/unsaved/1.txt"))
        #expect(refused.errors.contains("try: dossier doctor --new-key"))
        let kept = try String(contentsOf: unsaved.appending(path: "1.txt"), encoding: .utf8)
        #expect(kept.contains(typed), "\(words)")
      }
      for words in [
        ["set", id, "remark=x"], ["tag", id, "+x"], ["rm", id], ["undo"], ["new", "party", "P"],
        ["sync", "--to", "bundle"],
      ] {
        let refused = try one.run(words)
        #expect(refused.status == 78, "\(words): \(refused.errors)")
        let asked = try one.run(["--json"] + words)
        #expect(asked.errors.contains(#""code":"key-missing""#), "\(words): \(asked.errors)")
      }
      let doctor = try one.run(["doctor"])
      #expect(doctor.status == 1 && doctor.output.contains("BAD  key of this device"))
    }
    #expect(try one.run(["export", "--as", "jsonl", "-o", "-"]).output == before)
  }

  @Test func aKeyThatIsPutBackIsTheKey() throws {
    let one = try Program(clock: nil, seed: nil)
    defer { try? FileManager.default.removeItem(at: one.home) }
    try one.run(["note", "before"]).expectSuccess()
    let writer = try one.run(["whoami", "--json"]).output
    let bytes = try Data(contentsOf: URL(filePath: key(one)))
    try lose(one)
    #expect(try one.run(["note", "between"]).status == 78)
    try bytes.write(to: URL(filePath: key(one)))
    try one.run(["note", "after"]).expectSuccess()
    #expect(try one.run(["whoami", "--json"]).output == writer)
    let refused = try one.run(["doctor", "--new-key"])
    #expect(refused.status == 73 && refused.errors.contains("nothing was changed"))
    #expect(try Data(contentsOf: URL(filePath: key(one))) == bytes)
  }

  /// Nobody but the person says so, and no file that is there is written over.
  @Test func alonePeopleGoOnWithANewKeyWhenTheySaySo() throws {
    let team = try TwoMachines()
    let (ann, bob) = (team.ann, team.bob)
    try ann.run(["note", "before"]).expectSuccess()
    let other = try Data(contentsOf: URL(filePath: key(bob)))
    try other.write(to: URL(filePath: key(ann)))
    #expect(try ann.run(["note", "signed with bob's key"]).status == 78)
    let told = try ann.run(["doctor", "--new-key"]).expectSuccess()
    #expect(told.errors.contains("this machine has a new key"), "\(told.errors)")
    #expect(try Data(contentsOf: URL(filePath: key(ann) + ".1")) == other)
    try ann.run(["note", "after"]).expectSuccess()
    try ann.run(["doctor"]).expectSuccess()
    #expect(try ann.run(["whoami"]).output.hasPrefix("ann on laptop"))
    // Bob is asked once whether he knows her.
    let path = team.home.appending(path: "bundle").path
    try ann.run(["sync", "--to", path]).expectSuccess()
    let unknown = try bob.run(["sync", "--from", path])
    #expect(unknown.status == 77 && unknown.errors.contains("--trust"), "\(unknown.errors)")
    try team.give(ann, bob, trust: true)
    try bob.run(["note", "of bob"]).expectSuccess()
    try team.give(bob, ann)
    for one in [ann, bob] { #expect(try notes(one) == ["after", "before", "of bob"]) }
  }

  /// What it wrote alone under two keys is the team's when it joins.
  @Test func aMachineThatWroteAloneUnderTwoKeysJoinsWithAllItWrote() throws {
    let team = try Team()
    let ann = try team.machine()
    let home = team.folder.appending(path: "alone")
    try FileManager.default.createDirectory(at: home, withIntermediateDirectories: false)
    let bob = try Program(home: home, clock: nil, seed: nil)
    let id = try bob.run(["note", "one two"]).expectSuccess().output.lines[0]
    try lose(bob)
    try bob.run(["doctor", "--new-key"]).expectSuccess()
    try bob.run(["edit", id, "--text", "one two three"]).expectSuccess()
    try lose(bob)
    try bob.run(["join", team.invite("bob")]).expectSuccess()
    try expectLevel([ann, bob], ["one two three"])
  }

  @Test(arguments: [false, true], [false, true])
  func aNewInviteBringsAMachineBackThatLostItsKey(
    _ isEncrypted: Bool, _ isShutOut: Bool
  ) throws {
    let team = try Team(isEncrypted: isEncrypted)
    let ann = try team.machine()
    let bob = try team.machine(code: ann.run(["invite", "bob"]).expectSuccess().output.lines[0])
    let id = try bob.run(["note", "one two"]).expectSuccess().output.lines[0]
    for one in [bob, ann] { try one.run(["sync"]).expectSuccess() }
    try bob.run(["note", "not sent"]).expectSuccess()
    try bob.run(["edit", id, "--text", "one two three"]).expectSuccess()
    try lose(bob)
    if isShutOut {
      let device = try #require(
        ann.run(["access"]).output.lines.first { $0.hasPrefix("bob\t") })
      try ann.run(["revoke", String(device.split(separator: "\t")[2])]).expectSuccess()
    }
    try ann.run(["note", "of ann"]).expectSuccess()
    let code = try ann.run(["invite", "bob"]).expectSuccess().output.lines[0]
    let refused = try bob.run(["note", "typed without a key"])
    #expect(refused.status == 78 && refused.errors.contains("dossier join CODE"))
    let joined = try bob.run(["join", code]).expectSuccess()
    #expect(joined.errors.contains("this machine has a new key"), "\(joined.errors)")
    #expect(joined.errors.contains("written again under a new name") == isShutOut)
    #expect(!joined.errors.contains("refused"), "\(joined.errors)")
    try bob.run(["note", "with the new key"]).expectSuccess()
    try expectLevel([ann, bob], ["one two three", "not sent", "of ann", "with the new key"])
    let new = try team.machine(code: ann.run(["invite", "cleo"]).expectSuccess().output.lines[0])
    try expectLevel([new, ann], ["one two three", "not sent", "of ann", "with the new key"])
    try ann.run(["check", "--data", team.data], program: "dossier-server").expectSuccess()
    let devices = try ann.run(["access", "--all"]).output.lines.filter { $0.hasPrefix("bob\t") }
    #expect(
      devices.count == 2 && devices.filter { $0.hasSuffix("revoked") }.count == (isShutOut ? 1 : 0))
  }

  /// While the server knows the device, what was signed goes up without the key.
  @Test func whatIsSignedAlreadyIsSentWithoutTheKey() throws {
    let team = try Team()
    let ann = try team.machine()
    let bob = try team.machine(code: team.invite("bob"))
    try bob.run(["note", "signed"]).expectSuccess()
    try lose(bob)
    let synced = try bob.run(["sync"]).expectSuccess()
    #expect(
      synced.errors.hasPrefix("sent 1, ")
        && synced.errors.contains("the key of this device is lost"))
    try ann.run(["note", "of ann"]).expectSuccess()
    for one in [ann, bob] { try one.run(["sync"]).expectSuccess() }
    #expect(try notes(ann) == ["of ann", "signed"])
    #expect(try notes(bob) == ["of ann", "signed"])
  }

  /// In the train without an invite: written at once, sent when the team knows the new key.
  @Test func aNewKeyIsTakenWithoutANetworkAndLetInLater() throws {
    let team = try Team()
    let ann = try team.machine()
    let bob = try team.machine(code: team.invite("bob"))
    try bob.run(["note", "signed with the lost key"]).expectSuccess()
    try lose(bob)
    team.stop()
    let told = try bob.run(["doctor", "--new-key"]).expectSuccess()
    #expect(told.errors.contains("ask for an invite"), "\(told.errors)")
    try bob.run(["note", "in the train"]).expectSuccess()
    try team.start()
    let early = try bob.run(["sync"]).expectSuccess()
    #expect(early.errors.contains("the team does not know the new key"), "\(early.errors)")
    try ann.run(["sync"]).expectSuccess()
    #expect(try notes(ann) == ["signed with the lost key"])
    try bob.run(["join", Self.invite("bob", team)]).expectSuccess()
    try expectLevel([ann, bob], ["signed with the lost key", "in the train"])
  }

  private static func invite(_ name: String, _ team: Team) throws -> String {
    try Program(home: team.folder).run(
      ["user", "invite", name, "--data", team.data], program: "dossier-server"
    ).expectSuccess().output.trimmingCharacters(in: .newlines)
  }

  @Test func theRecoveryCodeBringsTheLastMachineBackThatLostItsKey() throws {
    let team = try Team(isEncrypted: true)
    let (ann, recovery) = try team.founder()
    try ann.run(["note", "sent"]).expectSuccess()
    try ann.run(["sync"]).expectSuccess()
    try ann.run(["note", "not sent"]).expectSuccess()
    try lose(ann)
    try ann.run(["join", recovery]).expectSuccess()
    try ann.run(["note", "after"]).expectSuccess()
    let code = try ann.run(["invite", "bob"]).expectSuccess().output.lines[0]
    try expectLevel([ann, team.machine(code: code)], ["sent", "not sent", "after"])
  }

  /// A machine that was lost and found: its key is shut out for ever, its words are not.
  @Test func aMachineThatWasShutOutComesInAgainWithANewKey() throws {
    let team = try Team()
    let ann = try team.machine()
    let bob = try team.machine(code: team.invite("bob"))
    for one in [bob, ann] { try one.run(["sync"]).expectSuccess() }
    try bob.run(["note", "not sent"]).expectSuccess()
    let device = try #require(ann.run(["access"]).output.lines.first { $0.hasPrefix("bob\t") })
    try ann.run(["revoke", String(device.split(separator: "\t")[2])]).expectSuccess()
    let former = try Data(contentsOf: URL(filePath: key(bob)))
    let code = try Self.invite("bob", team)
    let refused = try bob.run(["join", code])
    #expect(refused.status == 77 && refused.errors.contains("try: dossier join CODE --new-key"))
    #expect(try Data(contentsOf: URL(filePath: key(bob))) == former)
    try bob.run(["join", code, "--new-key"]).expectSuccess()
    #expect(try Data(contentsOf: URL(filePath: key(bob) + ".1")) == former)
    try expectLevel([ann, bob], ["not sent"])
  }

  /// The other way round: the key is here, what the server is shown is not.
  @Test func aMachineThatLostItsTokenStaysTheDeviceItIs() throws {
    let team = try Team()
    let ann = try team.machine()
    let bob = try team.machine(code: team.invite("bob"))
    let writer = try bob.run(["whoami", "--json"]).output
    try bob.run(["note", "not sent"]).expectSuccess()
    try Connection(path: store(bob) + "/dossier.db").execute(
      "DELETE FROM setting WHERE name = 'remote.token'")
    try bob.run(["note", "without the token"]).expectSuccess()
    let refused = try bob.run(["sync"])
    #expect(refused.status == 78 && refused.errors.contains("is lost from the store"))
    #expect(refused.errors.contains("what you wrote is kept here"))
    #expect(refused.errors.contains("try: dossier join CODE"))
    try bob.run(["join", Self.invite("bob", team)]).expectSuccess()
    #expect(try bob.run(["whoami", "--json"]).output == writer)
    try expectLevel([ann, bob], ["not sent", "without the token"])
    #expect(try ann.run(["access", "--all"]).output.lines.count == 2)
  }

  /// The program dies anywhere on its way to the new key: the next command finds the old state, or the new one.
  @Test(arguments: [
    ("pwrite64", 9), ("fdatasync,fsync", 1), ("rename,renameat,renameat2", 1), ("unlink", 1),
    ("write,writev,sendto,sendmsg", 1),
  ])
  func aNewKeyWhoseProgramDiesIsTakenByTheNext(_ calls: String, _ stride: Int) throws {
    let team = try Team()
    let ann = try team.machine()
    let bob = try team.machine(code: team.invite("bob"))
    let dossier = Project.programs.appending(path: "dossier").path
    var expected: [String] = []
    var kills = 0
    for point in Swift.stride(from: 1, to: 400, by: stride) {
      expected.append("before point \(point)")
      try bob.run(["note", expected.last!]).expectSuccess()
      try lose(bob)
      let died = try bob.run(
        [
          "-f", "-qq", "-o", "/dev/null", "-e", "trace=\(calls)", "-e",
          "inject=\(calls):signal=SIGKILL:when=\(point)", dossier, "join",
          Self.invite("bob", team),
        ], program: "/usr/bin/strace")
      expected.append("after point \(point)")
      let next = try bob.run(["note", expected.last!])
      if next.status != 0 {
        #expect(next.status == 78, "\(calls) \(point): \(next.errors)")
        try bob.run(["join", Self.invite("bob", team)]).expectSuccess()
        try bob.run(["note", expected.last!]).expectSuccess()
      }
      if died.status == 0 { break }
      kills += 1
    }
    print("kill points: \(kills)")
    #expect(kills > 0)
    try expectLevel([bob, ann], expected)
    try ann.run(["check", "--data", team.data], program: "dossier-server").expectSuccess()
  }
}
