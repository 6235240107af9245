internal import Glibc

/// Files and folders nobody else may read.
public enum Files {
  /// Makes an empty file of mode 0600 when nothing stands there. Done before SQLite opens it, which would
  /// make it readable for everybody.
  public static func createPrivately(_ path: String) throws(SQLiteError) {
    let descriptor = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
    if descriptor >= 0 {
      close(descriptor)
    } else if errno != EEXIST {
      throw failure("cannot create \(path)", errno)
    }
  }

  /// Makes a folder of mode 0700, and those above it, when they are missing.
  public static func createFolder(_ path: String) throws(SQLiteError) {
    var made = path.hasPrefix("/") ? "" : "."
    for part in path.split(separator: "/") {
      made += "/" + part
      if mkdir(made, 0o700) != 0, errno != EEXIST, errno != EISDIR {
        throw failure("cannot create \(made)", errno)
      }
    }
  }

  static func failure(_ what: String, _ number: Int32) -> SQLiteError {
    let kind: SQLiteError.Kind =
      switch number {
      case ENOSPC, EDQUOT: .full
      case EROFS, EACCES, EPERM: .readOnly
      case EIO: .io
      default: .cannotOpen
      }
    return SQLiteError(kind: kind, message: "\(what): \(String(cString: strerror(number)))")
  }
}

/// An advisory lock (flock) that goes with the process that holds it, however it ends.
public final class FileLock {
  private let descriptor: Int32

  /// - Returns: nil when another process holds it.
  public init?(path: String) throws(SQLiteError) {
    descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { throw Files.failure("cannot open \(path)", errno) }
    guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
      close(descriptor)
      return nil
    }
  }

  deinit { close(descriptor) }
}
