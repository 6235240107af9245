internal import AsyncHTTPClient
internal import Glibc
internal import NIOCore
internal import NIOHTTP1
internal import NIOPosix

/// Why an exchange did not come about. Nothing of it was saved.
public enum SyncError: Error, Equatable {
  /// Not an address, or plain HTTP to another machine.
  case badAddress(String)
  /// No connection came about: nothing was sent. With the reason in a few words.
  case unreachable(address: String, reason: String)
  /// The connection broke, or nothing came in time: the server may have done what it was asked for.
  case unanswered(address: String, reason: String)
  /// It cannot prove who it is. Nothing was sent.
  case untrusted(address: String, reason: String)
  /// Something answered, but no server of this product.
  case notOurServer(status: Int)
  /// The server said no, in its own words.
  case refused(status: Int, text: String)
  /// The answer cannot be read.
  case brokenAnswer(String)

  init(_ error: any Error, address: ServerAddress, _ trust: ServerTrust) async {
    if let reason = await trust.reason(error, for: address, now: time(nil)) {
      self = .untrusted(address: address.text, reason: reason)
      return
    }
    switch error {
    case let error as SyncError: self = error
    case let error as HTTPClientError:
      self =
        error == .connectTimeout
        ? .unreachable(address: address.text, reason: Self.reason(error))
        : .unanswered(address: address.text, reason: Self.reason(error))
    case is NIOTooManyBytesError: self = .brokenAnswer("it is too long")
    case is NIOConnectionError:
      self = .unreachable(address: address.text, reason: Self.reason(error))
    case let error as IOError where error.errnoCode == ECONNREFUSED:
      self = .unreachable(address: address.text, reason: Self.reason(error))
    default: self = .unanswered(address: address.text, reason: Self.reason(error))
    }
  }

  private static func reason(_ error: any Error) -> String {
    if let error = error as? HTTPClientError {
      if error == .connectTimeout { return "no answer while connecting" }
      if error == .deadlineExceeded || error == .readTimeout { return "no answer in time" }
      if error == .remoteConnectionClosed { return "the connection was closed" }
    }
    if let error = error as? NIOConnectionError {
      return error.connectionErrors.first.map { reason($0.error) } ?? "the name has no address"
    }
    if let error = error as? IOError {
      return error.errnoCode == ECONNREFUSED ? "connection refused" : "error \(error.errnoCode)"
    }
    if let error = error as? HTTPParserError {
      return error == .invalidEOFState ? "its answer broke off" : "its answer is no HTTP: \(error)"
    }
    return "\(error)"
  }
}
