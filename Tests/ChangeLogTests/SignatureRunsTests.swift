import Testing

@testable import ChangeLog

/// One check of a signature vouches for a whole run, and for nothing more than that.
@Suite struct SignatureRunsTests {
  private let note = EntityID(high: 1, low: 1)
  private let run: [Changeset]
  private let key: DeviceKey

  init() throws {
    key = try DeviceKey(seed: Array(repeating: 1, count: 32))
    var author = Author(key: key)
    for number in 1...4 {
      try author.write(
        Operation(entity: note, kind: 1, .put(1, .int(Int64(number)), replacing: [])))
    }
    run = author.log
  }

  /// Which of `changesets`, all in one batch, are signed by a key.
  private func verdicts(
    _ changesets: [Changeset], in batch: [Changeset]? = nil, by other: PublicKey? = nil
  ) -> [Bool] {
    var runs = SignatureRuns(batch ?? changesets)
    return changesets.map { runs.isSigned($0, by: other ?? key.publicKey) }
  }

  @Test func allOfAGoodRunAreGoodAlsoInPiecesAndTwice() {
    #expect(verdicts(run) == [true, true, true, true])
    #expect(verdicts(run + run) == Array(repeating: true, count: 8))
    #expect(verdicts(run.reversed()) == [true, true, true, true])
    #expect(verdicts([run[0], run[2], run[3]]) == [true, true, true])
  }

  @Test func tamperingWithAnyByteOfAnyChangesetOfARunIsFound() throws {
    for place in run.indices {
      for index in run[place].bytes.indices {
        var bytes = run[place].bytes
        bytes[index] ^= 1 << UInt8(index % 8)
        guard let tampered = try? Changeset(bytes: bytes) else { continue }
        var changesets = run
        changesets[place] = tampered
        var expected = [true, true, true, true]
        expected[place] = false
        let isFound = verdicts(changesets) == expected
        #expect(isFound, "changeset \(place), byte \(index)")
      }
    }
  }

  @Test func aSignatureOfAnotherKeyVouchesForNothing() throws {
    let none = Array(repeating: false, count: 4)
    let other = try DeviceKey(seed: Array(repeating: 2, count: 32)).publicKey
    #expect(verdicts(run, by: other) == none)
    // Bytes that are no key at all verify nothing.
    #expect(verdicts(run, by: PublicKey(bytes: Array(repeating: 0xff, count: 32))) == none)
  }

  @Test func twoWritersBetweenEachOtherKeepTheirRuns() throws {
    let otherKey = try DeviceKey(seed: Array(repeating: 2, count: 32))
    var other = Author(key: otherKey)
    for number in 1...4 {
      try other.write(Operation(entity: note, kind: 1, .add(1, .int(Int64(number)))))
    }
    let mixed = zip(run, other.log).flatMap { [$0, $1] }
    let all = Array(repeating: true, count: 4)
    #expect(verdicts(run, in: mixed) == all)
    #expect(verdicts(other.log, in: mixed, by: otherKey.publicKey) == all)
    #expect(verdicts(other.log, in: mixed) == all.map { _ in false })
  }
}
