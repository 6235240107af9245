internal import Crypto
internal import NIOCore
internal import NIOSSL
internal import SwiftASN1
internal import Synchronization
internal import X509

/// The certificate a server shows and its key: two PEM files, which may be replaced while it runs.
public final class ServerCertificate: Sendable {
  public struct Files: Hashable, Sendable {
    /// The server's certificate first, then those that lead to one that clients trust.
    public let certificate: String
    /// Not encrypted; nobody but the server reads it.
    public let key: String

    public init(certificate: String, key: String) {
      self.certificate = certificate
      self.key = key
    }
  }

  public enum Failure: Error, Equatable, Sendable {
    /// A file is missing or is not PEM.
    case unreadable(String)
    /// The key is not the certificate's.
    case mismatch
  }

  private let files: Files
  private let shown: Mutex<Shown>

  private struct Shown {
    let chain: [NIOSSLCertificate]
    let key: NIOSSLPrivateKey
  }

  public init(_ files: Files) throws(Failure) {
    self.files = files
    shown = Mutex(try Self.read(files))
  }

  /// Reads the files again, for every connection from now on. After an error the former certificate stays.
  public func reload() throws(Failure) {
    let read = try Self.read(files)
    shown.withLock { $0 = read }
  }

  /// SHA-256 of the public key, as an invite carries it; nil when somebody else vouches for the certificate.
  public var pin: [UInt8]? {
    let chain = shown.withLock { $0.chain }
    guard chain.count == 1, Self.isSelfSigned(chain[0]),
      let key = try? chain[0].extractPublicKey().toSPKIBytes()
    else { return nil }
    return Array(SHA256.hash(data: key))
  }

  /// The last second it is good for, since 1970.
  public var expires: Int { shown.withLock { Int($0.chain[0].notValidAfter) } }

  /// What a server tells TLS: version 1.2 or newer, and the certificate as it is at the moment of each hello.
  var configuration: TLSConfiguration {
    let first = shown.withLock { $0 }
    var configuration = TLSConfiguration.makeServerConfiguration(
      certificateChain: first.chain.map { .certificate($0) }, privateKey: .privateKey(first.key))
    configuration.minimumTLSVersion = .tlsv12
    configuration.applicationProtocols = ["http/1.1"]
    configuration.sslContextCallback = { [self] _, promise in
      let present = shown.withLock { $0 }
      var override = NIOSSLContextConfigurationOverride()
      override.certificateChain = present.chain.map { .certificate($0) }
      override.privateKey = .privateKey(present.key)
      promise.succeed(override)
    }
    return configuration
  }

  private static func read(_ files: Files) throws(Failure) -> Shown {
    let shown: Shown
    do {
      let chain = try NIOSSLCertificate.fromPEMFile(files.certificate)
      guard !chain.isEmpty else { throw Failure.unreadable(files.certificate) }
      let key: NIOSSLPrivateKey
      do { key = try NIOSSLPrivateKey(file: files.key, format: .pem) } catch {
        throw Failure.unreadable(files.key)
      }
      shown = Shown(chain: chain, key: key)
    } catch let failure as Failure { throw failure } catch { throw .unreadable(files.certificate) }
    let trial = TLSConfiguration.makeServerConfiguration(
      certificateChain: shown.chain.map { .certificate($0) }, privateKey: .privateKey(shown.key))
    do { _ = try NIOSSLContext(configuration: trial) } catch { throw .mismatch }
    return shown
  }

  /// Whether it names itself as its issuer: then nobody else vouches for it.
  private static func isSelfSigned(_ certificate: NIOSSLCertificate) -> Bool {
    guard let bytes = try? certificate.toDERBytes(),
      let read = try? Certificate(derEncoded: bytes)
    else { return false }
    return read.issuer == read.subject
  }
}
