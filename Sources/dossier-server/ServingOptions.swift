import ArgumentParser
import LogStore
import SyncServer

/// How the server serves: the configuration file, and what the command line says instead.
struct ServingOptions: ParsableArguments {
  @OptionGroup var data: DataOptions

  static let defaultListen = "127.0.0.1:7311"

  func load() throws -> ConfigurationFile {
    var (folder, file) = try data.configured()
    try file.findCertificate(in: folder)
    return file
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
