internal import CSQLite

/// Why the database did not do it, in the terms a reader can act on.
public struct SQLiteError: Error, Hashable, Sendable {
  public let kind: Kind
  /// SQLite's own words.
  public let message: String
  /// SQLite's extended result code.
  public let code: Int

  public enum Kind: Sendable {
    /// Another process kept the lock longer than the busy timeout.
    case busy
    /// The disk, or the quota, is full.
    case full
    /// The file or its folder cannot be written.
    case readOnly
    /// The file is damaged, or no database at all.
    case corrupt
    case cannotOpen
    /// The name stands for a symbolic link, and those are not followed here.
    case link
    /// The disk failed: whether the write happened is unknown.
    case io
    case constraint
    case other
  }

  init(code: Int32, fallback: Int32? = nil, message: String) {
    let effective = code == SQLITE_OK ? fallback ?? code : code
    self.code = Int(effective)
    self.message = message
    switch effective & 0xff {
    case SQLITE_BUSY, SQLITE_LOCKED: kind = .busy
    case SQLITE_FULL: kind = .full
    case SQLITE_READONLY, SQLITE_PERM: kind = .readOnly
    case SQLITE_CORRUPT, SQLITE_NOTADB: kind = .corrupt
    case SQLITE_CANTOPEN, SQLITE_AUTH: kind = .cannotOpen
    case SQLITE_IOERR: kind = .io
    case SQLITE_CONSTRAINT: kind = .constraint
    default: kind = .other
    }
  }

  init(kind: Kind, message: String) {
    self.kind = kind
    self.message = message
    code = 0
  }
}

extension SQLiteError: CustomStringConvertible {
  public var description: String { message }
}
