import ArgumentParser
import Glibc
import LogStore
import Logging
import SyncServer

struct Serve: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Answer devices until told to stop (TERM, INT).")

  static let defaultListen = "127.0.0.1:7311"

  @OptionGroup var data: DataOptions

  @Option(
    help: ArgumentHelp(
      "Where to listen, on this machine only; port 0 for any.", valueName: "address:port"))
  var listen = Serve.defaultListen

  @Option(
    help: ArgumentHelp("Write the port there once the server listens.", valueName: "file"))
  var portFile: String?

  func run() async throws {
    let address = try listenAddress()
    let world = Edge.world
    let logger = Logger(label: "dossier-server") { _ in LineLogHandler(now: world.now) }
    let server = try SyncServer(
      folder: try data.folder(), address: address, world: world, logger: logger)
    let portFile = portFile
    do {
      try await server.run { port in
        if let portFile, let failure = PortFile.write(port, to: portFile) { failure.printAndExit() }
        Output.tell("listening on \(address.url(port: port))")
      }
    } catch let failure as SyncServer.Failure { throw Self.failure(failure, listen) }
    logger.info("stopped")
  }

  private func listenAddress() throws -> ListenAddress {
    do { return try ListenAddress(listen) } catch {
      switch error {
      case .malformed: throw ValidationError("--listen takes an address and a port: 127.0.0.1:7311")
      case .notLoopback:
        throw Failure(
          exit: .notSetUp, code: "no-tls",
          message: "will not listen on \(listen): others could read everything without TLS",
          hints: [
            "listen on this machine, and let a proxy with a certificate speak to others:",
            "dossier-server serve --listen \(Self.defaultListen)",
          ])
      }
    }
  }

  private static func failure(_ failure: SyncServer.Failure, _ listen: String) -> Failure {
    switch failure {
    case .addressInUse:
      Failure(
        exit: .busy, code: "address-in-use", message: "another program listens on \(listen)",
        hints: ["take another port: --listen 127.0.0.1:0"])
    case .cannotListen(let why):
      Failure(
        exit: .notAllowed, code: "cannot-listen", message: "cannot listen on \(listen): \(why)")
    }
  }
}
