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

  private func verdicts(_ changesets: [Changeset]) -> [Bool] {
    var runs = SignatureRuns(changesets)
    return changesets.map { runs.isSigned($0, by: key.publicKey) }
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
    var runs = SignatureRuns(run)
    let other = try DeviceKey(seed: Array(repeating: 2, count: 32)).publicKey
    for changeset in run { #expect(!runs.isSigned(changeset, by: other)) }
    // Bytes that are no key at all verify nothing.
    runs = SignatureRuns(run)
    let none = PublicKey(bytes: Array(repeating: 0xff, count: 32))
    for changeset in run { #expect(!runs.isSigned(changeset, by: none)) }
  }

  @Test func twoWritersBetweenEachOtherKeepTheirRuns() throws {
    let otherKey = try DeviceKey(seed: Array(repeating: 2, count: 32))
    var other = Author(key: otherKey)
    for number in 1...4 {
      try other.write(Operation(entity: note, kind: 1, .add(1, .int(Int64(number)))))
    }
    let mixed = zip(run, other.log).flatMap { [$0, $1] }
    var runs = SignatureRuns(mixed)
    for changeset in run { #expect(runs.isSigned(changeset, by: key.publicKey)) }
    for changeset in other.log { #expect(runs.isSigned(changeset, by: otherKey.publicKey)) }
    for changeset in other.log { #expect(!SignatureRuns.isAlone(changeset, key.publicKey)) }
  }
}

extension SignatureRuns {
  fileprivate static func isAlone(_ changeset: Changeset, _ key: PublicKey) -> Bool {
    var runs = SignatureRuns([changeset])
    return runs.isSigned(changeset, by: key)
  }
}
