import Foundation
import Glibc
import Synchronization

/// A proxy on loopback that cuts a connection when so many bytes have gone one way.
final class CuttingProxy: Sendable {
  struct Cut: Sendable {
    /// Bytes that still pass from the client to the server, and back.
    var up = Int.max
    var down = Int.max
    /// Whether the end is a reset; otherwise it looks like a regular end.
    var isReset = false
  }

  let port: UInt16
  private let listener: Int32
  private let target: UInt16
  private let cut = Mutex(Cut())
  private let passed = Mutex((up: 0, down: 0))

  init(to target: UInt16) throws {
    self.target = target
    let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
    var address = Self.loopback(0)
    let size = socklen_t(MemoryLayout<sockaddr_in>.size)
    let code = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { Glibc.bind(listener, $0, size) }
    }
    guard listener >= 0, code == 0, listen(listener, 64) == 0 else { throw POSIXError(.EADDRINUSE) }
    var bound = sockaddr_in()
    var length = size
    withUnsafeMutablePointer(to: &bound) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        _ = getsockname(listener, $0, &length)
      }
    }
    port = UInt16(bigEndian: bound.sin_port)
    self.listener = listener
    Thread.detachNewThread { [self] in
      // Ends when the listener is closed.
      while case let client = accept(listener, nil, nil), client >= 0 { relay(client) }
    }
  }

  func close() { shutdown(listener, Int32(SHUT_RDWR)) }

  /// The next connections are cut like this.
  func set(_ cut: Cut) {
    self.cut.withLock { $0 = cut }
    passed.withLock { $0 = (0, 0) }
  }

  /// How many bytes went either way since the last ``set(_:)``.
  var bytes: (up: Int, down: Int) { passed.withLock { $0 } }

  private static func loopback(_ port: UInt16) -> sockaddr_in {
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    return address
  }

  private func relay(_ client: Int32) {
    let server = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
    var address = Self.loopback(target)
    let code = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        Glibc.connect(server, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
    defer {
      Glibc.close(client)
      Glibc.close(server)
    }
    guard code == 0 else { return }
    var rest = cut.withLock { $0 }
    var polled = [
      pollfd(fd: client, events: Int16(POLLIN), revents: 0),
      pollfd(fd: server, events: Int16(POLLIN), revents: 0),
    ]
    while rest.up > 0, rest.down > 0, poll(&polled, 2, 30_000) > 0 {
      for side in 0..<2 where polled[side].revents != 0 {
        let limit = side == 0 ? rest.up : rest.down
        let count = pass(polled[side].fd, to: polled[1 - side].fd, upTo: limit)
        guard count > 0 else { return }
        if side == 0 { rest.up -= count } else { rest.down -= count }
        passed.withLock { if side == 0 { $0.up += count } else { $0.down += count } }
      }
    }
    if rest.isReset {
      for descriptor in [client, server] {
        var linger = linger(l_onoff: 1, l_linger: 0)
        setsockopt(
          descriptor, SOL_SOCKET, SO_LINGER, &linger, socklen_t(MemoryLayout<Glibc.linger>.size))
      }
    }
  }

  private func pass(_ from: Int32, to target: Int32, upTo limit: Int) -> Int {
    var buffer = [UInt8](repeating: 0, count: min(limit, 1 << 16))
    let count = recv(from, &buffer, buffer.count, 0)
    guard count > 0 else { return count }
    var sent = 0
    while sent < count {
      let step = buffer.withUnsafeBytes {
        send(target, $0.baseAddress! + sent, count - sent, Int32(MSG_NOSIGNAL))
      }
      guard step > 0 else { return -1 }
      sent += step
    }
    return count
  }
}
