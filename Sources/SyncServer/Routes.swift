internal import ChangeLog
internal import Hummingbird
internal import LogStore
internal import Logging
internal import NIOCore
internal import ServiceLifecycle

/// What a server can be asked over HTTP.
struct Routes: Sendable {
  let services: Services
  let settings: Settings
  let logger: Logger
  let metrics: Metrics
  /// Of each device.
  private let requests: TokenBuckets
  /// Of each network whose tokens or invites are no good.
  private let failures: TokenBuckets
  private let turns: Turns
  private let known = KnownTokens()

  init(services: Services, settings: Settings, logger: Logger, metrics: Metrics) {
    self.services = services
    self.settings = settings
    self.logger = logger
    self.metrics = metrics
    requests = TokenBuckets(perMinute: settings.limits.requestsPerMinute)
    failures = TokenBuckets(perMinute: settings.limits.failuresPerMinute)
    turns = Turns(atOnce: settings.limits.requestsAtOnce)
  }

  func router() -> Router<ClientContext> {
    let router = Router(context: ClientContext.self)
    router.add(
      middleware: ClientAddresses(trustsProxy: settings.trustsProxy))
    router.add(middleware: ErrorAnswers(logger: logger, metrics: metrics))
    router.post("/v1/workspaces/:workspace/sync", use: sync)
    router.get("/v1/workspaces/:workspace/watch", use: watch)
    router.post("/v1/workspaces/:workspace/devices", use: join)
    router.get("/health") { _, _ in ErrorAnswers.text("ok", .ok) }
    router.get("/ready") { _, _ in
      await services[nil].isReady
        ? ErrorAnswers.text("ready", .ok)
        : ErrorAnswers.text("the data cannot be read", .serviceUnavailable)
    }
    return router
  }

  @Sendable
  private func sync(_ request: Request, _ context: ClientContext) async throws -> Response {
    let token = try token(of: request, context)
    // Before the body is read: strangers cost no memory.
    let workspace = workspace(of: context)
    let device = try await authenticate(token, for: workspace, context)
    guard let turn = turns.take(device.id) else { throw Refusal.tooMany }
    let bytes = try await body(of: request, upTo: SyncRequest.maximumSize)
    let message: SyncRequest
    do { message = try SyncRequest(decoding: bytes) } catch {
      throw Refusal(error, limit: SyncRequest.maximumSize)
    }
    guard message.workspace == workspace else {
      throw Refusal.malformed("it is for another workspace than its address")
    }
    let response = try await services[workspace].sync(message, showing: token)
    let encoded = response.encoded
    count(response, received: bytes.count, sent: encoded.count)
    return answer(encoded, in: turn)
  }

  private func count(_ response: SyncResponse, received: Int, sent: Int) {
    let refused = response.verdicts.compactMap { verdict in
      if case .refused(let reason) = verdict { "\(reason.rawValue)" } else { nil }
    }
    metrics.countSync(
      accepted: response.verdicts.count - refused.count, refused: refused, bytesIn: received,
      bytesOut: sent)
  }

  /// Answers when the log is longer than the client knows, when something else of the workspace changes, or after a while all
  /// the same: how long the log is.
  @Sendable
  private func watch(_ request: Request, _ context: ClientContext) async throws -> Response {
    let token = try token(of: request, context)
    let workspace = workspace(of: context)
    _ = try await authenticate(token, for: workspace, context)
    guard let workspace, let known = request.uri.queryParameters.get("after").flatMap({ Int($0) }),
      known >= 0
    else { throw Refusal.malformed("after is the position that the client knows") }
    let end = ContinuousClock.now + .seconds(settings.limits.watchSeconds)
    let presence = await Presence.of(context.channel)
    var before: Standing?
    var mayWait = true
    while true {
      // Listens before it looks: nothing falls between.
      let news = services.watchers.news(in: workspace)
      // Each time with a look at the token: it may have been revoked meanwhile.
      let standing = try await services[workspace].standing(of: workspace, showing: token)
      let isNew = standing.head.position != known || standing != before ?? standing
      guard mayWait, !isNew else { return ErrorAnswers.text("\(standing.head.position)", .ok) }
      before = standing
      mayWait = await isHeard(news, by: presence, until: end)
    }
  }

  /// - Returns: false when the time is over, the client is gone, or the server stops: it lets nobody wait.
  private func isHeard(
    _ news: AsyncStream<Void>, by presence: Presence, until end: ContinuousClock.Instant
  ) async -> Bool {
    await cancelWhenGracefulShutdown {
      await withTaskGroup(of: Bool.self) { group in
        group.addTask {
          for await _ in news {}
          return !Task.isCancelled
        }
        group.addTask {
          for await _ in presence.departure() {}
          return false
        }
        group.addTask {
          try? await Task.sleep(until: end)
          return false
        }
        defer { group.cancelAll() }
        return await group.next() ?? false
      }
    }
  }

  private func authenticate(
    _ token: Token, for workspace: WorkspaceID?, _ context: ClientContext
  ) async throws -> Device {
    // Whoever had a good token a moment ago does not pay for others who guess from the same network.
    guard known.contains(token) || failures.hasOne(context.network) else { throw Refusal.tooOften }
    let device: Device
    do { device = try await services[workspace].authenticate(token, for: workspace) } catch {
      known.remove(token)
      if !error.isOurs { _ = failures.take(context.network) }
      throw error
    }
    guard requests.take(device.id) else { throw Refusal.tooOften }
    known.insert(token)
    return device
  }

  @Sendable
  private func join(_ request: Request, _ context: ClientContext) async throws -> Response {
    // Each costs a look at a signature.
    guard failures.take(context.network) else { throw Refusal.tooOften }
    let bytes = try await body(of: request, upTo: JoinRequest.maximumSize)
    let message: JoinRequest
    do { message = try JoinRequest(decoding: bytes) } catch {
      throw Refusal(error, limit: JoinRequest.maximumSize)
    }
    guard let workspace = workspace(of: context) else { throw Refusal.noWorkspace }
    let joined = try await services[workspace].join(message, to: workspace)
    logger.info(
      "device joined", metadata: ["device": "\(joined.device)", "member": "\(joined.member)"])
    return answer(joined.encoded)
  }

  private func token(
    of request: Request, _ context: ClientContext
  ) throws(Refusal) -> Token {
    let scheme = "bearer "
    guard let value = request.headers[.authorization], value.lowercased().hasPrefix(scheme),
      let token = Token(text: value.dropFirst(scheme.count))
    else {
      guard failures.take(context.network) else { throw .tooOften }
      throw .unknownToken
    }
    return token
  }

  /// The workspace an address names; nil when it can be none's.
  private func workspace(of context: ClientContext) -> WorkspaceID? {
    guard let text = context.parameters.get("workspace"), text.utf8.count == 32,
      let bytes = Hexadecimal.decode(text)
    else { return nil }
    return WorkspaceID(bytes: bytes)
  }

  private func body(of request: Request, upTo limit: Int) async throws -> [UInt8] {
    guard request.headers[.contentType] == WireFormat.contentType else { throw Refusal.contentType }
    guard request.headers[.contentEncoding] == nil else { throw Refusal.contentEncoding }
    let declared = request.headers[.contentLength].map { Int($0) ?? .max } ?? 0
    guard declared <= limit else { throw Refusal.tooLarge(limit) }
    do {
      return Array(buffer: try await request.body.collect(upTo: limit))
    } catch is NIOTooManyBytesError {
      throw Refusal.tooLarge(limit)
    }
  }

  /// An answer of a turn that ends when the last of it is on its way.
  private func answer(_ bytes: [UInt8], in turn: Turns.Turn) -> Response {
    Response(
      status: .ok, headers: [.contentType: WireFormat.contentType],
      body: ResponseBody(contentLength: bytes.count) { writer in
        // Piece by piece: each waits until the one before it has left.
        for start in stride(from: 0, to: bytes.count, by: Self.piece) {
          try await writer.write(
            ByteBuffer(bytes: bytes[start..<min(bytes.count, start + Self.piece)]))
        }
        try await writer.finish(nil)
        withExtendedLifetime(turn) {}
      })
  }

  private static let piece = 64 << 10

  private func answer(_ bytes: [UInt8]) -> Response {
    Response(
      status: .ok, headers: [.contentType: WireFormat.contentType],
      body: ResponseBody(byteBuffer: ByteBuffer(bytes: bytes)))
  }
}
