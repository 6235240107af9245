internal import Glibc
internal import Hummingbird
internal import HummingbirdCore
internal import HummingbirdTLS
public import LogStore
public import Logging
internal import NIOCore

/// The server of one folder of data: opens it, listens, answers until it is told to stop.
public struct SyncServer: Sendable {
  private let services: Services
  private let settings: Settings
  private let certificate: ServerCertificate?
  private let logger: Logger
  private let metrics = Metrics()
  private let visitors = Visitors()

  public enum Failure: Error, Sendable {
    /// Another program listens there.
    case addressInUse
    case cannotListen(String)
    /// Others could read everything on the way.
    case notEncrypted
  }

  /// Opens the data; from here on no other process can serve it.
  ///
  /// - Parameter certificate: nil for plain HTTP, which is for this machine only.
  public init(
    folder: DataFolder, settings: Settings, certificate: ServerCertificate?, world: World,
    logger: Logger
  ) throws(StoreError) {
    services = try Services(
      folder: folder, world: world, count: settings.databaseConnections,
      quota: settings.limits.workspaceBytes)
    self.settings = settings
    self.certificate = certificate
    self.logger = logger
  }

  /// Serves until SIGTERM or SIGINT; then finishes what it has begun and returns.
  ///
  /// - Parameter onListening: gets the port.
  public func run(onListening: @escaping @Sendable (Int) async -> Void) async throws {
    guard certificate != nil || settings.listen.isLoopback else { throw Failure.notEncrypted }
    var limits = settings.limits
    // All come from the address of the proxy.
    if settings.trustsProxy { limits.connectionsPerAddress = .max }
    limits.connections = min(
      limits.connections, max(1, Self.allowManyFiles() - Limits.spareConnections))
    var quiet = logger
    quiet.logLevel = .warning
    let routes = Routes(services: services, settings: settings, logger: logger, metrics: metrics)
    var application = Application(
      router: routes.router(),
      server: try certificate.map {
        try .tls(http(limits), tlsConfiguration: $0.configuration)
      } ?? http(limits),
      configuration: .init(
        address: .hostname(settings.listen.host, port: settings.listen.port), backlog: 1024,
        availableConnectionsDelegate: .maximum(
          limits.connections + Limits.spareConnections, logger: quiet)),
      onServerRunning: { channel in await onListening(channel.localAddress?.port ?? 0) },
      logger: quiet)
    if let address = settings.metrics {
      application.addServices(metricsApplication(on: address, quiet))
    }
    do { try await application.runService() } catch let error as IOError {
      if error.errnoCode == EADDRINUSE { throw Failure.addressInUse }
      throw Failure.cannotListen("\(error)")
    }
  }

  private func http(_ limits: Limits) -> HTTPServerBuilder {
    let visitors = visitors
    return .http1(
      configuration: .init(
        additionalChannelHandlers: [PatienceHandler(limits, visitors), FramingHandler()],
        httpDecoderConfiguration: .init(
          maxHeaderFieldSize: Limits.maximumHeaders.size,
          maxHeaderListSize: Limits.maximumHeaders.size,
          maxHeaderFieldCount: Limits.maximumHeaders.count)))
  }

  /// Metrics have an address of their own: a proxy that lets everybody in does not show them by mistake.
  private func metricsApplication(
    on address: ListenAddress, _ logger: Logger
  ) -> some ApplicationProtocol {
    let router = Router()
    let (metrics, visitors, services, certificate) = (metrics, visitors, services, certificate)
    router.get("/metrics") { _, _ in
      let text = metrics.text(
        connections: visitors.total, turnedAway: visitors.turnedAway,
        watchers: services.watchers.count,
        isReady: await services[nil].isReady, certificateExpires: certificate?.expires)
      return Response(
        status: .ok, headers: [.contentType: "text/plain; version=0.0.4; charset=utf-8"],
        body: ResponseBody(byteBuffer: ByteBuffer(string: text)))
    }
    return Application(
      router: router, server: .http1(configuration: .init(idleTimeout: .seconds(60))),
      configuration: .init(address: .hostname(address.host, port: address.port)), logger: logger)
  }

  /// Each connection is a file; what the system allows at most is taken.
  ///
  /// - Returns: how many connections that leaves, beside the files of the process itself.
  private static func allowManyFiles() -> Int {
    let kind = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
    var limit = rlimit()
    guard getrlimit(kind, &limit) == 0 else { return .max }
    limit.rlim_cur = limit.rlim_max
    _ = setrlimit(kind, &limit)
    guard getrlimit(kind, &limit) == 0 else { return .max }
    return max(1, Int(clamping: limit.rlim_cur) - 64)
  }
}
