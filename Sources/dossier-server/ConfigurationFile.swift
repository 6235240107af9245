import LogStore
import Logging
import SyncServer
import Yams

/// The settings of a server as its operator wrote them: a flat YAML file. What it does not say is as in ``Settings``.
struct ConfigurationFile {
  var settings: Settings
  /// How to reach a PostgreSQL database, as libpq reads it; nil when logs and accounts are files.
  var database: String?
  var logLevel = Logger.Level.info

  /// One key: what it is for, and how it is read into the settings and written out of them.
  struct Key {
    let name: String
    let meaning: String
    let read: (inout ConfigurationFile, String) -> Bool
    let text: (ConfigurationFile) -> String
  }

  static var keys: [Key] {
    [
      address("listen", "where devices are answered: address:port", \.settings.listen),
      Key(
        name: "database",
        meaning:
          "the PostgreSQL database that holds logs and accounts: host=... dbname=... (libpq); empty for files in the folder",
        read: {
          $0.database = $1.isEmpty ? nil : $1
          return true
        }, text: { $0.shownDatabase }),
      setting(
        "database-connections", "at a time of this process, when there is a database",
        \.databaseConnections, 1...64),
      Key(
        name: "certificate", meaning: "PEM file: the server's certificate, then those it rests on",
        read: {
          $0.certificate = $1.isEmpty ? nil : $1
          return true
        }, text: { $0.certificate ?? "" }),
      Key(
        name: "key", meaning: "PEM file: the key of the certificate",
        read: {
          $0.key = $1.isEmpty ? nil : $1
          return true
        }, text: { $0.key ?? "" }),
      Key(
        name: "metrics",
        meaning: "where metrics are answered, in plain HTTP: address:port; empty for nowhere",
        read: { file, text in
          guard !text.isEmpty else { return true }
          file.settings.metrics = try? ListenAddress(text)
          return file.settings.metrics != nil
        }, text: { $0.settings.metrics.map { "\($0)" } ?? "" }),
      Key(
        name: "trust-proxy", meaning: "true: a proxy in front says in x-forwarded-for who asks",
        read: { file, text in
          guard let value = Bool(text) else { return false }
          file.settings.trustsProxy = value
          return true
        }, text: { "\($0.settings.trustsProxy)" }),
      Key(
        name: "log-level", meaning: "trace, debug, info, notice, warning, error or critical",
        read: { file, text in
          guard let level = Logger.Level(rawValue: text) else { return false }
          file.logLevel = level
          return true
        }, text: { $0.logLevel.rawValue }),
      number(
        "connections", "at a time; further ones are told to come again", \.connections,
        1...1_000_000),
      number(
        "connections-per-address",
        "at a time from one address; this machine's and a trusted proxy's are not counted",
        \.connectionsPerAddress, 1...1_000_000),
      number("head-seconds", "until a request's head must be here", \.headSeconds, 1...600),
      number(
        "idle-seconds", "that a connection may wait between requests", \.idleSeconds, 1...3600),
      number(
        "grace-seconds", "that a body or an answer may take, however short it is", \.graceSeconds,
        1...600),
      number(
        "slowest-bytes-per-second", "that a body or an answer may travel",
        \.slowestBytesPerSecond, 1...10_000_000),
      number("requests-per-minute", "of one device", \.requestsPerMinute, 1...1_000_000),
      number(
        "failures-per-minute", "requests without a good token or invite from one address",
        \.failuresPerMinute, 1...1_000_000),
      number(
        "watch-seconds", "that a device waits for news before it asks again", \.watchSeconds,
        1...60),
      number("requests-at-once", "syncs of one device under way", \.requestsAtOnce, 1...1000),
      Key(
        name: "workspace-megabytes",
        meaning: "that the log of one workspace may have; 0 for as many as there is room for",
        read: { file, text in
          guard let value = Int(text), (0...1 << 30).contains(value) else { return false }
          file.settings.limits.workspaceBytes = value == 0 ? nil : value << 20
          return true
        }, text: { "\(($0.settings.limits.workspaceBytes ?? 0) >> 20)" }),
    ]
  }

  private(set) var certificate: String?
  private(set) var key: String?

  init(listen: ListenAddress) { settings = Settings(listen: listen) }

  /// Reads a file over what is set already.
  mutating func read(_ yaml: String, from path: String) throws {
    let root: Node?
    do { root = try Yams.compose(yaml: yaml) } catch {
      throw Self.failure(path, "this is not YAML: \(error)")
    }
    guard let root, root != "" else { return }
    guard let mapping = root.mapping else {
      throw Self.failure(path, "it is no list of key: value")
    }
    for (name, value) in mapping {
      let word = name.string ?? ""
      let line = name.mark.map { "line \($0.line): " } ?? ""
      guard let key = Self.keys.first(where: { $0.name == word }) else {
        let close = Self.keys.map(\.name).filter { $0.contains(word) || word.contains($0) }
        throw Self.failure(
          path, "\(line)there is no key \"\(word)\"",
          close.isEmpty ? Self.keys.map(\.name) : close)
      }
      let text = value.null != nil ? "" : value.scalar?.string ?? "?"
      guard key.read(&self, text) else {
        throw Self.failure(path, "\(line)\"\(text)\" is no value for \(word) (\(key.meaning))")
      }
    }
  }

  /// Says where the certificate is; relative names are below the folder of the data.
  mutating func setCertificate(_ certificate: String?, key: String?) {
    self.certificate = certificate ?? self.certificate
    self.key = key ?? self.key
  }

  /// Finds the files of the certificate: those that are named, else those the server made itself.
  mutating func findCertificate(in folder: DataFolder) throws {
    switch (certificate, key) {
    case (let certificate?, let key?):
      settings.certificate = .init(
        certificate: folder.absolute(certificate), key: folder.absolute(key))
    case (nil, nil):
      guard folder.hasCertificate else { return }
      settings.certificate = .init(
        certificate: folder.certificate, key: folder.certificateKey)
    default:
      throw Failure(
        exit: .usage, code: "bad-config", message: "a certificate and its key go together",
        hints: ["certificate: FILE.pem", "key: FILE.pem"])
    }
  }

  /// All of it, as it would be read again, but for a password.
  var text: String {
    Self.keys.map { "\($0.name): \(Self.scalar($0.text(self)))   # \($0.meaning)" }
      .joined(separator: "\n")
  }

  /// Without a password.
  private var shownDatabase: String {
    guard let database else { return "" }
    return ConfigurationFile.hasPassword(database)
      ? "(it holds a password)" : database
  }

  /// Whether a password stands in it, which others could read in a list of processes.
  static func hasPassword(_ info: String) -> Bool {
    if info.contains("password") { return true }
    guard info.hasPrefix("postgres"), let slashes = info.firstIndex(of: "/"),
      let end = info.firstIndex(of: "@"), slashes < end
    else { return false }
    return info[slashes..<end].contains(":")
  }

  /// A line of the file, its value in quotes.
  static func line(_ key: String, _ value: String) -> String { "\(key): \(quoted(value))\n" }

  /// As YAML reads it: in quotes when something in it could mean more than itself.
  private static func scalar(_ value: String) -> String {
    let isPlain = value.utf8.allSatisfy {
      (UInt8(ascii: "0")...UInt8(ascii: "z")).contains($0) && !"<>?@[\\]^`".utf8.contains($0)
        || "./-".utf8.contains($0)
    }
    return isPlain ? value : quoted(value)
  }

  private static func quoted(_ value: String) -> String {
    "\"" + value.map { $0 == "\"" || $0 == "\\" ? "\\\($0)" : String($0) }.joined() + "\""
  }

  private static func failure(_ path: String, _ what: String, _ known: [String] = []) -> Failure {
    Failure(
      exit: .badData, code: "bad-config", message: "\(path): \(what)",
      hints: known.isEmpty ? [] : ["known: \(known.joined(separator: ", "))"])
  }

  private static func address(
    _ name: String, _ meaning: String, _ path: WritableKeyPath<ConfigurationFile, ListenAddress>
  ) -> Key {
    Key(
      name: name, meaning: meaning,
      read: { file, text in
        guard let address = try? ListenAddress(text) else { return false }
        file[keyPath: path] = address
        return true
      }, text: { "\($0[keyPath: path])" })
  }

  private static func number(
    _ name: String, _ meaning: String, _ path: WritableKeyPath<Limits, Int>,
    _ range: ClosedRange<Int>
  ) -> Key {
    setting(
      name, meaning, (\Settings.limits as WritableKeyPath<Settings, Limits>).appending(path: path),
      range)
  }

  private static func setting(
    _ name: String, _ meaning: String, _ path: WritableKeyPath<Settings, Int>,
    _ range: ClosedRange<Int>
  ) -> Key {
    let path: WritableKeyPath<ConfigurationFile, Int> =
      (\ConfigurationFile.settings as WritableKeyPath<ConfigurationFile, Settings>)
      .appending(path: path)
    return Key(
      name: name, meaning: "\(meaning): \(range.lowerBound) to \(range.upperBound)",
      read: { file, text in
        guard let value = Int(text), range.contains(value) else { return false }
        file[keyPath: path] = value
        return true
      }, text: { "\($0[keyPath: path])" })
  }
}
