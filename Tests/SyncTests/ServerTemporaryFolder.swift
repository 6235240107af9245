import Glibc

/// A folder that goes with the test.
final class TemporaryFolder {
  let path: String

  init() throws {
    var template = Array("/tmp/dossier-test.XXXXXX".utf8CString)
    guard let made = mkdtemp(&template) else { throw Failure(what: "mkdtemp \(errno)") }
    path = String(cString: made)
  }

  struct Failure: Error {
    let what: String
  }

  static func write(_ text: String, to path: String) throws {
    guard let file = fopen(path, "w") else { throw Failure(what: "\(path): \(errno)") }
    fputs(text, file)
    fclose(file)
  }

  deinit {
    // Names in it are our own; a shell is the shortest way.
    var child = pid_t()
    let arguments: [UnsafeMutablePointer<CChar>?] =
      [strdup("rm"), strdup("-rf"), strdup(path), nil]
    if posix_spawnp(&child, "rm", nil, nil, arguments, environ) == 0 { waitpid(child, nil, 0) }
    for argument in arguments { free(argument) }
  }
}
