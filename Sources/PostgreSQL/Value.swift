#if PostgreSQL
  internal import CLibPQ

  /// A value given to a statement, in PostgreSQL's binary form.
  public enum Value: Sendable, Hashable {
    case null
    /// bigint
    case int(Int64)
    /// text, without NUL
    case text(String)
    /// bytea
    case bytes([UInt8])

    /// The type's object identifier, as in the catalogue `pg_type`; 0 lets the server decide.
    var type: Oid {
      switch self {
      case .null: 0
      case .int: 20
      case .text: 25
      case .bytes: 17
      }
    }

    /// nil for NULL.
    var encoded: [UInt8]? {
      switch self {
      case .null: nil
      case .int(let number): withUnsafeBytes(of: number.bigEndian) { Array($0) }
      case .text(let text): Array(text.utf8)
      case .bytes(let bytes): bytes
      }
    }
  }

  /// One row of a result, valid until the next one. Columns count from 0.
  public struct Row {
    let result: OpaquePointer

    public func isNull(_ column: Int) -> Bool { PQgetisnull(result, 0, Int32(column)) != 0 }

    /// A smallint, integer, bigint or boolean; 0 for NULL.
    public func int(_ column: Int) -> Int {
      var number: UInt64 = 0
      let bytes = bytes(column)
      for byte in bytes.prefix(8) { number = number << 8 | UInt64(byte) }
      // The sign of a shorter one.
      let unused = UInt64(64 - min(8, bytes.count) * 8)
      if unused == 0 { return Int(truncatingIfNeeded: number) }
      if bytes.count < 2 { return Int(number) }
      return Int(truncatingIfNeeded: Int64(bitPattern: number << unused) >> Int64(unused))
    }

    /// Empty for NULL.
    public func text(_ column: Int) -> String { String(decoding: bytes(column), as: UTF8.self) }

    /// Empty for NULL.
    public func blob(_ column: Int) -> [UInt8] { Array(bytes(column)) }

    private func bytes(_ column: Int) -> UnsafeRawBufferPointer {
      let count = PQgetlength(result, 0, Int32(column))
      return UnsafeRawBufferPointer(
        start: PQgetvalue(result, 0, Int32(column)), count: Int(count))
    }
  }
#endif
