import Crypto

/// Ed25519 (RFC 8032), over a changeset's bytes up to the signature.
public enum Signature {
  /// In bytes.
  public static let size = 64
}

/// The secret of a device. Made on the device from 32 random bytes; never leaves it.
public struct DeviceKey: Sendable {
  private let key: Curve25519.Signing.PrivateKey

  /// - Throws: ``FormatError/invalid(_:)`` when there are not 32 bytes.
  public init(seed: [UInt8]) throws(FormatError) {
    do { key = try Curve25519.Signing.PrivateKey(rawRepresentation: seed) } catch {
      throw .invalid("a device key has 32 bytes")
    }
  }

  public var seed: [UInt8] { Array(key.rawRepresentation) }

  public var publicKey: PublicKey { PublicKey(bytes: Array(key.publicKey.rawRepresentation)) }

  public func sign(_ bytes: [UInt8]) throws -> [UInt8] { Array(try key.signature(for: bytes)) }
}

/// What others check a device's signatures with.
public struct PublicKey: Hashable, Sendable {
  public static let size = 32

  public let bytes: [UInt8]

  /// - Precondition: 32 bytes. Bytes that are no point of the curve verify nothing.
  public init(bytes: [UInt8]) {
    precondition(bytes.count == Self.size)
    self.bytes = bytes
  }

  /// What a device with this key is called: "v-" and 16 characters of base32, the beginning of the key's SHA-256.
  public var deviceID: String { "v-" + Base32.encode(Array(Digest(of: bytes).bytes.prefix(10))) }

  func verify(signature: some Collection<UInt8>, of message: some Collection<UInt8>) -> Bool {
    guard let key = try? Curve25519.Signing.PublicKey(rawRepresentation: bytes) else {
      return false
    }
    return key.isValidSignature(Array(signature), for: Array(message))
  }
}
