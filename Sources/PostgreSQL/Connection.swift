#if PostgreSQL
  internal import CLibPQ

  /// One connection to a PostgreSQL server.
  ///
  /// Not safe to share between threads; the owner serialises. A connection that broke stays broken: only a new one knows
  /// what was committed.
  public final class Connection {
    private let handle: OpaquePointer
    /// What the server has parsed and planned, by its text and the types of its arguments, with the name it has there.
    private var prepared: [Statement: String] = [:]

    private struct Statement: Hashable {
      let sql: String
      let types: [Oid]
    }

    /// Counts the transactions of this connection.
    public private(set) var transactionNumber = 0

    /// - Parameter info: as libpq reads it: "host=a,b dbname=dossier user=dossier target_session_attrs=read-write", or an
    ///   URI "postgresql://...". What it does not say comes from the environment and the password file.
    public init(_ info: String) throws(PostgreSQLError) {
      try Self.expectReadable(info)
      // A later word is stronger than one before it.
      let settings: [(String, String)] = [
        ("connect_timeout", "5"), ("tcp_user_timeout", "15000"), ("keepalives_idle", "15"),
        ("application_name", "dossier-server"), ("client_encoding", "UTF8"), ("dbname", info),
      ]
      let handle = withCStrings(settings.map(\.0)) { keys in
        withCStrings(settings.map(\.1)) { values in PQconnectdbParams(keys, values, 1) }
      }
      guard let handle else { throw PostgreSQLError(kind: .full, message: "out of memory") }
      guard PQstatus(handle) == CONNECTION_OK else {
        defer { PQfinish(handle) }
        throw PostgreSQLError(
          kind: .connection, message: String(cString: PQerrorMessage(handle)))
      }
      self.handle = handle
      // What a server says besides its answers is for its own log.
      PQsetNoticeProcessor(handle, { _, _ in }, nil)
    }

    /// libpq repeats what it cannot read, and a password may stand in that.
    private static func expectReadable(_ info: String) throws(PostgreSQLError) {
      var message: UnsafeMutablePointer<CChar>?
      let options = PQconninfoParse(info, &message)
      defer {
        PQconninfoFree(options)
        PQfreemem(message)
      }
      guard options != nil else {
        throw PostgreSQLError(
          kind: .other,
          message: "libpq cannot read how to reach the database, \"host=... dbname=...\"")
      }
    }

    deinit { PQfinish(handle) }

    /// Runs statements without arguments or results that matter, such as a schema.
    public func execute(_ sql: String) throws(PostgreSQLError) { _ = try answer(to: sql) }

    /// - Returns: the first column of the first row of the last statement, as text; nil when there is none.
    private func answer(to sql: String) throws(PostgreSQLError) -> String? {
      let result = PQexec(handle, sql)
      defer { PQclear(result) }
      switch PQresultStatus(result) {
      case PGRES_COMMAND_OK: return nil
      case PGRES_TUPLES_OK:
        guard PQntuples(result) > 0 else { return nil }
        return PQgetvalue(result, 0, 0).map { String(cString: $0) }
      default: throw failure(result)
      }
    }

    /// Whether a session of the server's is this connection's as long as it lives. A pooler in transaction mode gives it one
    /// for each transaction, and whoever comes next finds there what was left behind: locks, settings, statements.
    ///
    /// - Parameter info: how this one was made: another one is needed to see it.
    public func hasSessionOfItsOwn(_ info: String) throws(PostgreSQLError) -> Bool {
      // A pooler does not know which process will do the work.
      guard try session() != String(PQbackendPID(handle)) else { return true }
      let other = try Connection(info)
      for _ in 0..<5 {
        let mine = try session()
        // The one that was free last is the next to be taken.
        guard try other.session() != mine, try session() == mine else { return false }
      }
      return true
    }

    private func session() throws(PostgreSQLError) -> String? {
      try answer(to: "SELECT pg_backend_pid()")
    }

    /// Calls `body` for each row as it arrives. `body` must not use this connection.
    public func forEach(
      _ sql: String, _ arguments: [Value], _ body: (Row) throws -> Void
    ) throws {
      try send(sql, arguments)
      guard PQsetSingleRowMode(handle) == 1 else { throw failure(nil) }
      var thrown: (any Error)?
      while let result = PQgetResult(handle) {
        defer { PQclear(result) }
        switch PQresultStatus(result) {
        case PGRES_SINGLE_TUPLE:
          // What is left is read all the same: the connection has to be free again.
          guard thrown == nil else { continue }
          do { try body(Row(result: result)) } catch { thrown = error }
        case PGRES_TUPLES_OK, PGRES_COMMAND_OK: break
        default: thrown = thrown ?? failure(result)
        }
      }
      if let thrown { throw thrown }
    }

    /// Runs one statement to its end.
    public func run(_ sql: String, _ arguments: [Value]) throws(PostgreSQLError) {
      do { try forEach(sql, arguments) { _ in } } catch {
        throw error as? PostgreSQLError ?? PostgreSQLError(kind: .other, message: "\(error)")
      }
    }

    private func send(_ sql: String, _ arguments: [Value]) throws(PostgreSQLError) {
      let name = try prepare(Statement(sql: sql, types: arguments.map(\.type)))
      let encoded = arguments.map(\.encoded)
      let lengths = encoded.map { Int32($0?.count ?? 0) }
      let formats = [Int32](repeating: 1, count: arguments.count)
      // One stretch of memory for all of them; an empty value still needs an address.
      let bytes = encoded.compactMap { $0 }.joined() + [0]
      let sent = bytes.withUnsafeBufferPointer { buffer in
        buffer.withMemoryRebound(to: CChar.self) { characters in
          var place = 0
          let values: [UnsafePointer<CChar>?] = encoded.map { value in
            guard let value else { return nil }
            defer { place += value.count }
            return characters.baseAddress! + place
          }
          return PQsendQueryPrepared(
            handle, name, Int32(arguments.count), values, lengths, formats, 1)
        }
      }
      guard sent == 1 else { throw failure(nil) }
    }

    /// The texts are written in the program, so they are few.
    private func prepare(_ statement: Statement) throws(PostgreSQLError) -> String {
      if let name = prepared[statement] { return name }
      let name = "s\(prepared.count)"
      let result = PQprepare(
        handle, name, statement.sql, Int32(statement.types.count), statement.types)
      defer { PQclear(result) }
      guard PQresultStatus(result) == PGRES_COMMAND_OK else { throw failure(result) }
      prepared[statement] = name
      return name
    }

    // MARK: Transactions

    public var isInTransaction: Bool {
      switch PQtransactionStatus(handle) {
      case PQTRANS_INTRANS, PQTRANS_INERROR, PQTRANS_ACTIVE: true
      default: false
      }
    }

    /// - Parameter begin: "BEGIN ..." and what is to be said in the same breath.
    /// - Throws: ``CommitFailure`` when nobody knows what became of it.
    public func transaction<Value>(
      _ begin: String, _ body: () throws -> Value
    ) throws -> Value {
      transactionNumber += 1
      do {
        try execute(begin)
        let value = try body()
        try commit()
        return value
      } catch {
        // A connection that is gone has rolled back by itself.
        if isInTransaction { try? execute("ROLLBACK") }
        throw error
      }
    }

    /// The connection broke after the word was sent: it may be committed or not.
    public struct CommitFailure: Error {
      public let cause: PostgreSQLError
    }

    private func commit() throws {
      let result = PQexec(handle, "COMMIT")
      defer { PQclear(result) }
      guard PQresultStatus(result) == PGRES_COMMAND_OK else {
        let error = failure(result)
        guard error.kind == .connection else { throw error }
        throw CommitFailure(cause: error)
      }
      // What failed before and was not told is not committed, and the server says so in one word only.
      guard String(cString: PQcmdStatus(result)) == "COMMIT" else {
        throw PostgreSQLError(kind: .other, message: "the transaction was rolled back")
      }
    }

    // MARK: News

    /// What other connections said with NOTIFY since the last call, on channels this one listens to.
    public func notifications() throws(PostgreSQLError) -> [Notification] {
      guard PQconsumeInput(handle) == 1 else { throw failure(nil) }
      var all: [Notification] = []
      while let found = PQnotifies(handle) {
        defer { PQfreemem(found) }
        all.append(
          Notification(
            text: String(cString: found.pointee.extra),
            isOwn: found.pointee.be_pid == PQbackendPID(handle)))
      }
      return all
    }

    public struct Notification: Sendable {
      public let text: String
      /// Whether this connection said it.
      public let isOwn: Bool
    }

    /// The file descriptor to wait on.
    public var socket: Int32 { PQsocket(handle) }

    private func failure(_ result: OpaquePointer?) -> PostgreSQLError {
      // PG_DIAG_SQLSTATE
      let state = result.flatMap { PQresultErrorField($0, Int32(UInt8(ascii: "C"))) }
      let message = result.flatMap { PQresultErrorMessage($0) } ?? PQerrorMessage(handle)
      // What comes without a state libpq says by itself. Whoever could not send does not know yet that nobody is there.
      return PostgreSQLError(
        state: state.map { String(cString: $0) } ?? "",
        message: message.map { String(cString: $0) } ?? "",
        isConnected: state != nil && PQstatus(handle) == CONNECTION_OK)
    }
  }

  /// Calls `body` with the texts as C has them: a list that ends with a null pointer.
  private func withCStrings<Result>(
    _ texts: [String], _ body: (UnsafePointer<UnsafePointer<CChar>?>) -> Result
  ) -> Result {
    let bytes = texts.map { Array($0.utf8CString) }
    let flat = Array(bytes.joined())
    return flat.withUnsafeBufferPointer { buffer in
      var place = 0
      var pointers: [UnsafePointer<CChar>?] = bytes.map { text in
        defer { place += text.count }
        return buffer.baseAddress! + place
      }
      pointers.append(nil)
      return pointers.withUnsafeBufferPointer { body($0.baseAddress!) }
    }
  }
#endif
