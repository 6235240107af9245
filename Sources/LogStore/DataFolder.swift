internal import Glibc
internal import SQLite

/// Where a server keeps everything: a folder, or a PostgreSQL database and little in a folder.
public struct DataFolder: Sendable {
  public let path: String
  /// How to reach the database that holds logs and accounts, as libpq reads it; nil when they are files in the folder.
  public let database: String?

  public init(path: String, database: String? = nil) {
    var path = path
    while path.count > 1, path.hasSuffix("/") { path.removeLast() }
    self.path = path
    self.database = database
  }

  /// The changesets of all workspaces. Only the serving process writes it.
  var log: String { path + "/log.db" }
  /// Who may do what. Any process of the administrator writes it.
  var accounts: String { path + "/accounts.db" }
  /// What the administrator's statements about members are signed with: 32 bytes.
  var administratorKey: String { path + "/administrator.key" }
  /// Held by the one process that writes the log.
  var lock: String { path + "/server.lock" }

  /// The server's certificate and its key, when it made them itself.
  public var certificate: String { path + "/tls-certificate.pem" }
  public var certificateKey: String { path + "/tls-key.pem" }
  public var hasCertificate: Bool {
    access(certificate, F_OK) == 0 && access(certificateKey, F_OK) == 0
  }
  /// The path of a file whose name may be relative to the folder.
  public func absolute(_ name: String) -> String {
    name.hasPrefix("/") ? name : path + "/" + name
  }
  /// What the operator wrote about how to serve.
  public var configuration: String { path + "/config.yaml" }

  /// Keeps a certificate and its key, for nobody else to read.
  public func keep(certificate: String, key: String) throws(StoreError) {
    try translated {
      try Files.writePrivately(Array(key.utf8), to: certificateKey)
      try Files.writePrivately(Array(certificate.utf8), to: self.certificate)
    }
  }

  public func keep(configuration: String) throws(StoreError) {
    try translated { try Files.writePrivately(Array(configuration.utf8), to: self.configuration) }
  }

  /// Takes over what stands beside logs and accounts in another folder: its certificate.
  public func keep(companionsOf other: DataFolder) throws(StoreError) {
    try translated {
      for (from, to) in [
        (other.certificate, certificate), (other.certificateKey, certificateKey),
      ] {
        guard let bytes = try Files.read(from) else { continue }
        try Files.writePrivately(bytes, to: to)
      }
    }
  }

  /// Whether the files of logs and accounts are there.
  public var isSetUp: Bool { access(accounts, F_OK) == 0 && access(log, F_OK) == 0 }

  /// Makes the folder, with mode 0700, when it is missing.
  ///
  /// - Throws: ``StoreError/notEmpty(_:)`` when something stands in it, or a server in the database; and what keeps one from
  ///   reaching the database. There is no folder then that was not there before.
  public func create() throws(StoreError) {
    try translated {
      if let database = try connect(mayCreate: true) {
        guard try database.address() == nil else { throw StoreError.notEmpty("the database") }
      }
      try Files.createFolder(path)
      guard let listing = opendir(path) else {
        throw StoreError.failed("\(path): \(String(cString: strerror(errno)))")
      }
      defer { closedir(listing) }
      var count = 0
      while readdir(listing) != nil { count += 1 }
      // "." and "..".
      guard count <= 2 else { throw StoreError.notEmpty(path) }
      guard chmod(path, 0o700) == 0 else {
        throw StoreError.readOnly("\(path): \(String(cString: strerror(errno)))")
      }
    }
  }

  func mustBeSetUp() throws(StoreError) {
    guard isSetUp else { throw .notSetUp(path) }
  }

  /// Connects to the database; nil when everything is in files.
  ///
  /// - Parameter mayCreate: whether an empty one gets its tables.
  func connect(mayCreate: Bool = false) throws(StoreError) -> (any Database)? {
    guard let database else { return nil }
    #if PostgreSQL
      return try translated { try PostgreSQLDatabase(database, mayCreate: mayCreate) }
    #else
      throw .noPostgreSQL
    #endif
  }
}
