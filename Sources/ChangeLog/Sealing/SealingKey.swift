import Crypto
import FoundationEssentials

/// What others seal a secret to a device with (X25519); the device's half follows from its ``DeviceKey``.
public struct SealingKey: Hashable, Comparable, Sendable {
  public static let size = 32

  public let bytes: [UInt8]

  /// - Precondition: 32 bytes. To bytes that are no point of the curve nothing can be sealed.
  public init(bytes: [UInt8]) {
    precondition(bytes.count == Self.size)
    self.bytes = bytes
  }

  public static func < (a: Self, b: Self) -> Bool { a.bytes.lexicographicallyPrecedes(b.bytes) }

  static let suite = HPKE.Ciphersuite.Curve25519_SHA256_ChachaPoly
  /// Of what ``seal(_:for:)`` gives for an ``EpochKey``, in bytes.
  static let boxSize = encapsulatedSize + EpochKey.size + 16
  /// Of the sender's half in front of it, in bytes.
  fileprivate static let encapsulatedSize = 32

  /// Seals a secret to whoever holds the other half (HPKE base mode, RFC 9180).
  ///
  /// - Throws: ``FormatError/invalid(_:)`` when these bytes are no key.
  func seal(_ secret: [UInt8], for context: [UInt8]) throws -> [UInt8] {
    do {
      let key = try Curve25519.KeyAgreement.PublicKey(rawRepresentation: bytes)
      guard try Self.isSound(key) else { throw FormatError.invalid("a key of low order") }
      var sender = try HPKE.Sender(recipientKey: key, ciphersuite: Self.suite, info: .init(context))
      return Array(sender.encapsulatedKey) + Array(try sender.seal(secret))
    } catch { throw FormatError.invalid("nothing can be sealed to this key") }
  }
}

extension SealingKey {
  /// With a key of low order the shared secret is zero whatever the other half: everybody could open what is sealed to it
  /// (RFC 9180, 7.1.4). The library does not refuse it.
  private static func isSound(_ key: Curve25519.KeyAgreement.PublicKey) throws -> Bool {
    let secret = try Curve25519.KeyAgreement.PrivateKey().sharedSecretFromKeyAgreement(with: key)
    return secret.withUnsafeBytes { $0.contains { $0 != 0 } }
  }
}

extension DeviceKey {
  /// From the same seed as the key that signs, by HKDF-SHA256.
  private var agreement: Curve25519.KeyAgreement.PrivateKey {
    let secret = HKDF<SHA256>.deriveKey(
      inputKeyMaterial: SymmetricKey(data: seed), info: Array("dossier sealing 1".utf8),
      outputByteCount: 32)
    // Every 32 bytes are a secret key of this curve.
    return try! Curve25519.KeyAgreement.PrivateKey(
      rawRepresentation: secret.withUnsafeBytes { Array($0) })
  }

  public var sealingKey: SealingKey {
    SealingKey(bytes: Array(agreement.publicKey.rawRepresentation))
  }

  /// - Returns: nil when it was not sealed to this device for this context.
  func open(_ box: [UInt8], for context: [UInt8]) -> [UInt8]? {
    guard box.count > SealingKey.encapsulatedSize,
      var recipient = try? HPKE.Recipient(
        privateKey: agreement, ciphersuite: SealingKey.suite, info: .init(context),
        encapsulatedKey: .init(box.prefix(SealingKey.encapsulatedSize))),
      let secret = try? recipient.open(box.dropFirst(SealingKey.encapsulatedSize))
    else { return nil }
    return Array(secret)
  }
}
