import Foundation
import Glibc

/// A child process, started and waited for without threads or run loops of its own.
struct Child {
  let id: pid_t

  /// - Parameters:
  ///   - output: the file that takes standard output.
  ///   - leadsGroup: whether it leads a process group of its own, to be ended as a whole.
  init(
    _ path: String, _ arguments: [String], environment: [String: String], folder: String,
    input: String = "/dev/null", output: String, errors: String, leadsGroup: Bool = false
  ) throws {
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_addopen(&actions, 0, input, O_RDONLY, 0)
    posix_spawn_file_actions_addopen(&actions, 1, output, O_WRONLY | O_CREAT | O_APPEND, 0o600)
    posix_spawn_file_actions_addopen(&actions, 2, errors, O_WRONLY | O_CREAT | O_APPEND, 0o600)
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    // The test runner may block signals; a child must not inherit that.
    var none = sigset_t()
    sigemptyset(&none)
    posix_spawnattr_setsigmask(&attributes, &none)
    posix_spawnattr_setflags(
      &attributes, Int16(POSIX_SPAWN_SETSIGMASK | (leadsGroup ? POSIX_SPAWN_SETPGROUP : 0)))
    // `env -C` enters the folder and becomes the program.
    var words = (["env", "-C", folder, path] + arguments).map { strdup($0) } + [nil]
    var variables = environment.map { strdup("\($0)=\($1)") } + [nil]
    defer {
      for word in words { free(word) }
      for variable in variables { free(variable) }
    }
    var started = pid_t()
    let code = posix_spawn(&started, "/usr/bin/env", &actions, &attributes, &words, &variables)
    guard code == 0 else { throw POSIXError(POSIXErrorCode(rawValue: code) ?? .ENOENT) }
    id = started
  }

  /// The exit status; 128 and the signal when one ended it.
  func wait() -> Int32 {
    var status: Int32 = 0
    while waitpid(id, &status, 0) < 0, errno == EINTR {}
    return status & 0x7f == 0 ? (status >> 8) & 0xff : 128 + (status & 0x7f)
  }

  func kill(group: Bool) { Glibc.kill(group ? -id : id, SIGKILL) }
}
