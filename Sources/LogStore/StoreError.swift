public import ChangeLog
internal import SQLite

#if PostgreSQL
  internal import PostgreSQL
#endif

/// Why the server's files did not do it, in the terms a reader can act on.
public enum StoreError: Error, Equatable, Sendable {
  // The files.
  /// There is no server's data in the folder.
  case notSetUp(String)
  /// Something stands in the folder already.
  case notEmpty(String)
  /// There is no such file.
  case noFile(String)
  /// The file is not what a server is restored from.
  case noBackup(String)
  /// Another process serves from the folder.
  case served(String)
  /// Another process kept the lock longer than the busy timeout.
  case busy
  case full
  /// A workspace has as many bytes as it may have.
  case overQuota(Int)
  case readOnly(String)
  case damaged(String)
  /// The database would not promise that a commit is on the disk.
  case notDurable
  /// Between this program and the database stands a pooler that shares sessions.
  case pooled
  /// A newer version of the program made it.
  case newer
  /// A version that kept no membership log made it.
  case older
  /// Others were in the way, or the connection to the database broke: nothing was committed, and the same may be tried again.
  case interrupted(String)
  /// The logs are to be in PostgreSQL, which this program was built without.
  case noPostgreSQL
  /// What is done to files was asked of a server that keeps its logs in a database.
  case onlyFiles
  /// The disk failed, or something nobody thought of.
  case failed(String)

  // What is asked for.
  case noWorkspace(String)
  case severalWorkspaces([String])
  case workspaceExists(String)
  case noMember(String)
  case memberExists(String)
  case memberDisabled(String)
  case noDevice(String)
  case ambiguousDevice(String, [String])
  /// It had the right when its request came.
  case deviceShutOut
  /// A name of a workspace, member or device that cannot be shown on one line.
  case badName(String)

  /// The workspace is encrypted: a server can say nothing about its members.
  case ownersOnly

  // Joining.
  case inviteUnknown
  case inviteExpired
  case inviteUsed
  /// The device's key is enrolled for another member, or was revoked.
  case keyTaken
  /// The sender does not hold the key that it wants to enrol.
  case unproven
  /// A statement about members that may not be made.
  case entryRefused(Membership.Refusal)
}

extension StoreError {
  init(_ error: any Error) {
    switch error {
    case let error as StoreError: self = error
    case let error as SQLiteError: self.init(error)
    case is Migrations.Failure: self = .newer
    default:
      #if PostgreSQL
        switch error {
        case let error as PostgreSQLError: self.init(error)
        case let error as PostgreSQL.Connection.CommitFailure: self.init(error)
        default: self = .failed("\(error)")
        }
      #else
        self = .failed("\(error)")
      #endif
    }
  }

  private init(_ error: SQLiteError) {
    switch error.kind {
    case .busy: self = .busy
    case .full: self = .full
    case .readOnly: self = .readOnly(error.message)
    case .corrupt: self = .damaged(error.message)
    case .cannotOpen, .link, .io, .constraint, .other: self = .failed(error.message)
    }
  }
}

/// Runs `work`; no error of the database gets past it.
func translated<Value>(_ work: () throws -> Value) throws(StoreError) -> Value {
  do { return try work() } catch { throw StoreError(error) }
}

extension StoreError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .notSetUp(let path): "there is no server in \(path)"
    case .notEmpty(let path): "\(path) is not empty"
    case .noFile(let path): "there is no file \"\(path)\""
    case .noBackup(let path): "\(path) is no backup of a server"
    case .served(let path): "another process serves from \(path)"
    case .busy: "another process kept the database locked"
    case .full: "the disk is full"
    case .overQuota(let bytes): "a workspace has all of its \(bytes) bytes"
    case .readOnly(let message): "the data cannot be written (\(message))"
    case .damaged(let message): "the data is damaged (\(message))"
    case .notDurable: "the database does not promise that a commit is on the disk"
    case .pooled: "a pooler gives each transaction another session of the database"
    case .newer: "the data was written by a newer version of this program"
    case .interrupted(let message): "the database was interrupted (\(message))"
    case .noPostgreSQL: "this program was built without PostgreSQL"
    case .onlyFiles: "this server keeps its data in a database, not in files"
    case .older: "the data was made by a version whose members were not signed for"
    case .unproven: "the signature does not fit the device's key"
    case .entryRefused(let reason): "\(reason)"
    case .failed(let message): "the database failed (\(message))"
    case .noWorkspace(let name): "no workspace is called \"\(name)\""
    case .severalWorkspaces: "there are several workspaces here"
    case .workspaceExists(let name): "a workspace is called \"\(name)\" already"
    case .ownersOnly: "the workspace is encrypted: its owners alone say who belongs to it"
    case .noMember(let name): "no member is called \"\(name)\""
    case .memberExists(let name): "a member is called \"\(name)\" already"
    case .memberDisabled(let name): "member \"\(name)\" is disabled"
    case .noDevice(let id): "no device has the id \"\(id)\""
    case .ambiguousDevice(let id, _): "several devices have an id that begins with \"\(id)\""
    case .deviceShutOut: "the device, or its member, was shut out"
    case .badName(let name): "\"\(name)\" cannot be a name: 1 to 200 bytes of printable text"
    case .inviteUnknown: "this invite is not known here"
    case .inviteExpired: "this invite has expired"
    case .inviteUsed: "this invite was used already"
    case .keyTaken: "the key of this device belongs to another member or was revoked"
    }
  }
}
