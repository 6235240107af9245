internal import Hummingbird
internal import NIOCore
internal import NIOHTTPTypes

/// Refuses what a proxy in front could read in another way than this server (RFC 9112, 3.2 and 6.1), and closes: no Host or
/// two, a coding of the transfer that is not plainly "chunked". What cannot be parsed at all never comes so far.
final class FramingHandler: ChannelInboundHandler, RemovableChannelHandler {
  typealias InboundIn = HTTPRequestPart
  typealias InboundOut = HTTPRequestPart
  typealias OutboundOut = HTTPResponsePart

  /// What follows on the connection is nobody's request.
  private var isRefused = false

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    guard !isRefused else { return }
    if case .head(let head) = unwrapInboundIn(data), !Self.isUnmistakable(head) {
      isRefused = true
      return refuse(context)
    }
    context.fireChannelRead(data)
  }

  private static func isUnmistakable(_ head: HTTPRequest) -> Bool {
    let codings = head.headerFields[values: .transferEncoding]
    let hasOneHost =
      head.authority != nil && !head.headerFields.contains { $0.name.canonicalName == "host" }
    return hasOneHost && (codings.isEmpty || codings.map { $0.lowercased() } == ["chunked"])
  }

  private func refuse(_ context: ChannelHandlerContext) {
    let head = HTTPResponse(
      status: .badRequest, headerFields: [.contentLength: "0", .connection: "close"])
    context.write(wrapOutboundOut(.head(head)), promise: nil)
    let bound = NIOLoopBound(context, eventLoop: context.eventLoop)
    context.writeAndFlush(wrapOutboundOut(.end(nil)))
      .whenComplete { _ in bound.value.close(promise: nil) }
  }
}
