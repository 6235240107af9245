import ChangeLog
import Testing

@Suite("Every log judges each changeset by itself")
struct ChangesetLogContractVerdictTests {
  @Test("What was refused does not block what follows", arguments: LogBody.allCases)
  func refusedDoesNotBlock(body: LogBody) throws {
    let log = try body.make()
    var ann = try Author(1)
    var bob = try Author(2)
    var foreign = try Author(3, in: WorkspaceID(high: 2, low: 2))
    let gap = try ann.write(count: 2)[1]
    let request = SyncRequest(
      workspace: log.workspace, cursor: .start, own: ann.head,
      changesets: [
        [1, 2, 3], try foreign.write().bytes, gap.bytes,
        [UInt8](repeating: 1, count: Changeset.maximumSize + 1), [], try bob.write().bytes,
      ])
    let response = try log.answer(request, from: "v-1") { _, _ in nil }
    #expect(
      response.verdicts == [
        .refused(.malformed), .refused(.otherWorkspace), .refused(.gap), .refused(.tooLarge),
        .refused(.malformed), .accepted(position: 1),
      ])
  }

  @Test("A second changeset under one number is a fork", arguments: LogBody.allCases)
  func forked(body: LogBody) throws {
    let log = try body.make()
    var ann = try Author(1)
    _ = try log.exchange([try ann.write()])
    var copy = ann
    _ = try log.exchange([try ann.write("one"), try ann.write("two")])
    // The copy's changesets come later: one with a taken number, one that continues it.
    let forks = [try copy.write("other"), try copy.write("more"), try copy.write("and more")]
    #expect(
      try log.exchange(forks).verdicts == [
        .refused(.forked), .refused(.forked), .refused(.forked),
      ])
    #expect(try log.exchange([try ann.write()]).verdicts == [.accepted(position: 4)])
  }

  @Test("Nothing is taken before what it was built on", arguments: LogBody.allCases)
  func causes(body: LogBody) throws {
    let log = try body.make()
    var ann = try Author(1)
    var copy = ann
    var bob = try Author(2)
    let (one, other) = (try ann.write("one"), try copy.write("other"))
    let built = try bob.write(having: [other])
    // A cause that never came; one that was another branch of a copied store; and the right one.
    #expect(try log.exchange([built]).verdicts == [.refused(.gap)])
    #expect(
      try log.exchange([one, built]).verdicts == [.accepted(position: 1), .refused(.gap)])
    var cem = try Author(3)
    #expect(
      try log.exchange([cem.write(having: [one])]).verdicts == [.accepted(position: 2)])
  }

  @Test("A wrong signature is refused, alone or at the end of a run", arguments: LogBody.allCases)
  func badSignature(body: LogBody) throws {
    let log = try body.make()
    var ann = try Author(1)
    var bob = try Author(2)
    let stranger = try Author(9).key
    let good = try ann.write()
    let bad = try ann.write("forged", signedBy: stranger)
    let forged = try bob.write("forged", signedBy: stranger)
    #expect(
      try log.exchange([good, bad, forged]).verdicts == [
        .accepted(position: 1), .refused(.badSignature), .refused(.badSignature),
      ])
    #expect(try log.writer(bob.head.writer) == nil)
  }

  @Test(
    "The first changeset of another branch is kept as a proof, a forged one is not",
    arguments: LogBody.allCases)
  func fork(body: LogBody) throws {
    let log = try body.make()
    var ann = try Author(1)
    var copy = ann
    var forger = ann
    _ = try log.exchange(ann.write(count: 2))
    let forged = try forger.write("forged", signedBy: Author(9).key)
    #expect(try log.exchange([forged]).verdicts == [.refused(.forked)])
    #expect(try log.fork(of: ann.head.writer) == nil)
    let branch = try [copy.write("other"), copy.write("branch")]
    #expect(try log.exchange(branch).verdicts == [.refused(.forked), .refused(.forked)])
    #expect(try log.fork(of: ann.head.writer) == branch[0].bytes)
    #expect(try log.head().position == 2)
  }

  @Test("A name under another's key is not readable", arguments: LogBody.allCases)
  func stolenName(body: LogBody) throws {
    let log = try body.make()
    let ann = try Author(1)
    let thief = try Author(2)
    let header = Header(
      workspace: log.workspace, writer: ann.head.writer, sequence: 1, previous: .zero,
      clock: Timestamp(milliseconds: 1),
      introduction: Introduction(key: thief.key.publicKey, salt: ann.introduction.salt))
    let stolen = try Changeset(
      header: header, body: Body(intent: "note", operations: []), key: thief.key)
    #expect(try log.exchange([stolen]).verdicts == [.refused(.malformed)])
  }

  @Test("The gate decides by the writer's key", arguments: LogBody.allCases)
  func gate(body: LogBody) throws {
    let log = try body.make()
    var ann = try Author(1)
    var bob = try Author(2)
    var eve = try Author(3)
    let keys = (bob: bob.key.publicKey, eve: eve.key.publicKey)
    let response = try log.exchange([try eve.write(), try bob.write(), try ann.write()]) { key, _ in
      key == keys.bob ? .readOnly : key == keys.eve ? .notEnrolled : nil
    }
    #expect(
      response.verdicts == [
        .refused(.notEnrolled), .refused(.readOnly), .accepted(position: 1),
      ])
  }

  @Test("What is in the log stays when its writer is shut out", arguments: LogBody.allCases)
  func acceptedStays(body: LogBody) throws {
    let log = try body.make()
    var ann = try Author(1)
    let old = try ann.write()
    _ = try log.exchange([old])
    let response = try log.exchange([old, try ann.write()]) { _, _ in .notEnrolled }
    #expect(response.verdicts == [.accepted(position: 1), .refused(.notEnrolled)])
  }
}
