import ChangeLog
import Foundation
import Glibc
import Synchronization

/// Devices that all push at once, over real HTTP: `Load CODES HOST PORT SECONDS SIZE SLOW` prints one line of JSON.
///
/// CODES is a file with an invite a line: as many devices join. When SLOW is not 0, the last twenty do nothing but keep the
/// server waiting, over so many connections (``SlowClients``). Each of the others writes one changeset of about SIZE bytes after another
/// and sends it again until it has a verdict. When the time is over every log is read and held against what was acknowledged.
@main
enum Load {
  static func main() throws {
    let words = CommandLine.arguments
    guard words.count == 7, let port = UInt16(words[3]), let seconds = Int(words[4]),
      let size = Int(words[5]), let slow = Int(words[6])
    else {
      print("usage: Load CODES HOST PORT SECONDS SIZE SLOW")
      exit(64)
    }
    let codes = try String(contentsOfFile: words[1], encoding: .utf8).split(separator: "\n")
    var devices: [LoadDevice] = []
    for (number, code) in codes.enumerated() {
      devices.append(
        try LoadDevice(
          joining: InviteCode(text: String(code)), number: number, at: (words[2], port), size: size)
      )
    }
    let results = Mutex<[LoadDevice]>([])
    let end = ContinuousClock.now + .seconds(seconds)
    let start = ContinuousClock.now
    let bothering = slow > 0 ? Array(devices.suffix(20)) : []
    devices.removeLast(bothering.count)
    let slowClients = SlowClients(bothering, at: (words[2], port))
    for number in 0..<slow {
      let thread = Thread { slowClients.bother(number, until: end) }
      thread.stackSize = 256 << 10
      thread.start()
    }
    for device in devices {
      let thread = Thread {
        var device = device
        device.push(until: end)
        results.withLock { $0.append(device) }
      }
      thread.stackSize = 512 << 10
      thread.start()
    }
    while results.withLock({ $0.count }) < devices.count { usleep(20_000) }
    let took = ContinuousClock.now - start
    try report(results.withLock { $0 }, took, slow: slowClients.count)
  }

  /// - Parameter slow: how many slow connections there were.
  private static func report(_ devices: [LoadDevice], _ took: Duration, slow: Int) throws {
    var (lost, doubled) = (0, 0)
    var logs: [WorkspaceID: [ChangesetID]] = [:]
    for device in devices where logs[device.workspace] == nil {
      logs[device.workspace] = try device.readLog()
    }
    for log in logs.values { doubled += log.count - Set(log).count }
    for device in devices {
      let log = logs[device.workspace] ?? []
      lost += device.acknowledged.count {
        !log.indices.contains($0.position - 1) || log[$0.position - 1] != $0.id
      }
    }
    let times = devices.flatMap(\.times).sorted()
    func quantile(_ part: Double) -> Double {
      times.isEmpty ? 0 : times[min(times.count - 1, Int(Double(times.count) * part))]
    }
    let fields: [(String, String)] = [
      ("devices", "\(devices.count)"), ("workspaces", "\(logs.count)"),
      ("pushes", "\(times.count)"), ("seconds", rounded(took / .seconds(1))),
      ("perSecond", rounded(Double(times.count) / (took / .seconds(1)))),
      ("p50", rounded(quantile(0.5))), ("p99", rounded(quantile(0.99))),
      ("worst", rounded(times.last ?? 0)),
      ("retries", "\(devices.reduce(0) { $0 + $1.retries })"), ("lost", "\(lost)"),
      ("doubled", "\(doubled)"), ("slow", "\(slow)"),
    ]
    print("{" + fields.map { "\"\($0)\": \($1)" }.joined(separator: ", ") + "}")
    guard lost == 0, doubled == 0, !times.isEmpty else { exit(1) }
  }

  private static func rounded(_ number: Double) -> String { String(format: "%.2f", number) }
}

/// One device: its key, its chain, its connection.
struct LoadDevice: Sendable {
  let workspace: WorkspaceID
  private let key: DeviceKey
  private let introduction: Introduction
  let token: Token
  private let address: (host: String, port: UInt16)
  private let size: Int
  private(set) var head: WriterHead
  private var cursor = Cursor.start
  /// Of each acknowledged push, in milliseconds, with the tries that failed.
  private(set) var times: [Double] = []
  private(set) var acknowledged: [(id: ChangesetID, position: Int)] = []
  private(set) var retries = 0

  struct Failure: Error {
    let what: String
  }

  init(
    joining code: InviteCode, number: Int, at address: (host: String, port: UInt16), size: Int
  ) throws {
    workspace = code.workspace
    self.address = address
    self.size = size
    key = try DeviceKey(seed: (0..<32).map { _ in UInt8.random(in: 0...255) })
    introduction = Introduction(
      key: key.publicKey,
      salt: ID(high: UInt64.random(in: 0 ... .max), low: UInt64.random(in: 0 ... .max)))
    head = WriterHead(writer: introduction.writer, sequence: 0, id: .zero)
    let request = try JoinRequest(
      code, deviceName: "load \(number)", key: key, now: UInt64(time(nil)) * 1000)
    var connection = try LoadConnection(address)
    let answer = try connection.post(
      "/v1/workspaces/\(code.workspace)/devices", request.encoded, token: nil)
    guard answer.status == 200 else { throw Failure(what: "join: \(answer.status)") }
    token = try JoinResponse(decoding: answer.body).token
  }

  mutating func push(until end: ContinuousClock.Instant) {
    var connection: LoadConnection?
    while ContinuousClock.now < end {
      guard let changeset = try? write() else { return }
      let start = ContinuousClock.now
      while true {
        do {
          if connection == nil { connection = try LoadConnection(address) }
          let position = try send(changeset, over: &connection!)
          times.append((ContinuousClock.now - start) / .milliseconds(1))
          acknowledged.append((changeset.id, position))
          break
        } catch {
          connection = nil
          retries += 1
          usleep(50_000)
          // A server that does not come back is told at the end.
          guard ContinuousClock.now < end + .seconds(30) else { return }
        }
      }
    }
  }

  /// Pushes one, and reads on no further than it has to: one entry of the page behind the last push.
  private mutating func send(
    _ changeset: Changeset, over connection: inout LoadConnection
  ) throws -> Int {
    let request = SyncRequest(
      workspace: workspace, cursor: cursor, own: head, pageSize: 1, changesets: [changeset.bytes])
    let answer = try connection.post(
      "/v1/workspaces/\(workspace)/sync", request.encoded, token: token)
    guard answer.status == 200 else { throw Failure(what: "sync: \(answer.status)") }
    let response = try SyncResponse(decoding: answer.body)
    guard case .accepted(let position)? = response.verdicts.first else {
      cursor = .start
      throw Failure(what: "\(response.verdicts)")
    }
    cursor = response.head
    return position
  }

  private mutating func write() throws -> Changeset {
    let header = Header(
      workspace: workspace, writer: head.writer, sequence: head.sequence + 1, previous: head.id,
      clock: Timestamp(milliseconds: UInt64(time(nil)) * 1000),
      introduction: head.sequence == 0 ? introduction : nil, seen: [])
    let text = String((0..<size).map { _ in "abcdefghijklmnop".randomElement()! })
    let put = Operation(
      entity: EntityID(high: head.sequence, low: UInt64.random(in: 0 ... .max)), kind: 1,
      .put(1, .text(Text(text)), replacing: []))
    let changeset = try Changeset(
      header: header, body: Body(intent: "note", operations: [put]), key: key)
    head = WriterHead(writer: head.writer, sequence: header.sequence, id: changeset.id)
    return changeset
  }

  /// The names of all that the log of its workspace has.
  func readLog() throws -> [ChangesetID] {
    var connection = try LoadConnection(address)
    var (log, cursor) = ([ChangesetID](), Cursor.start)
    while true {
      let request = SyncRequest(
        workspace: workspace, cursor: cursor, own: head, wantsOwnBytes: true, pageSize: 8 << 20)
      let answer = try connection.post(
        "/v1/workspaces/\(workspace)/sync", request.encoded, token: token)
      guard answer.status == 200,
        case .entries(let entries, let end) = try SyncResponse(decoding: answer.body).page
      else { throw Failure(what: "the log cannot be read: \(answer.status)") }
      if entries.isEmpty { return log }
      for case .changeset(let bytes) in entries { log.append(Digest(of: bytes)) }
      cursor = end
    }
  }
}

/// A connection that is kept: HTTP/1.1, one request after another.
struct LoadConnection: ~Copyable {
  private let descriptor: Int32
  private var unread: [UInt8] = []

  /// - Parameter room: for how many bytes of answers that nobody has taken yet; nil for as many as the system likes.
  init(_ address: (host: String, port: UInt16), room: Int32? = nil) throws {
    descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    if var room {
      setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &room, socklen_t(MemoryLayout<Int32>.size))
    }
    var place = sockaddr_in()
    place.sin_family = sa_family_t(AF_INET)
    place.sin_port = address.port.bigEndian
    inet_pton(AF_INET, address.host, &place.sin_addr)
    let connected = withUnsafePointer(to: &place) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
    guard connected == 0 else { throw LoadDevice.Failure(what: "connect: \(errno)") }
    var patience = timeval(tv_sec: 20, tv_usec: 0)
    setsockopt(
      descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
  }

  deinit { close(descriptor) }

  mutating func post(
    _ path: String, _ body: [UInt8], token: Token?
  ) throws -> (status: Int, body: [UInt8]) {
    guard write(Self.head(path, size: body.count, token) + body) else {
      throw LoadDevice.Failure(what: "send: \(errno)")
    }
    return try answer()
  }

  static func head(_ path: String, size: Int, _ token: Token?) -> [UInt8] {
    let authorization = token.map { "Authorization: Bearer \($0.text)\r\n" } ?? ""
    return Array(
      "POST \(path) HTTP/1.1\r\nHost: load\r\n\(authorization)".utf8)
      + Array("Content-Type: \(WireFormat.contentType)\r\nContent-Length: \(size)\r\n\r\n".utf8)
  }

  /// - Returns: false when the connection is gone.
  func write(_ bytes: [UInt8]) -> Bool {
    var sent = 0
    while sent < bytes.count {
      let count = bytes[sent...].withUnsafeBytes {
        Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
      }
      guard count > 0 else { return false }
      sent += count
    }
    return true
  }

  /// Takes at most so many bytes of an answer, and forgets them.
  ///
  /// - Returns: false when the connection is gone.
  func take(_ count: Int) -> Bool {
    var buffer = [UInt8](repeating: 0, count: count)
    return recv(descriptor, &buffer, count, 0) > 0
  }

  private mutating func answer() throws -> (status: Int, body: [UInt8]) {
    let mark = Array("\r\n\r\n".utf8)
    var end: Int?
    while end == nil {
      end = (0..<max(0, unread.count - 3)).first { unread[$0..<$0 + 4].elementsEqual(mark) }
      if end == nil { try read() }
    }
    let head = String(decoding: unread[..<end!], as: UTF8.self).lowercased()
    let lines = head.split(separator: "\r\n")
    let length = lines.first { $0.hasPrefix("content-length:") }?.split(separator: " ").last
    guard let status = lines.first?.split(separator: " ").dropFirst().first.flatMap({ Int($0) }),
      let length = length.flatMap({ Int($0) })
    else { throw LoadDevice.Failure(what: "no answer of HTTP") }
    while unread.count < end! + 4 + length { try read() }
    let body = Array(unread[(end! + 4)..<(end! + 4 + length)])
    unread.removeFirst(end! + 4 + length)
    return (status, body)
  }

  private mutating func read() throws {
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    let count = recv(descriptor, &buffer, buffer.count, 0)
    guard count > 0 else { throw LoadDevice.Failure(what: "recv: \(errno)") }
    unread += buffer[..<count]
  }
}
