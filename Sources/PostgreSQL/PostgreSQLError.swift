#if PostgreSQL
  /// Why the database did not do it, in the terms a reader can act on.
  public struct PostgreSQLError: Error, Hashable, Sendable {
    public let kind: Kind
    /// PostgreSQL's own words, on one line.
    public let message: String
    /// The five characters of SQLSTATE; empty when the server said nothing.
    public let state: String

    public enum Kind: Sendable {
      /// There is no connection, or no longer.
      case connection
      /// Others were in the way; the same transaction may succeed when it is tried again.
      case conflict
      /// Another one kept a lock longer than one waits.
      case busy
      case full
      /// The database only gives at present, as a standby does.
      case readOnly
      /// The role may not do it.
      case denied
      case corrupt
      case constraint
      case other
    }

    init(kind: Kind, message: String, state: String = "") {
      self.kind = kind
      self.message = message.split(whereSeparator: \.isNewline).joined(separator: "; ")
      self.state = state
    }

    /// - Parameter state: as of PostgreSQL, Appendix A.
    init(state: String, message: String, isConnected: Bool) {
      let kind: Kind =
        switch (state, state.prefix(2)) {
        case _ where !isConnected: .connection
        case ("40001", _), ("40P01", _): .conflict
        case ("55P03", _), ("57014", _): .busy
        case ("53100", _), ("53200", _): .full
        case ("25006", _): .readOnly
        case ("42501", _), (_, "28"): .denied
        case (_, "57"), (_, "08"), ("53300", _): .connection
        case (_, "XX"): .corrupt
        case (_, "23"): .constraint
        default: .other
        }
      self.init(kind: kind, message: message, state: state)
    }
  }

  extension PostgreSQLError: CustomStringConvertible {
    public var description: String { message }
  }
#endif
