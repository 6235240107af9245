internal import Glibc

/// A folder held open by its descriptor.
///
/// Names are looked up in this very folder, and a link is never followed: whoever swaps the path or a name
/// for a link in the meantime leads nothing elsewhere.
public final class Folder {
  public let path: String
  private let descriptor: Int32

  public enum Links: Sendable {
    /// The path may end in a link.
    case followed
    /// A path that is a link is an error of kind ``SQLiteError/Kind/link``.
    case refused
  }

  public init(path: String, links: Links) throws(SQLiteError) {
    self.path = path
    let flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC | (links == .refused ? O_NOFOLLOW : 0)
    descriptor = open(path, flags)
    guard descriptor >= 0 else {
      // With O_DIRECTORY Linux calls a link "not a directory".
      if errno == ENOTDIR, links == .refused, Self.isLink(AT_FDCWD, path) { throw Self.link(path) }
      throw Files.failure("cannot open \(path)", errno)
    }
  }

  private init(path: String, descriptor: Int32) {
    self.path = path
    self.descriptor = descriptor
  }

  deinit { close(descriptor) }

  /// A folder in this one; nil when the name is a file, a link, or not there.
  public func folder(_ name: String) throws(SQLiteError) -> Folder? {
    try check(name)
    let inner = openat(descriptor, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
    guard inner < 0 else { return Folder(path: path + "/" + name, descriptor: inner) }
    guard [ENOTDIR, ENOENT, ELOOP].contains(errno) else {
      throw Files.failure("cannot open \(path)/\(name)", errno)
    }
    return nil
  }

  /// The bytes of a file in this folder; nil when there is none.
  ///
  /// - Throws: an error of kind ``SQLiteError/Kind/link`` when the name is a link.
  public func read(_ name: String, limit: Int = .max) throws(SQLiteError) -> [UInt8]? {
    try check(name)
    let file = openat(descriptor, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)
    guard file >= 0 else {
      if errno == ENOENT { return nil }
      if errno == ELOOP { throw Self.link(name) }
      throw Files.failure("cannot read \(name)", errno)
    }
    defer { close(file) }
    return try Files.readAll(file, name, limit: limit)
  }

  /// Writes a file whole or not at all: to a new file beside it, to the disk, then renamed. A link of that
  /// name is replaced; what it points to is not touched.
  public func write(_ bytes: [UInt8], to name: String, mode: UInt32) throws(SQLiteError) {
    try check(name)
    let temporary = name + ".\(getpid()).tmp"
    unlinkat(descriptor, temporary, 0)
    let file = openat(
      descriptor, temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode)
    guard file >= 0 else { throw Files.failure("cannot create \(temporary)", errno) }
    let isWritten = Self.write(bytes, to: file) && fsync(file) == 0
    let number = errno
    close(file)
    guard isWritten else { throw abandon(temporary, name, number) }
    guard renameat(descriptor, temporary, descriptor, name) == 0 else {
      throw abandon(temporary, name, errno)
    }
    // The rename is on the disk only when the folder is.
    guard fsync(descriptor) == 0 else { throw Files.failure("cannot write \(path)", errno) }
  }

  /// What stands in it, ascending.
  public func names() throws(SQLiteError) -> [String] {
    let copy = dup(descriptor)
    guard copy >= 0, let listing = fdopendir(copy) else {
      throw Files.failure("cannot read \(path)", errno)
    }
    defer { closedir(listing) }
    rewinddir(listing)
    var names: [String] = []
    while let entry = readdir(listing) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) {
        $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      if name != ".", name != ".." { names.append(name) }
    }
    return names.sorted()
  }

  /// Removes a name, if it is there; of a link the link itself.
  public func remove(_ name: String) throws(SQLiteError) {
    try check(name)
    if unlinkat(descriptor, name, 0) != 0, errno != ENOENT {
      throw Files.failure("cannot remove \(name)", errno)
    }
  }

  private static func write(_ bytes: [UInt8], to file: Int32) -> Bool {
    var written = 0
    while written < bytes.count {
      let count = bytes.withUnsafeBytes {
        Glibc.write(file, $0.baseAddress! + written, $0.count - written)
      }
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { return false }
      written += count
    }
    return true
  }

  private func abandon(_ temporary: String, _ name: String, _ number: Int32) -> SQLiteError {
    unlinkat(descriptor, temporary, 0)
    return Files.failure("cannot write \(name)", number)
  }

  /// A name with a slash would lead out of the folder, links or not.
  private func check(_ name: String) throws(SQLiteError) {
    guard !name.isEmpty, name != ".", name != "..", !name.utf8.contains(UInt8(ascii: "/")),
      !name.utf8.contains(0)
    else { throw SQLiteError(kind: .cannotOpen, message: "\"\(name)\" is no name of a file") }
  }

  private static func isLink(_ descriptor: Int32, _ name: String) -> Bool {
    var status = stat()
    return fstatat(descriptor, name, &status, AT_SYMLINK_NOFOLLOW) == 0
      && status.st_mode & S_IFMT == S_IFLNK
  }

  private static func link(_ name: String) -> SQLiteError {
    SQLiteError(kind: .link, message: "\(name) is a link")
  }
}
