import Glibc
import SQLite

/// The person's own editor, on a private file.
enum Editor {
  /// - Returns: what was saved in the editor.
  /// - Throws: ``Failure`` when the editor fails or leaves nothing; the text is kept in its file then.
  static func edit(_ text: String, name: String) throws -> String {
    let editor = Machine.environment("VISUAL") ?? Machine.environment("EDITOR") ?? "vi"
    let folder = Context.unsavedFolder
    try Files.createFolder(folder)
    let path = "\(folder)/\(name)-\(getpid()).md"
    try Files.writePrivately(Array(text.utf8), to: path)
    guard run(editor, path) == 0 else {
      throw Failure(
        "editor", exit: 64, "\(editor) did not end well; nothing was saved",
        details: ["the text waits in \(path)"])
    }
    guard let bytes = try Files.read(path), let edited = String(validating: bytes, as: UTF8.self)
    else {
      throw Failure(
        "bad-text", exit: 65, "the text is not valid UTF-8; nothing was saved",
        details: ["it waits in \(path)"])
    }
    unlink(path)
    return edited
  }

  /// Runs `$EDITOR PATH` in a shell, as the variable may hold arguments.
  private static func run(_ editor: String, _ path: String) -> Int32 {
    var process = pid_t()
    var arguments: [UnsafeMutablePointer<CChar>?] = [
      "sh", "-c", editor + " \"$1\"", "sh", path,
    ].map { (text: String) in strdup(text) }
    arguments.append(nil)
    defer { for argument in arguments { free(argument) } }
    guard posix_spawn(&process, "/bin/sh", nil, nil, arguments, environ) == 0 else { return -1 }
    var status: Int32 = 0
    while waitpid(process, &status, 0) < 0, errno == EINTR {}
    return status
  }
}
