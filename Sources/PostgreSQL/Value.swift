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
      let bytes = bytes(column)
      return switch bytes.count {
      case 1: Int(bytes[0])
      case 2: Int(Int16(bigEndian: bytes.loadUnaligned(as: Int16.self)))
      case 4: Int(Int32(bigEndian: bytes.loadUnaligned(as: Int32.self)))
      case 8: Int(Int64(bigEndian: bytes.loadUnaligned(as: Int64.self)))
      default: 0
      }
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
