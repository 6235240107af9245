import Glibc

/// Commands that the person chose: an editor, a pager.
enum ChosenProgram {
  /// Runs a command, which may hold arguments, and waits for its end.
  ///
  /// - Parameter argument: put behind the command as one word, whatever is in it.
  /// - Returns: its exit code; 127 when there is no such command.
  static func run(
    _ command: String, argument: String? = nil,
    actions: UnsafeMutablePointer<posix_spawn_file_actions_t>? = nil
  ) -> Int32 {
    let words =
      argument.map { ["sh", "-c", command + " \"$1\"", "sh", $0] } ?? ["sh", "-c", command]
    var arguments: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) }
    arguments.append(nil)
    defer { for argument in arguments { free(argument) } }
    var process = pid_t()
    guard posix_spawn(&process, "/bin/sh", actions, nil, arguments, environ) == 0 else {
      return 127
    }
    var status: Int32 = 0
    while waitpid(process, &status, 0) < 0, errno == EINTR {}
    // Ended by a signal: not well.
    return status & 0x7f == 0 ? (status >> 8) & 0xff : 128
  }
}
