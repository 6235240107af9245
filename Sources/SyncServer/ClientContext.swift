internal import Hummingbird
internal import NIOCore

/// What is known of a request besides itself: who asks.
struct ClientContext: RequestContext {
  var coreContext: CoreRequestContextStorage
  /// The address of the client, as limits and the log know it.
  var client: String

  init(source: ApplicationRequestContextSource) {
    coreContext = .init(source: source)
    client = source.channel.remoteAddress?.ipAddress ?? "unknown"
  }
}

/// Behind a proxy of ours, the client is whom the proxy says.
struct ClientAddresses: RouterMiddleware {
  let trustsProxy: Bool

  func handle(
    _ request: Request, context: ClientContext,
    next: (Request, ClientContext) async throws -> Response
  ) async throws -> Response {
    var context = context
    if trustsProxy, let name = HTTPFields.Element.Name("x-forwarded-for"),
      // The last one is the proxy's own word; those before it are the client's.
      let last = request.headers[name]?.split(separator: ",").last
    {
      context.client = String(last.trimming { $0 == " " }.prefix(64))
    }
    return try await next(request, context)
  }
}

extension Substring {
  fileprivate func trimming(_ isDropped: (Character) -> Bool) -> Substring {
    var rest = drop(while: isDropped)
    while let last = rest.last, isDropped(last) { rest.removeLast() }
    return rest
  }
}
