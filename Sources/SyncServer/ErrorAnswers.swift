internal import ChangeLog
internal import Hummingbird
internal import LogStore
internal import Logging

/// Gives every answer the protocol's header, turns every error into one line of text, and logs one line.
struct ErrorAnswers: RouterMiddleware {
  typealias Context = BasicRequestContext

  let logger: Logger

  func handle(
    _ request: Request, context: BasicRequestContext,
    next: (Request, BasicRequestContext) async throws -> Response
  ) async throws -> Response {
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
    logger.info(
      "request",
      metadata: [
        "method": "\(request.method.rawValue)", "path": "\(request.uri.path.prefix(200))",
        "status": "\(response.status.code)",
      ])
    return response
  }

  private static let protocolName = HTTPFields.Element.Name(WireFormat.protocolHeader)!

  private func answer(_ refusal: Refusal) -> Response {
    var response = Self.text(refusal.text, refusal.status)
    switch refusal.status {
    case .unauthorized: response.headers[.wwwAuthenticate] = "Bearer"
    case .serviceUnavailable: response.headers[.retryAfter] = "5"
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
