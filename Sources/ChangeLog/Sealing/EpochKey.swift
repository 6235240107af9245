import Crypto

/// The secret that seals what is written in one epoch of a workspace: 32 random bytes.
///
/// An epoch lasts from one change of who may read to the next.
public struct EpochKey: Hashable, Sendable {
  /// In bytes.
  public static let size = 32
  /// Of the random bytes in front of everything sealed, in bytes.
  public static let saltSize = 16
  /// Of a key that another one seals, in bytes.
  static let sealedSize = saltSize + size + tagSize
  /// Of the mark at its end that shows a change, in bytes.
  private static let tagSize = 16

  public let bytes: [UInt8]

  /// - Precondition: 32 bytes.
  public init(bytes: [UInt8]) {
    precondition(bytes.count == Self.size)
    self.bytes = bytes
  }

  /// What shows that two hold the same key, and tells nothing of it.
  var commitment: Digest { Digest(of: Array("dossier epoch 1".utf8) + bytes) }

  /// Seals with a key for this one message, made of the epoch's, the salt and the context (HKDF-SHA256,
  /// ChaCha20-Poly1305).
  ///
  /// - Parameters:
  ///   - salt: 16 random bytes. No two messages may have one salt and one context.
  ///   - context: what the message is for; part of its key.
  ///   - header: goes with it in the clear and cannot be changed.
  func seal(
    _ message: [UInt8], salt: [UInt8], for context: [UInt8], with header: [UInt8]
  ) throws -> [UInt8] {
    precondition(salt.count == Self.saltSize)
    let box = try ChaChaPoly.seal(
      message, using: messageKey(salt, context), nonce: Self.nonce, authenticating: header)
    return salt + Array(box.ciphertext) + Array(box.tag)
  }

  /// - Returns: nil when it was not sealed with this key for this context and header.
  func open(_ sealed: [UInt8], for context: [UInt8], with header: [UInt8]) -> [UInt8]? {
    guard sealed.count >= Self.saltSize + Self.tagSize else { return nil }
    let key = messageKey(Array(sealed.prefix(Self.saltSize)), context)
    guard
      let box = try? ChaChaPoly.SealedBox(
        nonce: Self.nonce, ciphertext: sealed.dropFirst(Self.saltSize).dropLast(Self.tagSize),
        tag: sealed.suffix(Self.tagSize)),
      let message = try? ChaChaPoly.open(box, using: key, authenticating: header)
    else { return nil }
    return Array(message)
  }

  /// Each key seals one message only, so the nonce need not differ.
  private static let nonce = try! ChaChaPoly.Nonce(data: [UInt8](repeating: 0, count: 12))

  private func messageKey(_ salt: [UInt8], _ context: [UInt8]) -> SymmetricKey {
    HKDF<SHA256>.deriveKey(
      inputKeyMaterial: SymmetricKey(data: bytes), salt: salt, info: context, outputByteCount: 32)
  }
}
