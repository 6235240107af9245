import Glibc

/// Runs the real `dossier-server` that lies beside the tests.
enum ServerProgram {
  /// Built together with the tests; `DOSSIER_SERVER_BINARY` names another.
  static let path: String = {
    if let named = getenv("DOSSIER_SERVER_BINARY") { return String(cString: named) }
    var buffer = [UInt8](repeating: 0, count: 4096)
    let count = readlink("/proc/self/exe", &buffer, buffer.count)
    let own = String(decoding: buffer[..<max(0, count)], as: UTF8.self)
    return own[..<(own.lastIndex(of: "/") ?? own.startIndex)] + "/dossier-server"
  }()

  struct Result {
    let status: Int32
    let out: String
    let err: String
  }

  /// Runs a command to its end.
  ///
  /// - Parameter launcher: another program and its words, which starts it in its own place.
  static func run(_ arguments: [String], behind launcher: [String] = []) throws -> Result {
    let folder = try TemporaryFolder()
    let words = launcher + [path] + arguments
    let child = try Child(
      words[0], Array(words.dropFirst()), out: folder.path + "/out", err: folder.path + "/err")
    return Result(
      status: child.wait(), out: read(folder.path + "/out"), err: read(folder.path + "/err"))
  }

  /// The text of a file; empty when there is none.
  static func read(_ path: String) -> String {
    guard let file = fopen(path, "re") else { return "" }
    defer { fclose(file) }
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    while case let count = fread(&buffer, 1, buffer.count, file), count > 0 {
      bytes += buffer[..<count]
    }
    return String(decoding: bytes, as: UTF8.self)
  }

  /// A port that nobody listens on now.
  static func freePort() throws -> UInt16 {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    defer { close(descriptor) }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    var size = socklen_t(MemoryLayout<sockaddr_in>.size)
    return withUnsafeMutablePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(descriptor, $0, size)
        getsockname(descriptor, $0, &size)
      }
      return UInt16(bigEndian: $0.pointee.sin_port)
    }
  }
}

/// A process of ours.
final class Child {
  let id: pid_t
  private var isOver = false

  struct Failure: Error {
    let number: Int32
  }

  init(_ path: String, _ arguments: [String], out: String, err: String) throws {
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    let flags = O_WRONLY | O_CREAT | O_APPEND
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
    posix_spawn_file_actions_addopen(&actions, 1, out, flags, 0o600)
    posix_spawn_file_actions_addopen(&actions, 2, err, flags, 0o600)
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    // What the threads of a test do not want to hear is not for the child.
    var nothing = sigset_t()
    sigemptyset(&nothing)
    posix_spawnattr_setsigmask(&attributes, &nothing)
    posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK))
    let words = ([path] + arguments).map { strdup($0) } + [nil]
    defer { for word in words { free(word) } }
    var child = pid_t()
    let number = posix_spawnp(&child, path, &actions, &attributes, words, environ)
    guard number == 0 else { throw Failure(number: number) }
    id = child
  }

  func send(_ signal: Int32) { if !isOver { kill(id, signal) } }

  /// - Returns: the exit code, or minus the signal that ended it.
  @discardableResult
  func wait() -> Int32 {
    var status: Int32 = 0
    while waitpid(id, &status, 0) < 0, errno == EINTR {}
    isOver = true
    return status & 0x7f == 0 ? (status >> 8) & 0xff : -(status & 0x7f)
  }

  deinit {
    guard !isOver else { return }
    send(SIGKILL)
    wait()
  }
}
