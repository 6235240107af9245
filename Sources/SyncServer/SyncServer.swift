internal import Glibc
internal import Hummingbird
public import LogStore
public import Logging
internal import NIOCore

/// The server of one folder of data: opens it, listens, answers until it is told to stop.
public struct SyncServer: Sendable {
  private let service: SyncService
  private let address: ListenAddress
  private let logger: Logger

  /// The most connections at a time; further ones wait to be accepted.
  static let maximumConnections = 2000
  /// How long a connection may say nothing, between requests and within one.
  static let idleTimeout = TimeAmount.seconds(60)
  /// All headers of a request together, in bytes, and their number.
  static let maximumHeaders = (size: 16 << 10, count: 64)

  public enum Failure: Error, Sendable {
    /// Another program listens there.
    case addressInUse
    case cannotListen(String)
  }

  /// Opens the data; from here on no other process can serve it.
  public init(
    folder: DataFolder, address: ListenAddress, world: World, logger: Logger
  ) throws(StoreError) {
    service = try SyncService(folder: folder, world: world)
    self.address = address
    self.logger = logger
  }

  /// Serves until SIGTERM or SIGINT; then finishes what it has begun and returns.
  ///
  /// - Parameter onListening: gets the port.
  public func run(onListening: @escaping @Sendable (Int) async -> Void) async throws {
    var quiet = logger
    quiet.logLevel = .warning
    let application = Application(
      router: Routes(service: service, logger: logger).router(),
      server: .http1(
        configuration: .init(
          idleTimeout: Self.idleTimeout,
          httpDecoderConfiguration: .init(
            maxHeaderFieldSize: Self.maximumHeaders.size,
            maxHeaderListSize: Self.maximumHeaders.size,
            maxHeaderFieldCount: Self.maximumHeaders.count))),
      configuration: .init(
        address: .hostname(address.host, port: address.port),
        availableConnectionsDelegate: .maximum(Self.maximumConnections, logger: quiet)),
      onServerRunning: { channel in await onListening(channel.localAddress?.port ?? 0) },
      logger: quiet)
    do { try await application.runService() } catch let error as IOError {
      if error.errnoCode == EADDRINUSE { throw Failure.addressInUse }
      throw Failure.cannotListen("\(error)")
    }
  }
}
