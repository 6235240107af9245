import Testing

@testable import ChangeLog

/// Bundles: what travels without a network.
@Suite struct BundleTests {
  private func bundle(_ dice: inout Dice) throws -> (Bundle, [UInt8]) {
    let key = dice.key()
    var held = VersionVector()
    for _ in 0..<dice.below(4) { held[dice.id(Writer.self)] = 1 + dice.number(bits: 52) }
    let bundle = Bundle(
      workspace: dice.id(), key: key.publicKey, writer: dice.id(), maker: dice.text(), held: held,
      changesets: (0..<dice.below(4)).map { _ in dice.bytes(dice.below(60)) })
    return (bundle, try bundle.encoded(signedBy: key))
  }

  @Test func aBundleReadsBackAsWhatWasWritten() throws {
    for seed in 0..<200 as Range<UInt64> {
      var dice = Dice(seed)
      let (bundle, bytes) = try bundle(&dice)
      #expect(try Bundle(decoding: bytes) == bundle)
    }
  }

  @Test func aBundleChangedInAnyByteIsRefused() throws {
    var dice = Dice(5)
    let (_, bytes) = try bundle(&dice)
    for place in bytes.indices {
      var changed = bytes
      changed[place] ^= 1 << UInt8(dice.below(8))
      #expect(throws: FormatError.self, "byte \(place)") { try Bundle(decoding: changed) }
    }
    for length in 0..<bytes.count {
      #expect(throws: FormatError.self, "cut at \(length)") {
        try Bundle(decoding: Array(bytes.prefix(length)))
      }
    }
    #expect(throws: FormatError.self) { try Bundle(decoding: bytes + [0]) }
  }
}
