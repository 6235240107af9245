internal import CSQLite
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

  /// Makes a folder, and those above it, when they are missing; for the owner only unless `mode` says otherwise.
  public static func createFolder(_ path: String, mode: UInt32 = 0o700) throws(SQLiteError) {
    var made = path.hasPrefix("/") ? "" : "."
    for part in path.split(separator: "/") {
      made += "/" + part
      if mkdir(made, mode) != 0, errno != EEXIST, errno != EISDIR {
        throw failure("cannot create \(made)", errno)
      }
    }
  }

  /// Whether group or others can read, write or enter it. False when it is not there.
  public static func isOpenToOthers(_ path: String) throws(SQLiteError) -> Bool {
    var status = stat()
    guard stat(path, &status) == 0 else {
      if errno == ENOENT { return false }
      throw failure("cannot look at \(path)", errno)
    }
    return status.st_mode & 0o077 != 0
  }

  public static func isFolder(_ path: String) -> Bool {
    var status = stat()
    return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
  }

  public static func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }

  /// What the file system knows a file by: its number, and when it was made, for a number is given again.
  /// Another file, or a copy, has another.
  public static func identity(of path: String) throws(SQLiteError) -> String {
    var status = stat()
    guard stat(path, &status) == 0 else { throw failure("cannot look at \(path)", errno) }
    return "\(status.st_ino) \(file_birth_time(path))"
  }

  /// Puts a few words in the place of a file's, in one write and without waiting for the disk. For hints
  /// only: nothing is said when it cannot be done.
  public static func note(_ words: String, at path: String) {
    let descriptor = open(path, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { return }
    defer { close(descriptor) }
    let bytes = Array(words.utf8)
    _ = pwrite(descriptor, bytes, bytes.count, 0)
  }

  /// The bytes of a file; nil when there is none.
  ///
  /// - Parameter limit: the most that is read, in bytes; a longer file is an error.
  public static func read(_ path: String, limit: Int = .max) throws(SQLiteError) -> [UInt8]? {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else {
      if errno == ENOENT { return nil }
      throw failure("cannot read \(path)", errno)
    }
    defer { close(descriptor) }
    return try readAll(descriptor, path, limit: limit)
  }

  static func readAll(
    _ descriptor: Int32, _ path: String, limit: Int = .max
  ) throws(SQLiteError) -> [UInt8] {
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      let count = Glibc.read(descriptor, &buffer, buffer.count)
      guard count >= 0 else { throw failure("cannot read \(path)", errno) }
      if count == 0 { return bytes }
      bytes.append(contentsOf: buffer[..<count])
      guard bytes.count <= limit else {
        throw SQLiteError(kind: .cannotOpen, message: "\(path) is larger than \(limit) bytes")
      }
    }
  }

  /// Writes a file of mode 0600 whole or not at all: to a new file beside it, to the disk, then renamed.
  public static func writePrivately(
    _ bytes: [UInt8], to path: String, mode: UInt32 = 0o600
  ) throws(SQLiteError) {
    let slash = path.lastIndex(of: "/")
    let folder = slash.map { String(path[..<$0]) } ?? "."
    let name = slash.map { String(path[path.index(after: $0)...]) } ?? path
    try Folder(path: folder.isEmpty ? "/" : folder, links: .followed)
      .write(bytes, to: name, mode: mode)
  }

  /// Gives a whole file the name that it is to have, on the disk, and never in the place of another.
  public static func rename(_ path: String, to name: String) throws(SQLiteError) {
    // No link in between: sticks have file systems without links.
    if rename_exclusively(path, name) != 0 {
      // A file system that cannot promise it, a network's for one.
      guard errno == EINVAL, !exists(name), Glibc.rename(path, name) == 0 else {
        throw failure("cannot write \(name)", errno)
      }
    }
    let slash = name.lastIndex(of: "/")
    let folder = open(slash.map { String(name[...$0]) } ?? ".", O_RDONLY | O_CLOEXEC)
    guard folder >= 0 else { throw failure("cannot write \(name)", errno) }
    defer { close(folder) }
    guard fsync(folder) == 0 else { throw failure("cannot write \(name)", errno) }
  }

  /// Removes a file, and SQLite's journal of it.
  public static func removeIfThere(_ path: String) throws(SQLiteError) {
    for name in [path, path + "-journal"] where unlink(name) != 0 && errno != ENOENT {
      throw failure("cannot remove \(name)", errno)
    }
  }

  /// What the system says, as a person says it.
  private static func words(_ number: Int32) -> String {
    switch number {
    case ENOENT: return "it is not there"
    case EISDIR: return "it is a folder"
    case ENOTDIR: return "it is no folder"
    case ELOOP: return "its links lead in a circle"
    default:
      let text = String(cString: strerror(number))
      return text.prefix(1).lowercased() + text.dropFirst()
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
    return SQLiteError(kind: kind, message: "\(what): \(words(number))")
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
