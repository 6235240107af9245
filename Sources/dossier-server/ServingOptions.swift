import ArgumentParser
import LogStore
import SyncServer

/// How the server serves: the configuration file, and what the command line says instead.
struct ServingOptions: ParsableArguments {
  @OptionGroup var data: DataOptions

  @Option(
    help: ArgumentHelp(
      "A file with settings (default: config.yaml in the folder of the data, when there is one).",
      valueName: "file"))
  var config: String?

  static let defaultListen = "127.0.0.1:7311"

  func load() throws -> ConfigurationFile {
    let folder = try data.folder()
    var file = ConfigurationFile(listen: try ListenAddress(Self.defaultListen))
    if let yaml = try text(config ?? folder.configuration, isNamed: config != nil) {
      try file.read(yaml, from: config ?? folder.configuration)
    }
    try file.findCertificate(in: folder)
    return file
  }

  private func text(_ path: String, isNamed: Bool) throws -> String? {
    if let text = try Edge.text(of: path) { return text }
    guard isNamed else { return nil }
    throw Failure(
      exit: .noSuchThing, code: "no-file", message: "there is no file \"\(path)\"",
      hints: ["nothing was started; without --config the server has its defaults"])
  }

  /// What an invite says of the server's key: only when nobody else vouches for it.
  func pin() throws -> [UInt8] {
    guard let files = try load().settings.certificate else { return [] }
    return try ServerCertificate.opened(files).pin ?? []
  }
}

extension ServerCertificate {
  static func opened(_ files: Files) throws -> ServerCertificate {
    do { return try ServerCertificate(files) } catch {
      throw dossier_server.Failure(certificate: error, files)
    }
  }
}

extension Failure {
  init(certificate error: ServerCertificate.Failure, _ files: ServerCertificate.Files) {
    switch error {
    case .unreadable(let path):
      self.init(
        exit: .badData, code: "bad-certificate",
        message: "\(path) is missing, or is no PEM file of its kind",
        hints: ["nothing was started"])
    case .mismatch:
      self.init(
        exit: .badData, code: "bad-certificate",
        message: "\(files.key) is not the key of \(files.certificate)",
        hints: ["nothing was started"])
    }
  }
}
