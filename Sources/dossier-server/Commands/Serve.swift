import ArgumentParser
import Dispatch
import Glibc
import LogStore
import Logging
import SyncServer

struct Serve: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Answer devices until told to stop (TERM, INT); HUP reads the certificate again.",
    discussion: """
      The configuration file is YAML, one key: value a line:

      \(ConfigurationFile.keys.map { "  \($0.name): \($0.meaning)" }.joined(separator: "\n"))
      """)

  @OptionGroup var options: ServingOptions

  @Option(
    help: ArgumentHelp(
      "Where to listen; port 0 for any. Other machines need a certificate.",
      valueName: "address:port"))
  var listen: String?

  @Option(help: ArgumentHelp("The certificate, PEM.", valueName: "file")) var certificate: String?
  @Option(help: ArgumentHelp("Its key, PEM.", valueName: "file")) var key: String?

  @Option(
    help: ArgumentHelp("Write the port there once the server listens.", valueName: "file"))
  var portFile: String?

  @Flag(help: "Read the configuration, say what it comes to, and start nothing.")
  var checkConfig = false

  func run() async throws {
    let file = try configuration()
    let certificate = try file.settings.certificate.map { try ServerCertificate.opened($0) }
    guard certificate != nil || file.settings.listen.isLoopback else {
      throw Self.notEncrypted(file.settings.listen)
    }
    if checkConfig { return check(file, certificate) }
    let world = Edge.world
    let level = file.logLevel
    let logger = Logger(label: "dossier-server") { _ in
      var handler = LineLogHandler(now: world.now)
      handler.logLevel = level
      return handler
    }
    let server = try SyncServer(
      folder: try options.data.folder(), settings: file.settings, certificate: certificate,
      world: world, logger: logger)
    let hangUp = certificate.map {
      Self.reload($0, on: SIGHUP, logger) {
        // What cannot be read now would not be served from the next start on either.
        (try? configuration())?.settings.certificate == file.settings.certificate
      }
    }
    defer { withExtendedLifetime(hangUp) {} }
    let portFile = portFile
    let address = file.settings.listen
    do {
      try await server.run { port in
        if let portFile, let failure = PortFile.write(port, to: portFile) { failure.printAndExit() }
        Output.tell("listening on \(address.url(port: port, isEncrypted: certificate != nil))")
      }
    } catch let failure as SyncServer.Failure { throw Self.failure(failure, address) }
    logger.info("stopped")
  }

  private func configuration() throws -> ConfigurationFile {
    var file = try options.load()
    if let listen {
      do { file.settings.listen = try ListenAddress(listen) } catch {
        throw ValidationError("--listen takes an address and a port: 127.0.0.1:7311")
      }
    }
    file.setCertificate(certificate, key: key)
    try file.findCertificate(in: options.data.folder())
    if let metrics = file.settings.metrics, metrics.collides(with: file.settings.listen) {
      throw Failure(
        exit: .usage, code: "address-in-use",
        message: "devices and metrics cannot both be answered on \(metrics)",
        hints: ["give metrics: another port"])
    }
    return file
  }

  private func check(_ file: ConfigurationFile, _ certificate: ServerCertificate?) {
    Output.give(file.text)
    guard let certificate else { return Output.tell("no certificate: plain HTTP, on this machine") }
    let isPinned = certificate.pin != nil
    Output.tell(
      "certificate good until \(UTCTime(seconds: certificate.expires))"
        + (isPinned ? "; nobody else vouches for it, invites carry its pin" : ""))
    if certificate.expires < Edge.now() { Output.tell("it has EXPIRED: no device will connect") }
  }

  /// A certificate that cannot be read changes nothing: the former one is shown on.
  ///
  /// - Parameter isNamed: whether the configuration still names this one.
  private static func reload(
    _ certificate: ServerCertificate, on signal: Int32, _ logger: Logger,
    isNamed: @escaping @Sendable () -> Bool
  ) -> any DispatchSourceSignal {
    Glibc.signal(signal, SIG_IGN)
    let source = DispatchSource.makeSignalSource(signal: signal, queue: .global())
    source.setEventHandler {
      do {
        try certificate.reload()
        logger.info(
          "certificate read again",
          metadata: ["expires": "\(UTCTime(seconds: certificate.expires))"])
      } catch { logger.error("certificate not read again", metadata: ["reason": "\(error)"]) }
      if !isNamed() {
        logger.warning(
          "the configuration names another certificate, which counts from the next start")
      }
    }
    source.resume()
    return source
  }

  private static func notEncrypted(_ address: ListenAddress) -> Failure {
    Failure(
      exit: .notSetUp, code: "no-tls",
      message: "will not listen on \(address): others could read everything without TLS",
      hints: [
        "with a certificate: dossier-server serve --certificate FILE --key FILE --listen \(address)",
        "or on this machine, behind a proxy that has one: dossier-server serve --listen \(ServingOptions.defaultListen)",
      ])
  }

  private static func failure(_ failure: SyncServer.Failure, _ address: ListenAddress) -> Failure {
    switch failure {
    case .addressInUse:
      Failure(
        exit: .busy, code: "address-in-use", message: "another program listens on \(address)",
        hints: ["take another port: --listen 127.0.0.1:0"])
    case .cannotListen(let why):
      Failure(
        exit: .notAllowed, code: "cannot-listen", message: "cannot listen on \(address): \(why)")
    case .notEncrypted: notEncrypted(address)
    }
  }
}
