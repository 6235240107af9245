internal import Glibc
internal import Hummingbird
internal import NIOCore

/// What is known of a request besides itself: who asks.
struct ClientContext: RequestContext {
  var coreContext: CoreRequestContextStorage
  /// The address of the client, as the log knows it.
  var client: String
  /// The connection that the request came by.
  let channel: any Channel
  /// Whose guesses count together.
  var network: String { Network.name(of: client) }

  init(source: ApplicationRequestContextSource) {
    coreContext = .init(source: source)
    channel = source.channel
    client = source.channel.remoteAddress?.ipAddress ?? "unknown"
  }
}

/// Which addresses are one customer's: of IPv6 he has at least the 64 bits behind the first 64 (RFC 6177).
enum Network {
  static func name(of address: String) -> String {
    var bytes = [UInt8](repeating: 0, count: 16)
    guard inet_pton(AF_INET6, address, &bytes) == 1 else { return address }
    // IPv4 in the clothes of IPv6 (RFC 4291, 2.5.5.2).
    if bytes.prefix(10).allSatisfy({ $0 == 0 }), bytes[10] == 0xff, bytes[11] == 0xff {
      return bytes[12...].map { "\($0)" }.joined(separator: ".")
    }
    return bytes.prefix(8).map { String($0, radix: 16) }.joined(separator: ":") + "/64"
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
