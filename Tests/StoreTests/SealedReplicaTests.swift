import ChangeLog
import ReplicaStore
import SQLite
import Testing

/// Replicas of a workspace whose bodies are sealed.
struct SealedReplicaTests {
  private let first = EpochKey(bytes: Array(1...32))
  private let second = EpochKey(bytes: Array(2...33))
  private let note = EntityID(high: 1, low: 1)
  private let canary = "the minister will not sign"

  private func log(of replica: TestReplica) throws -> [Changeset] {
    try replica.replica.connection.all("SELECT bytes FROM changeset ORDER BY number") {
      try Changeset(bytes: $0.blob(0))
    }
  }

  @Test func whatIsWrittenIsSealedWithTheNewestKey() throws {
    let ann = try TestReplica(1)
    try ann.replica.keep([1: first], sealingWith: 1)
    try ann.put(1, .text(Text(canary)), on: note)
    try ann.replica.keep([2: second], sealingWith: 2)
    try ann.put(1, .text(Text(canary + " twice")), on: note)
    #expect(try log(of: ann).map(\.header.epoch) == [1, 2])
    for changeset in try log(of: ann) {
      #expect(!String(decoding: changeset.bytes, as: UTF8.self).contains(canary))
    }
    try ann.replica.rebuild()
    #expect(
      try ann.replica.state(of: note)?[1]?.alive.map(\.value) == [
        .text(Text(canary + " twice"))
      ])
    #expect(try ann.replica.deviations().isEmpty)
    try ann.replica.checkLog()
  }

  @Test func whatCameBeforeItsKeyIsAppliedWhenTheKeyComes() throws {
    let ann = try TestReplica(1)
    try ann.replica.keep([1: first], sealingWith: 1)
    try ann.put(1, .text(Text(canary)), on: note)
    try ann.replica.keep([2: second], sealingWith: 2)
    try ann.put(1, .text(Text("signed after all")), on: note)
    let bob = try TestReplica(2)
    try bob.replica.keep([1: first], sealingWith: 1)
    let received = try bob.replica.receive(log(of: ann))
    #expect(received.applied == 1 && received.quarantined.isEmpty)
    #expect(try bob.replica.state(of: note)?[1]?.alive.map(\.value) == [.text(Text(canary))])
    #expect(try bob.replica.keep([2: second], sealingWith: 2).applied == 1)
    #expect(
      try bob.replica.state(of: note)?[1]?.alive.map(\.value) == [.text("signed after all")])
    #expect(try bob.replica.deviations().isEmpty)
  }

  /// There can be two of one epoch, and the other one may come yet.
  @Test func whatIsSealedWithAnotherKeyThanItsEpochsWaitsForThat() throws {
    let ann = try TestReplica(1)
    try ann.replica.keep([1: second], sealingWith: 1)
    try ann.put(1, .text(Text(canary)), on: note)
    let bob = try TestReplica(2)
    try bob.replica.keep([1: first], sealingWith: 1)
    let received = try bob.replica.receive(log(of: ann))
    #expect(received.quarantined.isEmpty && received.applied == 0)
    #expect(try bob.replica.waitingCount() == 1)
    #expect(try bob.replica.keep([1: second], sealingWith: nil).applied == 1)
    #expect(try bob.replica.state(of: note)?[1]?.alive.map(\.value) == [.text(Text(canary))])
    #expect(try bob.replica.keyring().current?.key == first)
  }

  /// Nobody could ever read it, and all that is built on it would wait for ever.
  @Test func whatIsSealedWhereNothingIsGoesToQuarantine() throws {
    let ann = try TestReplica(1)
    try ann.replica.keep([1: first], sealingWith: 1)
    try ann.put(1, .text(Text(canary)), on: note)
    let bob = try TestReplica(2)
    #expect(try bob.replica.receive(log(of: ann)).quarantined.map(\.reason) == [.malformed])
    #expect(try bob.replica.waitingCount() == 0)
  }

  @Test func whatIsNotSealedWhereAllIsGoesToQuarantine() throws {
    let ann = try TestReplica(1)
    try ann.put(1, .text(Text(canary)), on: note)
    let bob = try TestReplica(2)
    try bob.replica.keep([1: first], sealingWith: 1)
    #expect(try bob.replica.receive(log(of: ann)).quarantined.map(\.reason) == [.malformed])
    #expect(try bob.replica.state(of: note) == nil)
  }

  /// After a server was set back an epoch can have begun twice.
  @Test func ofTwoKeysOfOneEpochBothRead() throws {
    let (ann, bob, cleo) = (try TestReplica(1), try TestReplica(2), try TestReplica(3))
    try ann.replica.keep([1: first], sealingWith: 1)
    try ann.put(1, .text(Text(canary)), on: note)
    try bob.replica.keep([1: second], sealingWith: 1)
    try bob.put(2, .text("signed"), on: note)
    try cleo.replica.keep([1: first], sealingWith: 1)
    try cleo.replica.keep([1: second], sealingWith: 1)
    #expect(try cleo.replica.receive(log(of: ann) + log(of: bob)).applied == 2)
    #expect(try cleo.replica.keyring().current?.key == second)
  }

  @Test func whatWasWrittenInTheClearIsSealedWhenItEntersAnEncryptedWorkspace() throws {
    let ann = try TestReplica(1)
    try ann.put(1, .text(Text(canary)), on: note)
    try ann.replica.join(WorkspaceID(high: 8, low: 8), holding: [3: first])
    #expect(try log(of: ann).map(\.header.epoch) == [3])
    #expect(
      try ann.replica.state(of: note)?[1]?.alive.map(\.value) == [.text(Text(canary))])
  }
}
