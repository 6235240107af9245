import Testing

@testable import ChangeLog

/// What is sealed is read with its key, and with nothing else.
struct SealingTests {
  private let device = try! DeviceKey(seed: [UInt8](repeating: 5, count: 32))
  private let epoch = EpochKey(bytes: Array(0..<32))
  private let salt = [UInt8](repeating: 9, count: EpochKey.saltSize)
  private let canary = "the minister will not sign"

  private func sealed(_ salt: [UInt8]? = nil) throws -> Changeset {
    let introduction = Introduction(key: device.publicKey, salt: ID(high: 1, low: 2))
    let header = Header(
      workspace: ID(high: 3, low: 4), writer: introduction.writer, sequence: 1, previous: .zero,
      clock: Timestamp(milliseconds: 1000), epoch: 2, introduction: introduction)
    let body = Body(
      intent: "note",
      operations: [
        Operation(
          entity: ID(high: 5, low: 6), kind: 1,
          .put(1, .text(Text(canary)), replacing: []))
      ])
    return try Changeset(header: header, body: body, key: device, seal: (epoch, salt ?? self.salt))
  }

  private func ring(_ number: UInt64, _ key: EpochKey) -> Keyring {
    var keys = Keyring()
    keys.add(key, of: number, seals: true)
    return keys
  }

  private func holds(_ bytes: [UInt8], _ words: String) -> Bool {
    let words = Array(words.utf8)
    return bytes.indices.dropLast(words.count).contains {
      bytes[$0..<$0 + words.count].elementsEqual(words)
    }
  }

  @Test func aSealedBodyIsReadWithItsKeyOnly() throws {
    let changeset = try Changeset(bytes: sealed().bytes)
    #expect(changeset.isSigned(by: device.publicKey))
    #expect(try changeset.decodedBody(ring(2, epoch)).intent == "note")
    #expect(throws: FormatError.sealed(epoch: 2)) { try changeset.decodedBody() }
    #expect(throws: FormatError.sealed(epoch: 2)) { try changeset.decodedBody(ring(1, epoch)) }
    let other = EpochKey(bytes: Array(1..<33))
    #expect(throws: FormatError.self) { try changeset.decodedBody(ring(2, other)) }
    var both = ring(2, other)
    both.add(epoch, of: 2, seals: false)
    #expect(try changeset.decodedBody(both).intent == "note")
    #expect(!holds(changeset.bytes, canary))
    #expect(!holds(changeset.bytes, "note"))
  }

  @Test func noByteOfItCanBeAnother() throws {
    let bytes = try sealed().bytes
    let keys = ring(2, epoch)
    // All but the signature, which the seal does not cover.
    for place in bytes.indices.dropLast(Signature.size) {
      var changed = bytes
      changed[place] ^= 1
      #expect(throws: (any Error).self) { try Changeset(bytes: changed).decodedBody(keys) }
    }
  }

  @Test func oneMessageIsNeverSealedTheSameWayTwice() throws {
    let other = try sealed([UInt8](repeating: 8, count: EpochKey.saltSize))
    #expect(try other.body.dropFirst(16) != sealed().body.dropFirst(16))
    // With one salt too, the next changeset has another key.
    let message = Array(canary.utf8)
    let first = try epoch.seal(message, salt: salt, for: [1], with: [])
    let second = try epoch.seal(message, salt: salt, for: [2], with: [])
    #expect(first != second)
    #expect(epoch.open(first, for: [2], with: []) == nil)
    #expect(epoch.open(first, for: [1], with: [0]) == nil)
    #expect(epoch.open(first, for: [1], with: []) == message)
    #expect(epoch.open([], for: [1], with: []) == nil)
  }

  @Test func aKeySealedToADeviceIsOpenedByItAlone() throws {
    let box = try device.sealingKey.seal(epoch.bytes, for: [7])
    #expect(box.count == SealingKey.boxSize)
    #expect(device.open(box, for: [7]) == epoch.bytes)
    #expect(device.open(box, for: [8]) == nil)
    #expect(try DeviceKey(seed: epoch.bytes).open(box, for: [7]) == nil)
    for place in box.indices {
      var changed = box
      changed[place] ^= 1
      #expect(device.open(changed, for: [7]) == nil)
    }
    #expect(device.open([], for: [7]) == nil)
    #expect(throws: FormatError.self) {
      try SealingKey(bytes: [UInt8](repeating: 0, count: 32)).seal(epoch.bytes, for: [7])
    }
  }
}
