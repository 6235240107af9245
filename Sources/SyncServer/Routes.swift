internal import ChangeLog
internal import Hummingbird
internal import Logging
internal import NIOCore

/// The three things a server can be asked over HTTP.
struct Routes: Sendable {
  let service: SyncService
  let logger: Logger

  func router() -> Router<BasicRequestContext> {
    let router = Router()
    router.add(middleware: ErrorAnswers(logger: logger))
    router.post("/v1/workspaces/:workspace/sync", use: sync)
    router.post("/v1/workspaces/:workspace/devices", use: join)
    router.get("/health") { _, _ in ErrorAnswers.text("ok", .ok) }
    return router
  }

  @Sendable
  private func sync(_ request: Request, _ context: BasicRequestContext) async throws -> Response {
    let token = try token(of: request)
    // Before the body is read: strangers cost no memory.
    let workspace = workspace(of: context)
    _ = try await service.authenticate(token, for: workspace)
    let bytes = try await body(of: request, upTo: SyncRequest.maximumSize)
    let message: SyncRequest
    do { message = try SyncRequest(decoding: bytes) } catch {
      throw Refusal(error, limit: SyncRequest.maximumSize)
    }
    guard message.workspace == workspace else {
      throw Refusal.malformed("it is for another workspace than its address")
    }
    return answer(try await service.sync(message, showing: token).encoded)
  }

  @Sendable
  private func join(_ request: Request, _ context: BasicRequestContext) async throws -> Response {
    let bytes = try await body(of: request, upTo: JoinRequest.maximumSize)
    let message: JoinRequest
    do { message = try JoinRequest(decoding: bytes) } catch {
      throw Refusal(error, limit: JoinRequest.maximumSize)
    }
    guard let workspace = workspace(of: context) else { throw Refusal.noWorkspace }
    let joined = try await service.join(message, to: workspace)
    logger.info(
      "device joined", metadata: ["device": "\(joined.device)", "member": "\(joined.member)"])
    return answer(joined.encoded)
  }

  private func token(of request: Request) throws(Refusal) -> Token {
    let scheme = "bearer "
    guard let value = request.headers[.authorization], value.lowercased().hasPrefix(scheme),
      let token = Token(text: value.dropFirst(scheme.count))
    else { throw .unknownToken }
    return token
  }

  /// The workspace an address names; nil when it can be none's.
  private func workspace(of context: BasicRequestContext) -> WorkspaceID? {
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

  private func answer(_ bytes: [UInt8]) -> Response {
    Response(
      status: .ok, headers: [.contentType: WireFormat.contentType],
      body: ResponseBody(byteBuffer: ByteBuffer(bytes: bytes)))
  }
}
