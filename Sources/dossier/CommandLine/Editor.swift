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
    guard ChosenProgram.run(editor, argument: path) == 0 else {
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
}
