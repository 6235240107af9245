import Glibc

/// A TCP connection to this machine that sends what it is given, well-formed or not.
enum RawConnection {
  struct Failure: Error {
    let what: String
    let number: Int32
  }

  /// Sends all bytes and reads until the other end closes.
  static func exchange(_ bytes: [UInt8], port: UInt16) throws -> [UInt8] {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
    guard descriptor >= 0 else { throw Failure(what: "socket", number: errno) }
    defer { close(descriptor) }
    var limit = timeval(tv_sec: 30, tv_usec: 0)
    setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
    setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
    try connect(descriptor, port)
    var rest = bytes[...]
    while !rest.isEmpty {
      let sent = rest.withUnsafeBytes {
        Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
      }
      guard sent > 0 else { throw Failure(what: "send", number: errno) }
      rest = rest.dropFirst(sent)
    }
    return try readAll(descriptor)
  }

  /// An open connection, on which something was sent; the caller closes it.
  ///
  /// - Parameters:
  ///   - room: how many bytes it takes without being read; nil for as many as the system likes.
  ///   - address: of IPv4, in the order of the network; by default this machine's own.
  static func open(
    _ bytes: [UInt8] = [], port: UInt16, takes room: Int32? = nil, at address: UInt32 = loopback
  ) throws -> Int32 {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
    guard descriptor >= 0 else { throw Failure(what: "socket", number: errno) }
    if var room {
      setsockopt(
        descriptor, SOL_SOCKET, SO_RCVBUF, &room, socklen_t(MemoryLayout<Int32>.size))
    }
    var limit = timeval(tv_sec: 60, tv_usec: 0)
    setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
    try connect(descriptor, port, address)
    if !bytes.isEmpty { _ = Glibc.send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL)) }
    return descriptor
  }

  /// Lets this process, and those that it starts from now on, have as many open files as the system allows.
  ///
  /// - Returns: how many those are.
  static func mostDescriptors() -> Int {
    let kind = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
    var limit = rlimit()
    getrlimit(kind, &limit)
    limit.rlim_cur = limit.rlim_max
    setrlimit(kind, &limit)
    return Int(clamping: limit.rlim_max)
  }

  /// What comes next; empty at the end, and when nothing comes for a minute.
  static func receive(_ descriptor: Int32) -> String {
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    let count = recv(descriptor, &buffer, buffer.count, 0)
    return String(decoding: buffer[..<max(0, count)], as: UTF8.self)
  }

  /// How many bytes come until the other end closes.
  static func drain(_ descriptor: Int32) -> Int {
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    var total = 0
    while case let count = recv(descriptor, &buffer, buffer.count, 0), count > 0 { total += count }
    return total
  }

  /// Whether the other end closes within so many seconds. What comes before is not read.
  static func isClosed(_ descriptor: Int32, within seconds: Int32) -> Bool {
    let isClosed: Int16 = 0x2000  // POLLRDHUP
    var file = pollfd(fd: descriptor, events: isClosed, revents: 0)
    return poll(&file, 1, seconds * 1000) == 1
  }

  /// Sends a byte now and then until the other end has enough; gives up after so many.
  ///
  /// - Returns: how many bytes it took.
  static func drip(_ descriptor: Int32, every microseconds: UInt32, atMost limit: Int) -> Int {
    for count in 0..<limit {
      guard Glibc.send(descriptor, [UInt8(ascii: "x")], 1, Int32(MSG_NOSIGNAL)) == 1 else {
        return count
      }
      usleep(microseconds)
    }
    return limit
  }

  static let loopback = UInt32(0x7f00_0001).bigEndian

  /// An address under which other machines would reach this one; nil when there is none.
  static let outerAddress: UInt32? = {
    var first: UnsafeMutablePointer<ifaddrs>?
    guard getifaddrs(&first) == 0 else { return nil }
    defer { freeifaddrs(first) }
    var next = first
    while let one = next?.pointee {
      next = one.ifa_next
      guard let address = one.ifa_addr, address.pointee.sa_family == sa_family_t(AF_INET),
        one.ifa_flags & UInt32(IFF_LOOPBACK) == 0
      else { continue }
      return address.withMemoryRebound(to: sockaddr_in.self, capacity: 1) {
        $0.pointee.sin_addr.s_addr
      }
    }
    return nil
  }()

  private static func connect(
    _ descriptor: Int32, _ port: UInt16, _ other: UInt32 = loopback
  ) throws {
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    address.sin_addr.s_addr = other
    let code = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        Glibc.connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
    guard code == 0 else { throw Failure(what: "connect", number: errno) }
  }

  /// What comes until the other end closes.
  static func readAll(_ descriptor: Int32) throws -> [UInt8] {
    var received: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      let count = recv(descriptor, &buffer, buffer.count, 0)
      guard count >= 0 else { throw Failure(what: "recv", number: errno) }
      if count == 0 { return received }
      received += buffer[..<count]
    }
  }
}

/// An HTTP/1.1 answer whose end is the end of the connection.
struct HTTPAnswer {
  let status: Int
  /// Names in lower case.
  let headers: [String: String]
  let body: [UInt8]

  var text: String { String(decoding: body, as: UTF8.self) }

  init(reading bytes: [UInt8]) throws {
    let end = bytes.indices.first { bytes[$0...].starts(with: [13, 10, 13, 10]) }
    guard let end else { throw RawConnection.Failure(what: "half an answer", number: 0) }
    let lines = String(decoding: bytes[..<end], as: UTF8.self).split(separator: "\r\n")
    guard let first = lines.first, let status = Int(first.split(separator: " ")[1]) else {
      throw RawConnection.Failure(what: "no status", number: 0)
    }
    self.status = status
    headers = lines.dropFirst().reduce(into: [:]) { headers, line in
      guard let colon = line.firstIndex(of: ":") else { return }
      let value = line[line.index(after: colon)...].drop { $0 == " " }
      headers[line[..<colon].lowercased()] = String(value)
    }
    body = Array(bytes[(end + 4)...])
    // A cut connection must not look like a whole answer.
    guard headers["content-length"].map({ Int($0) == body.count }) ?? true else {
      throw RawConnection.Failure(what: "half a body", number: 0)
    }
  }
}
