internal import AsyncHTTPClient
internal import ChangeLog
internal import NIOCore
internal import NIOPosix
internal import NIOSSL

/// How a server proves who it is.
public enum ServerTrust: Hashable, Sendable {
  /// Somebody this machine trusts vouches for its certificate, and for its name: the system's authorities, or those in
  /// a PEM file.
  case authorities(file: String?)
  /// It holds the key with this SHA-256, as the invite said. Nobody else is believed, whoever vouches for them.
  case pinned([UInt8])

  /// - Parameters:
  ///   - pin: of an invite; empty for none.
  ///   - authorities: a PEM file of authorities in the place of the system's.
  public init(pin: [UInt8], authorities: String?) {
    self = pin.isEmpty ? .authorities(file: authorities) : .pinned(pin)
  }
}

extension ServerTrust {
  /// What TLS is told: version 1.2 or newer, and whom to believe.
  ///
  /// - Throws: ``SyncError/untrusted(address:reason:)`` when a pinned server shows another key.
  func configuration(for address: ServerAddress) async throws -> TLSConfiguration {
    var configuration = TLSConfiguration.makeClientConfiguration()
    configuration.minimumTLSVersion = .tlsv12
    guard address.isEncrypted else { return configuration }
    let pin: [UInt8]
    switch self {
    case .authorities(let file):
      if let file { configuration.trustRoots = .file(file) }
      return configuration
    case .pinned(let key): pin = key
    }
    let shown = try await ShownCertificate(of: address)
    guard try shown.pin == pin else {
      throw SyncError.untrusted(
        address: address.text, reason: "it shows another key than the invite said")
    }
    // The very certificate, so its name says nothing more. That its holder has the key is for the handshake to prove.
    configuration.trustRoots = .certificates([shown.certificate])
    configuration.certificateVerification = .noHostnameVerification
    return configuration
  }

  /// Why a handshake failed, as far as the certificate says.
  func reason(_ failure: any Error, for address: ServerAddress, now: Int) async -> String? {
    guard address.isEncrypted, Self.isOfTLS(failure) else { return nil }
    let shown: ShownCertificate
    do { shown = try await ShownCertificate(of: address) } catch {
      return "it speaks no TLS 1.2 or newer"
    }
    let certificate = shown.certificate
    if certificate.notValidAfter < now { return "its certificate has expired" }
    if certificate.notValidBefore > now {
      return "its certificate is not valid yet; is the clock here right?"
    }
    if failure is NIOSSLExtraError { return "its certificate is for another name" }
    if case .pinned = self { return "it shows another key than the invite said" }
    return "nobody this machine trusts vouches for its certificate"
  }

  private static func isOfTLS(_ error: any Error) -> Bool {
    switch error {
    case is NIOSSLError, is NIOSSLExtraError, is BoringSSLError: true
    case let error as HTTPClientError: error == .tlsHandshakeTimeout
    default: false
    }
  }
}

/// The certificate a server shows, whoever it is. It is asked for and nothing else is sent.
private struct ShownCertificate {
  let certificate: NIOSSLCertificate

  /// SHA-256 of its public key.
  var pin: [UInt8] {
    get throws { Digest(of: try certificate.extractPublicKey().toSPKIBytes()).bytes }
  }

  init(of address: ServerAddress) async throws {
    var configuration = TLSConfiguration.makeClientConfiguration()
    configuration.minimumTLSVersion = .tlsv12
    let context = try NIOSSLContext(configuration: configuration)
    let loop = HTTPClient.defaultEventLoopGroup.next()
    let found = loop.makePromise(of: NIOSSLCertificate.self)
    let (host, port) = address.place
    let bootstrap = ClientBootstrap(group: loop)
      .connectTimeout(HTTPRemote.connectTimeout)
      .channelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          let handler = try NIOSSLClientHandler(
            context: context, serverHostname: address.isName ? host : nil,
            customVerificationCallback: { chain, verdict in
              if let first = chain.first { found.succeed(first) }
              // Seen is enough: nothing is said to whoever this is.
              verdict.succeed(.failed)
            })
          try channel.pipeline.syncOperations.addHandlers(handler, EndOfHandshake(found))
        }
      }
    let channel: any Channel
    do { channel = try await bootstrap.connect(host: host, port: port).get() } catch {
      found.fail(error)
      throw error
    }
    let patience = loop.scheduleTask(in: HTTPRemote.connectTimeout) {
      found.fail(ChannelError.connectTimeout(HTTPRemote.connectTimeout))
    }
    defer { patience.cancel() }
    do {
      certificate = try await found.futureResult.get()
      try? await channel.close().get()
    } catch {
      try? await channel.close().get()
      throw error
    }
  }

  /// Tells of a handshake that came to no certificate.
  private final class EndOfHandshake: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    private let found: EventLoopPromise<NIOSSLCertificate>

    init(_ found: EventLoopPromise<NIOSSLCertificate>) { self.found = found }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
      found.fail(error)
      context.close(promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) {
      found.fail(ChannelError.eof)
      context.fireChannelInactive()
    }
  }
}
