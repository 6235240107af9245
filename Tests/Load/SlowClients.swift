import ChangeLog
import Glibc
import Synchronization

/// Clients that keep a server waiting: a head, a body, and the taking of a long answer, each a byte at a time. Whoever is thrown
/// out comes again.
final class SlowClients: Sendable {
  private let devices: [LoadDevice]
  private let address: (host: String, port: UInt16)
  private let opened = Mutex<Int>(0)

  private enum Manner: Int, CaseIterable { case head, body, reading }

  /// - Parameter devices: that nobody else is; several requests of each are under way.
  init(_ devices: [LoadDevice], at address: (host: String, port: UInt16)) {
    self.devices = devices
    self.address = address
  }

  /// How many connections there were.
  var count: Int { opened.withLock { $0 } }

  /// One of them, until the time is over.
  func bother(_ number: Int, until end: ContinuousClock.Instant) {
    let manner = Manner.allCases[number % Manner.allCases.count]
    let device = devices[number / Manner.allCases.count % devices.count]
    while ContinuousClock.now < end {
      guard let connection = try? LoadConnection(address, room: 4096) else {
        usleep(200_000)
        continue
      }
      opened.withLock { $0 += 1 }
      let (first, rest) = request(manner, device)
      guard connection.write(first) else { continue }
      for byte in rest {
        guard ContinuousClock.now < end, connection.write([byte]) else { break }
        usleep(500_000)
      }
      while manner == .reading, ContinuousClock.now < end, connection.take(1) { usleep(500_000) }
    }
  }

  /// What is sent at once, and what follows byte by byte.
  private func request(_ manner: Manner, _ device: LoadDevice) -> ([UInt8], ArraySlice<UInt8>) {
    let path = "/v1/workspaces/\(device.workspace)/sync"
    let all = SyncRequest(
      workspace: device.workspace, cursor: .start, own: device.head, wantsOwnBytes: true
    ).encoded
    let slow = [UInt8](repeating: UInt8(ascii: "x"), count: 10_000)
    switch manner {
    case .head: return (Array("POST \(path) HTTP/1.1\r\nHost: load\r\nSlow: ".utf8), slow[...])
    case .body: return (LoadConnection.head(path, size: slow.count, device.token), slow[...])
    case .reading: return (LoadConnection.head(path, size: all.count, device.token) + all, [])
    }
  }
}
