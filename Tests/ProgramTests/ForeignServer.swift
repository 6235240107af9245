import Foundation
import Testing

/// Something on this machine that answers every request with the same bytes, whatever was asked, and remembers what was.
final class ForeignServer {
  let port: UInt16
  private let folder: URL
  private let child: Child

  /// What follows the bytes of an answer.
  enum End {
    /// Nothing: the connection is closed.
    case closed
    /// 64 MiB of zeros, packed with gzip.
    case packed
    /// These again and again, for as long as somebody reads; 1 GiB at most.
    case endless(String)
    /// A byte now and then, for two minutes.
    case drops
  }

  init(port: UInt16, answering bytes: String = "", _ end: End = .closed) throws {
    folder = try Project.temporaryFolder()
    self.port = port
    try Data(bytes.utf8).write(to: folder.appending(path: "answer"))
    let (mode, again) =
      switch end {
      case .closed: ("closed", "")
      case .packed: ("packed", "")
      case .endless(let bytes): ("endless", bytes)
      case .drops: ("drops", "x")
      }
    try Data(again.utf8).write(to: folder.appending(path: "again"))
    let errors = folder.appending(path: "errors").path
    child = try Child(
      "/usr/bin/python3",
      ["-c", Self.program, "\(port)", folder.path, mode],
      environment: ["PATH": "/usr/bin:/bin"], folder: folder.path, output: errors, errors: errors)
    let ready = folder.appending(path: "ready").path
    for _ in 0..<2000 where access(ready, F_OK) != 0 { usleep(5000) }
    try #require(access(ready, F_OK) == 0, "\(text("errors"))")
  }

  deinit { close() }

  func close() {
    guard FileManager.default.fileExists(atPath: folder.path) else { return }
    child.kill(group: false)
    _ = child.wait()
    try? FileManager.default.removeItem(at: folder)
  }

  /// How many connections it had, with or without a request.
  var connections: Int { text("connections").count }
  /// The requests it had, in the order in which they came.
  var asked: String { text("asked") }
  /// How many bytes of an endless answer were taken.
  var taken: Int { Int(text("taken")) ?? 0 }

  private func text(_ name: String) -> String {
    let bytes = (try? Data(contentsOf: folder.appending(path: name))) ?? Data()
    return String(decoding: bytes, as: UTF8.self)
  }

  private static let program = """
    import gzip, re, socket, sys, time
    port, folder, mode = int(sys.argv[1]), sys.argv[2], sys.argv[3]
    answer = open(folder + "/answer", "rb").read()
    again = open(folder + "/again", "rb").read()
    if mode == "packed":
        answer += gzip.compress(bytes(64 << 20))

    def keep(name, data, mode="ab"):
        with open(folder + "/" + name, mode) as file:
            file.write(data)

    def request(connection):
        asked, missing = b"", 1
        while missing > 0:
            more = connection.recv(65536)
            if not more:
                break
            asked += more
            head, end, body = asked.partition(b"\\r\\n\\r\\n")
            size = re.search(rb"(?i)\\ncontent-length: *(\\d+)", head)
            missing = int(size[1] if size else 0) - len(body) if end else 1
        return asked

    def answer_to(connection):
        keep("asked", request(connection))
        connection.sendall(answer)
        taken, start = 0, time.monotonic()
        while mode == "endless" and taken < 1 << 30:
            taken += connection.send(again * 1000)
            keep("taken", str(taken).encode(), "wb")
        while mode == "drops" and time.monotonic() < start + 120:
            connection.sendall(again)
            time.sleep(0.5)

    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("127.0.0.1", port))
    listener.listen()
    keep("ready", b"")
    while True:
        connection, _ = listener.accept()
        keep("connections", b"x")
        try:
            answer_to(connection)
        except OSError:
            pass
        connection.close()
    """
}
