internal import Hummingbird
internal import NIOCore
internal import NIOHTTPTypes

/// Refuses what a proxy in front could read in another way than this server (RFC 9112, 3.2 and 6.1), and closes: no Host or
/// two, a coding of the transfer that is not plainly "chunked". What cannot be parsed at all never comes so far.
final class FramingHandler: ChannelInboundHandler, RemovableChannelHandler {
  typealias InboundIn = HTTPRequestPart
  typealias InboundOut = HTTPRequestPart

  /// What follows on the connection is nobody's request.
  private var isRefused = false

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    guard !isRefused else { return }
    if case .head(let head) = unwrapInboundIn(data), !Self.isUnmistakable(head) {
      isRefused = true
      return context.close(answering: .badRequest)
    }
    context.fireChannelRead(data)
  }

  private static func isUnmistakable(_ head: HTTPRequest) -> Bool {
    let codings = head.headerFields[values: .transferEncoding]
    let hasOneHost =
      head.authority != nil && !head.headerFields.contains { $0.name.canonicalName == "host" }
    return hasOneHost && (codings.isEmpty || codings.map { $0.lowercased() } == ["chunked"])
  }
}

extension ChannelHandlerContext {
  /// Answers a request without words, and closes when that is written.
  func close(answering status: HTTPResponse.Status, _ fields: HTTPFields = [:]) {
    var fields = fields
    fields[.contentLength] = "0"
    fields[.connection] = "close"
    let head = HTTPResponse(status: status, headerFields: fields)
    write(NIOAny(HTTPResponsePart.head(head)), promise: nil)
    let bound = NIOLoopBound(self, eventLoop: eventLoop)
    writeAndFlush(NIOAny(HTTPResponsePart.end(nil)))
      .whenComplete { _ in bound.value.close(promise: nil) }
  }
}
