import Glibc

/// Shows what is longer than the screen in `$PAGER`, and what is not at once.
enum Pager {
  /// Runs what writes to standard output, and shows it when it is done, or has failed.
  static func show(on terminal: Terminal, _ body: () throws -> Void) throws {
    let command = Machine.environment("PAGER") ?? "less"
    guard Terminal.isCapable, !command.isEmpty, command != "cat", let file = tmpfile() else {
      return try body()
    }
    defer { fclose(file) }
    let screen = dup(STDOUT_FILENO)
    defer { close(screen) }
    dup2(fileno(file), STDOUT_FILENO)
    defer { show(fileno(file), on: terminal, with: command) }
    defer { dup2(screen, STDOUT_FILENO) }
    try body()
  }

  private static func show(_ file: Int32, on terminal: Terminal, with command: String) {
    let text = text(of: file)
    let rows = text.split(separator: "\n", omittingEmptySubsequences: false).dropLast()
      .reduce(0) { $0 + max(1, (Terminal.width(of: $1) + terminal.width - 1) / terminal.width) }
    lseek(file, 0, SEEK_SET)
    if rows < terminal.height || run(command, input: file) == 127 { sayRaw(text) }
  }

  private static func text(of file: Int32) -> String {
    lseek(file, 0, SEEK_SET)
    var bytes: [UInt8] = []
    var part = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      let count = read(file, &part, part.count)
      guard count > 0 else { return String(decoding: bytes, as: UTF8.self) }
      bytes += part[..<count]
    }
  }

  /// Runs a command of the shell on a file. `less` keeps colours, and leaves the screen as it is.
  private static func run(_ command: String, input: Int32) -> Int32 {
    if Machine.environment("LESS") == nil { setenv("LESS", "FRX", 1) }
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_adddup2(&actions, input, STDIN_FILENO)
    return ChosenProgram.run(command, actions: &actions)
  }
}
