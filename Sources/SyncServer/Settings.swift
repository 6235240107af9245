/// How a server serves: what an operator may choose.
public struct Settings: Equatable, Sendable {
  public var listen: ListenAddress
  /// Without one the server speaks plain HTTP, to this machine only.
  public var certificate: ServerCertificate.Files?
  /// Where metrics are answered, without encryption; nil for nowhere.
  public var metrics: ListenAddress?
  /// Whether the address of a client is the last one in `x-forwarded-for`: a proxy of ours writes it.
  public var trustsProxy = false
  /// How many connections to a database one process opens, when there is one: so many workspaces are answered at a time.
  public var databaseConnections = 4
  public var limits = Limits()

  public init(listen: ListenAddress) { self.listen = listen }
}

/// What one client may take of the server, so that it does not slow the others.
public struct Limits: Equatable, Sendable {
  /// Connections at a time. ``spareConnections`` more are told to come again; further ones wait to be accepted.
  public var connections = 12_000
  static let spareConnections = 256
  /// Connections at a time from one address; this machine's own are not counted, nor is a trusted proxy's.
  public var connectionsPerAddress = 512
  /// Seconds until the first request's head must be here, the handshake of TLS included.
  public var headSeconds = 10
  /// Seconds that a connection may wait between two requests.
  public var idleSeconds = 60
  /// Seconds that a body or an answer may take, however short it is.
  public var graceSeconds = 30
  /// The slowest a body or an answer may travel, in bytes a second, after ``graceSeconds``.
  public var slowestBytesPerSecond = 1024
  /// Requests a minute of one device; as many may come at once.
  public var requestsPerMinute = 600
  /// Requests a minute from one address that show no good token or invite.
  public var failuresPerMinute = 60
  /// Syncs of one device at a time, with their answers on the way.
  public var requestsAtOnce = 4
  /// How many bytes the log of one workspace may have, its snapshot included; nil for as many as there is room for.
  public var workspaceBytes: Int?
  /// Seconds after which a client that waits for news is told that there is none.
  public var watchSeconds = 50

  /// All headers of a request together, in bytes, and their number.
  static let maximumHeaders = (size: 16 << 10, count: 64)

  public init() {}
}
