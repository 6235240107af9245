internal import AsyncHTTPClient
public import ChangeLog
internal import Glibc
internal import NIOCore
internal import NIOHTTP1
internal import Synchronization

/// A server reached over HTTP: one exchange is one POST.
///
/// Nothing is believed that does not come with the protocol's header: a captive portal's page is no answer.
/// Redirects are not followed, compressed answers not asked for.
public struct HTTPRemote: Remote {
  private let connection: Connection
  private let token: Token
  /// How long to wait for a connection.
  static let connectTimeout = TimeAmount.seconds(10)
  /// How long one exchange may take until the answer begins; how long that may take is ``Pace``'s to say.
  static let exchangeTimeout = TimeAmount.seconds(120)
  /// The largest answer, in bytes: the largest page and one changeset more.
  static let maximumAnswer = 16 << 20

  /// Speaks with a server; the exchanges of one call share a connection.
  public static func session<Value>(
    with address: ServerAddress, trusting trust: ServerTrust, showing token: Token,
    _ work: (HTTPRemote) async throws -> Value
  ) async throws -> Value {
    try await Connection.open(to: address, trusting: trust) { connection in
      try await work(HTTPRemote(connection: connection, token: token))
    }
  }

  public func exchange(_ request: SyncRequest) async throws -> SyncResponse {
    let answer: [UInt8]
    do {
      answer = try await connection.post(
        request.encoded, to: "/v1/workspaces/\(request.workspace)/sync", token: token,
        limit: Self.maximumAnswer)
    } catch SyncError.refused(507, let text) { throw RemoteIsFull(text: text) }
    do { return try SyncResponse(decoding: answer) } catch {
      throw SyncError.brokenAnswer("\(error)")
    }
  }

  /// What time it was at the server when it began its last answer, in milliseconds since 1970, to the second; nil when it did not
  /// say.
  public var serverTime: UInt64? { connection.serverTime.value.withLock { $0 } }

  /// Waits until the log of a workspace is another than at a position, or the server has enough of waiting.
  ///
  /// - Returns: whether there is news.
  public func waitForNews(in workspace: WorkspaceID, after position: Int) async throws -> Bool {
    let answer = try await connection.get(
      "/v1/workspaces/\(workspace)/watch?after=\(position)", token: token)
    guard let end = Int(answer.prefix { $0 != "\n" }) else {
      throw SyncError.brokenAnswer("it is no position")
    }
    return end != position
  }

  /// Enters a workspace with an invite.
  ///
  /// - Parameters:
  ///   - now: in milliseconds since 1970.
  ///   - founding: what founds the workspace (``Founding/entries``).
  /// - Throws: ``SyncError/refused(status:text:)`` with the server's words when the invite is not good.
  public static func join(
    _ invite: InviteCode, trusting trust: ServerTrust, deviceName: String, key: DeviceKey,
    now: UInt64, founding: [MembershipEntry] = []
  ) async throws -> JoinResponse {
    let request = try JoinRequest(
      invite, deviceName: deviceName, key: key, now: now, founding: founding)
    let address = try ServerAddress(invite.address)
    return try await Connection.open(to: address, trusting: trust) { connection in
      let answer = try await connection.post(
        request.encoded, to: "/v1/workspaces/\(invite.workspace)/devices", token: nil,
        limit: Self.maximumAnswer)
      do { return try JoinResponse(decoding: answer) } catch {
        throw SyncError.brokenAnswer("\(error)")
      }
    }
  }

  /// A client of HTTP that speaks with one server.
  fileprivate struct Connection {
    let address: ServerAddress
    let trust: ServerTrust
    let client: HTTPClient
    let serverTime = ServerTime()

    static func open<Value>(
      to address: ServerAddress, trusting trust: ServerTrust,
      _ work: (Connection) async throws -> Value
    ) async throws -> Value {
      var configuration = HTTPClient.Configuration()
      configuration.redirectConfiguration = .disallow
      configuration.decompression = .disabled
      configuration.timeout = .init(connect: connectTimeout, read: .seconds(70))
      configuration.httpVersion = .http1Only
      // Whoever is offline hears so at once, not when the time to connect is over.
      configuration.connectionPool.retryConnectionEstablishment = false
      do {
        configuration.tlsConfiguration = try await trust.configuration(for: address)
      } catch { throw await SyncError(error, address: address, trust) }
      let client = HTTPClient(
        eventLoopGroupProvider: .shared(HTTPClient.defaultEventLoopGroup),
        configuration: configuration)
      do {
        let value = try await work(Connection(address: address, trust: trust, client: client))
        try await client.shutdown()
        return value
      } catch {
        try await client.shutdown()
        throw error
      }
    }

    func post(_ body: [UInt8], to path: String, token: Token?, limit: Int) async throws -> [UInt8] {
      var request = request(path, token)
      request.method = .POST
      request.headers.add(name: "content-type", value: WireFormat.contentType)
      request.body = .bytes(ByteBuffer(bytes: body))
      return try await read(request, limit: limit, type: WireFormat.contentType)
    }

    func get(_ path: String, token: Token) async throws -> String {
      String(decoding: try await read(request(path, token), limit: 4096, type: nil), as: UTF8.self)
    }

    private func request(_ path: String, _ token: Token?) -> HTTPClientRequest {
      var request = HTTPClientRequest(url: address.text + path)
      if let token { request.headers.add(name: "authorization", value: "Bearer \(token.text)") }
      return request
    }

    /// - Parameter type: the content type that an answer must have; nil for any.
    private func read(
      _ request: HTTPClientRequest, limit: Int, type: String?
    ) async throws -> [UInt8] {
      do {
        let response = try await client.execute(request, timeout: exchangeTimeout)
        let isOurs = response.headers.first(name: WireFormat.protocolHeader) != nil
        guard isOurs else { throw SyncError.notOurServer(status: Int(response.status.code)) }
        serverTime.note(response.headers.first(name: "date"))
        let bytes = try await collect(response.body, upTo: limit)
        guard response.status == .ok else {
          let text = String(decoding: bytes.prefix(500), as: UTF8.self)
          throw SyncError.refused(
            status: Int(response.status.code),
            text: text.split(separator: "\n").first.map(String.init) ?? "")
        }
        if let type {
          guard response.headers.first(name: "content-type") == type else {
            throw SyncError.notOurServer(status: 200)
          }
        }
        return bytes
      } catch { throw await SyncError(error, address: address, trust) }
    }

    private func collect(_ body: HTTPClientResponse.Body, upTo limit: Int) async throws -> [UInt8] {
      let pace = Pace()
      var bytes: [UInt8] = []
      for try await part in body {
        guard part.readableBytes <= limit - bytes.count else {
          throw NIOTooManyBytesError(maxBytes: limit)
        }
        bytes += part.readableBytesView
        guard pace.isKept(by: bytes.count) else { throw HTTPClientError.readTimeout }
      }
      return bytes
    }
  }
}

/// What a server's answers say of the time.
private final class ServerTime: Sendable {
  let value = Mutex<UInt64?>(nil)

  private static let months = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
  ]

  /// Reads "Sun, 06 Nov 1994 08:49:37 GMT" (RFC 9110, 5.6.7); the older forms say nothing here.
  func note(_ header: String?) {
    let words = header?.split(whereSeparator: { " :".contains($0) }) ?? []
    guard words.count == 8, words[7] == "GMT",
      let month = Self.months.firstIndex(of: String(words[2]))
    else { return }
    let numbers = [1, 3, 4, 5, 6].compactMap { Int32(words[$0]) }
    guard numbers.count == 5, (1970...9999).contains(numbers[1]) else { return }
    var time = tm()
    (time.tm_mday, time.tm_mon, time.tm_year) = (numbers[0], Int32(month), numbers[1] - 1900)
    (time.tm_hour, time.tm_min, time.tm_sec) = (numbers[2], numbers[3], numbers[4])
    let seconds = timegm(&time)
    value.withLock { $0 = UInt64(max(0, seconds)) * 1000 }
  }
}
