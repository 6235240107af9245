internal import CSQLite

/// A prepared statement; busy between its first step and its reset.
final class Statement {
  let handle: OpaquePointer
  private let isExtra: Bool
  /// Which argument each parameter takes, from 0: `?` the next one, `$3` the third wherever it stands.
  private let arguments: [Int]

  init(handle: OpaquePointer, isExtra: Bool) {
    self.handle = handle
    self.isExtra = isExtra
    arguments = (0..<Int(sqlite3_bind_parameter_count(handle))).map { index in
      let name = sqlite3_bind_parameter_name(handle, Int32(index + 1)).map { String(cString: $0) }
      guard let name, name.hasPrefix("$"), let number = Int(name.dropFirst()) else { return index }
      return number - 1
    }
  }

  var isBusy: Bool { sqlite3_stmt_busy(handle) != 0 }

  func reset() {
    if isExtra {
      sqlite3_finalize(handle)
    } else {
      sqlite3_reset(handle)
      sqlite3_clear_bindings(handle)
    }
  }

  func bind(_ arguments: [Binding]) -> Int32 {
    guard self.arguments.count == arguments.count else { return SQLITE_RANGE }
    for (index, argument) in self.arguments.enumerated() {
      guard arguments.indices.contains(argument) else { return SQLITE_RANGE }
      let code = bind(arguments[argument], at: Int32(index + 1))
      guard code == SQLITE_OK else { return code }
    }
    return SQLITE_OK
  }

  private func bind(_ argument: Binding, at place: Int32) -> Int32 {
    // SQLITE_TRANSIENT: SQLite copies before the call returns.
    let copied = unsafeBitCast(-1, to: sqlite3_destructor_type.self)
    switch argument {
    case .null: return sqlite3_bind_null(handle, place)
    case .int(let number): return sqlite3_bind_int64(handle, place, number)
    case .text(let text):
      var text = text
      return text.withUTF8 { utf8 in
        utf8.withMemoryRebound(to: CChar.self) {
          // An empty text has no address; a null pointer would bind NULL.
          $0.isEmpty
            ? sqlite3_bind_text(handle, place, "", 0, copied)
            : sqlite3_bind_text64(
              handle, place, $0.baseAddress, UInt64($0.count), copied, UInt8(SQLITE_UTF8))
        }
      }
    case .blob(let bytes):
      return bytes.isEmpty
        ? sqlite3_bind_zeroblob(handle, place, 0)
        : sqlite3_bind_blob64(handle, place, bytes, UInt64(bytes.count), copied)
    }
  }
}

/// A value given to a statement.
public enum Binding: Sendable, Hashable {
  case null
  case int(Int64)
  case text(String)
  case blob([UInt8])

  public static func int(_ number: Int?) -> Binding { number.map { .int(Int64($0)) } ?? .null }
  public static func optional(_ text: String?) -> Binding { text.map { .text($0) } ?? .null }
  public static func optional(_ bytes: [UInt8]?) -> Binding { bytes.map { .blob($0) } ?? .null }
  public static func bool(_ flag: Bool) -> Binding { .int(flag ? Int64(1) : 0) }
}

extension Binding: ExpressibleByIntegerLiteral, ExpressibleByStringLiteral, ExpressibleByNilLiteral
{
  public init(integerLiteral value: Int64) { self = .int(value) }
  public init(stringLiteral value: String) { self = .text(value) }
  public init(nilLiteral: ()) { self = .null }
}

/// One row of a result, valid until the next one. Columns count from 0.
public struct Row {
  let statement: OpaquePointer

  /// How many columns it has.
  public var count: Int { Int(sqlite3_column_count(statement)) }

  public func isNull(_ column: Int) -> Bool {
    sqlite3_column_type(statement, Int32(column)) == SQLITE_NULL
  }

  /// 0 for NULL.
  public func int(_ column: Int) -> Int { Int(sqlite3_column_int64(statement, Int32(column))) }

  public func bool(_ column: Int) -> Bool { int(column) != 0 }

  public func optionalInt(_ column: Int) -> Int? { isNull(column) ? nil : int(column) }

  /// Empty for NULL.
  public func text(_ column: Int) -> String {
    guard let start = sqlite3_column_text(statement, Int32(column)) else { return "" }
    let count = Int(sqlite3_column_bytes(statement, Int32(column)))
    return String(decoding: UnsafeBufferPointer(start: start, count: count), as: UTF8.self)
  }

  public func optionalText(_ column: Int) -> String? { isNull(column) ? nil : text(column) }

  /// Empty for NULL.
  public func blob(_ column: Int) -> [UInt8] {
    guard let start = sqlite3_column_blob(statement, Int32(column)) else { return [] }
    let count = Int(sqlite3_column_bytes(statement, Int32(column)))
    return Array(UnsafeRawBufferPointer(start: start, count: count))
  }
}
