internal import AsyncHTTPClient
public import ChangeLog
internal import NIOCore
internal import NIOHTTP1

/// A server reached over HTTP: one exchange is one POST.
///
/// Nothing is believed that does not come with the protocol's header: a captive portal's page is no answer.
/// Redirects are not followed, compressed answers not asked for.
public struct HTTPRemote: Remote {
  private let address: ServerAddress
  private let token: Token
  /// How long to wait for a connection.
  static let connectTimeout = TimeAmount.seconds(10)
  /// How long one exchange may take.
  static let exchangeTimeout = TimeAmount.seconds(120)
  /// The largest answer, in bytes: the largest page and one changeset more.
  static let maximumAnswer = 16 << 20

  public init(address: ServerAddress, token: Token) {
    self.address = address
    self.token = token
  }

  public func exchange(_ request: SyncRequest) async throws -> SyncResponse {
    let path = "/v1/workspaces/\(request.workspace)/sync"
    let answer = try await Self.post(
      request.encoded, to: address, path: path, token: token, limit: Self.maximumAnswer)
    do { return try SyncResponse(decoding: answer) } catch {
      throw SyncError.brokenAnswer("\(error)")
    }
  }

  /// Enters a workspace with an invite.
  ///
  /// - Throws: ``SyncError/refused(status:text:)`` with the server's words when the invite is not good.
  public static func join(
    _ invite: InviteCode, deviceName: String, key: DeviceKey
  ) async throws -> JoinResponse {
    let request = try JoinRequest(secret: invite.secret, deviceName: deviceName, key: key)
    let answer = try await post(
      request.encoded, to: ServerAddress(invite.address),
      path: "/v1/workspaces/\(invite.workspace)/devices", token: nil, limit: 4096)
    do { return try JoinResponse(decoding: answer) } catch {
      throw SyncError.brokenAnswer("\(error)")
    }
  }

  private static func post(
    _ body: [UInt8], to address: ServerAddress, path: String, token: Token?, limit: Int
  ) async throws -> [UInt8] {
    var request = HTTPClientRequest(url: address.text + path)
    request.method = .POST
    request.headers.add(name: "content-type", value: WireFormat.contentType)
    if let token { request.headers.add(name: "authorization", value: "Bearer \(token.text)") }
    request.body = .bytes(ByteBuffer(bytes: body))

    var configuration = HTTPClient.Configuration()
    configuration.redirectConfiguration = .disallow
    configuration.decompression = .disabled
    configuration.timeout = .init(connect: connectTimeout, read: .seconds(60))
    configuration.httpVersion = .http1Only
    let client = HTTPClient(
      eventLoopGroupProvider: .shared(HTTPClient.defaultEventLoopGroup),
      configuration: configuration)
    do {
      let answer = try await read(client, request, limit: limit)
      try await client.shutdown()
      return answer
    } catch {
      try await client.shutdown()
      throw SyncError(error, address: address)
    }
  }

  private static func read(
    _ client: HTTPClient, _ request: HTTPClientRequest, limit: Int
  ) async throws -> [UInt8] {
    let response = try await client.execute(request, timeout: exchangeTimeout)
    let isOurs = response.headers.first(name: WireFormat.protocolHeader) != nil
    guard isOurs else { throw SyncError.notOurServer(status: Int(response.status.code)) }
    var body = try await response.body.collect(upTo: limit)
    let bytes = body.readBytes(length: body.readableBytes) ?? []
    guard response.status == .ok else {
      let text = String(decoding: bytes.prefix(500), as: UTF8.self)
      throw SyncError.refused(
        status: Int(response.status.code),
        text: text.split(separator: "\n").first.map(String.init) ?? "")
    }
    guard response.headers.first(name: "content-type") == WireFormat.contentType else {
      throw SyncError.notOurServer(status: 200)
    }
    return bytes
  }
}
