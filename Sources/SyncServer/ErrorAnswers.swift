internal import ChangeLog
internal import Hummingbird
internal import LogStore
internal import Logging

/// Gives every answer the protocol's header, turns every error into one line of text, and logs one line.
struct ErrorAnswers: RouterMiddleware {
  typealias Context = ClientContext

  let logger: Logger
  let metrics: Metrics

  func handle(
    _ request: Request, context: ClientContext,
    next: (Request, ClientContext) async throws -> Response
  ) async throws -> Response {
    let start = ContinuousClock.now
    var response: Response
    do { response = try await next(request, context) } catch let refusal as Refusal {
      if case .store(let error) = refusal {
        logger.warning("\(error)")
      }
      response = answer(refusal)
    } catch let error as HTTPError {
      response = Self.text(error.body ?? error.status.reasonPhrase.lowercased(), error.status)
    }
    // Any other error is one of the connection: Hummingbird answers 400 and closes it.
    response.headers[Self.protocolName] = "\(SyncRequest.version)"
    let duration = ContinuousClock.now - start
    let route = Self.route(of: request)
    metrics.count(
      route, status: response.status.code, duration: route == "watch" ? nil : duration)
    logger.info(
      "request",
      metadata: [
        "method": "\(request.method.rawValue)", "path": "\(request.uri.path.prefix(200))",
        "status": "\(response.status.code)", "client": "\(context.client)",
        "ms": "\(Int(duration / .milliseconds(1)))",
      ])
    return response
  }

  /// The last word of the address, when it is one of ours: others' words must not become names of counters.
  private static func route(of request: Request) -> String {
    let last = request.uri.path.split(separator: "/").last.map(String.init) ?? ""
    return ["sync", "devices", "watch", "health", "ready"].contains(last) ? last : "other"
  }

  static let protocolName = HTTPFields.Element.Name(WireFormat.protocolHeader)!

  private func answer(_ refusal: Refusal) -> Response {
    var response = Self.text(refusal.text, refusal.status)
    switch refusal.status {
    case .unauthorized: response.headers[.wwwAuthenticate] = "Bearer"
    case .serviceUnavailable: response.headers[.retryAfter] = "5"
    case .tooManyRequests, .init(code: 507): response.headers[.retryAfter] = "60"
    case .upgradeRequired: response.headers[.upgrade] = "dossier/\(SyncRequest.version)"
    default: break
    }
    return response
  }

  static func text(_ line: String, _ status: HTTPResponse.Status) -> Response {
    Response(
      status: status, headers: [.contentType: "text/plain; charset=utf-8"],
      body: ResponseBody(byteBuffer: ByteBuffer(string: line.onOneLine + "\n")))
  }
}
