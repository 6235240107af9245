import Glibc

/// A file that says which port the server got. It appears whole, under its name.
enum PortFile {
  /// - Returns: why it could not be written.
  static func write(_ port: Int, to path: String) -> Failure? {
    let temporary = "\(path).\(getpid()).tmp"
    let text = Array("\(port)\n".utf8)
    let descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else { return failure(path) }
    let count = Glibc.write(descriptor, text, text.count)
    guard close(descriptor) == 0, count == text.count, rename(temporary, path) == 0 else {
      let failure = failure(path)
      unlink(temporary)
      return failure
    }
    return nil
  }

  private static func failure(_ path: String) -> Failure {
    Failure(
      exit: .disk, code: "port-file",
      message: "cannot write \(path): \(String(cString: strerror(errno)))")
  }
}
