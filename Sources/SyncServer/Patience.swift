internal import ChangeLog
internal import Hummingbird
internal import NIOCore
internal import NIOHTTPTypes
internal import Synchronization

/// Closes connections that keep the server waiting: a head, a body or the taking of an answer that comes in drops
/// (slowloris), and more connections of one address than it may have. Whoever comes when there are as many as there may be
/// in all is told to come again.
final class PatienceHandler: ChannelDuplexHandler, RemovableChannelHandler {
  typealias InboundIn = HTTPRequestPart
  typealias OutboundIn = HTTPResponsePart
  typealias OutboundOut = HTTPResponsePart

  /// It says that it is one of our servers: whoever meets it comes again.
  private static let turnedAway: HTTPFields = {
    var fields: HTTPFields = [.retryAfter: "10"]
    fields[ErrorAnswers.protocolName] = "\(SyncRequest.version)"
    return fields
  }()

  let presence = Presence()
  private let limits: Limits
  private let visitors: Visitors
  private var deadline: Scheduled<Void>?
  private var address: String?
  /// Of the request that is here now: whether its answer has begun. It may be before its body is here.
  private var isAnswered = false
  private var isTurnedAway = false

  init(_ limits: Limits, _ visitors: Visitors) {
    self.limits = limits
    self.visitors = visitors
  }

  func handlerAdded(context: ChannelHandlerContext) {
    if context.channel.isActive { begin(context) }
  }

  func channelActive(context: ChannelHandlerContext) {
    begin(context)
    context.fireChannelActive()
  }

  private func begin(_ context: ChannelHandlerContext) {
    guard deadline == nil else { return }
    let address = Network.name(of: context.remoteAddress?.ipAddress ?? "")
    guard visitors.enter(address, limit: limits.connectionsPerAddress) else {
      return context.close(promise: nil)
    }
    self.address = address
    isTurnedAway = visitors.total > limits.connections
    if isTurnedAway { visitors.countTurnedAway() }
    wait(limits.headSeconds, context)
  }

  func channelInactive(context: ChannelHandlerContext) {
    deadline?.cancel()
    presence.end()
    if let address { visitors.leave(address) }
    address = nil
    context.fireChannelInactive()
  }

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    if case ChannelEvent.inputClosed = event { presence.end() }
    context.fireUserInboundEventTriggered(event)
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    switch unwrapInboundIn(data) {
    case .head where isTurnedAway:
      return context.close(answering: .serviceUnavailable, Self.turnedAway)
    case .body where isTurnedAway, .end where isTurnedAway: return
    case .head(let head):
      isAnswered = false
      let size = head.headerFields[.contentLength].flatMap { Int($0) } ?? 0
      wait(seconds(for: size), context)
    case .body: break
    // What takes long now is the server's own work; but not when it is done.
    case .end: if !isAnswered { deadline?.cancel() }
    }
    context.fireChannelRead(data)
  }

  func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
    switch unwrapOutboundIn(data) {
    case .head(let head):
      isAnswered = true
      wait(seconds(for: head.headerFields[.contentLength].flatMap { Int($0) } ?? 0), context)
      context.write(data, promise: promise)
    case .body: context.write(data, promise: promise)
    case .end:
      let promise = promise ?? context.eventLoop.makePromise()
      let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
      promise.futureResult.whenSuccess {
        let (handler, context) = bound.value
        handler.wait(handler.limits.idleSeconds, context)
      }
      context.write(data, promise: promise)
    }
  }

  /// How long so many bytes may take.
  private func seconds(for size: Int) -> Int {
    limits.graceSeconds + max(0, min(size, 64 << 20)) / max(1, limits.slowestBytesPerSecond)
  }

  private func wait(_ seconds: Int, _ context: ChannelHandlerContext) {
    deadline?.cancel()
    let bound = NIOLoopBound(context, eventLoop: context.eventLoop)
    deadline = context.eventLoop.scheduleTask(in: .seconds(Int64(seconds))) {
      bound.value.close(promise: nil)
    }
  }
}

/// Whether a client is still there, who sent a request and waits for the answer.
final class Presence: Sendable {
  private let state = Mutex<(isOver: Bool, waiting: AsyncStream<Void>.Continuation?)>((false, nil))

  /// That of the client at the other end of a connection.
  static func of(_ channel: any Channel) async -> Presence {
    let found = channel.eventLoop.submit {
      try channel.pipeline.syncOperations.handler(type: PatienceHandler.self).presence
    }
    if let presence = try? await found.get() { return presence }
    // A connection that is closed has no handlers any more.
    let gone = Presence()
    gone.end()
    return gone
  }

  /// Ends when the client has closed the connection, or its half of it, or when somebody else asks for this.
  func departure() -> AsyncStream<Void> {
    AsyncStream { continuation in
      let former = state.withLock { state -> AsyncStream<Void>.Continuation? in
        if state.isOver { return continuation }
        defer { state.waiting = continuation }
        return state.waiting
      }
      former?.finish()
    }
  }

  func end() {
    let waiting = state.withLock { state in
      state.isOver = true
      defer { state.waiting = nil }
      return state.waiting
    }
    waiting?.finish()
  }
}

/// How many connections each address has.
final class Visitors: Sendable {
  private let counts = Mutex<(ofEach: [String: Int], total: Int, turnedAway: Int)>(([:], 0, 0))

  private static let loopback = Network.name(of: "::1")

  /// - Returns: false when the address has as many as it may.
  func enter(_ address: String, limit: Int) -> Bool {
    counts.withLock { counts in
      let isNear = address.hasPrefix("127.") || address == Self.loopback || address.isEmpty
      guard isNear || counts.ofEach[address, default: 0] < limit else { return false }
      counts.ofEach[address, default: 0] += 1
      counts.total += 1
      return true
    }
  }

  func leave(_ address: String) {
    counts.withLock { counts in
      let left = (counts.ofEach[address] ?? 1) - 1
      counts.ofEach[address] = left > 0 ? left : nil
      counts.total -= 1
    }
  }

  func countTurnedAway() { counts.withLock { $0.turnedAway += 1 } }

  /// How many came while there were as many as there may be.
  var turnedAway: Int { counts.withLock { $0.turnedAway } }

  /// All connections.
  var total: Int { counts.withLock { $0.total } }
}
