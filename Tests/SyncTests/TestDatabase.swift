import Glibc
import LogStore
import Testing

#if PostgreSQL
  import PostgreSQL
#endif

/// A PostgreSQL database to test against, when the environment names one and the programs were built for it.
enum TestDatabase {
  #if PostgreSQL
    /// How to reach it, as libpq reads it: `DOSSIER_TEST_DATABASE`.
    static let info: String? = getenv("DOSSIER_TEST_DATABASE").map { String(cString: $0) }
  #else
    static let info: String? = nil
  #endif

  static var isUsed: Bool { info != nil }

  /// The same database with a schema of its own, empty; nil when tests go over files.
  static func fresh() throws -> String? {
    #if PostgreSQL
      guard let info else { return nil }
      let name = "t\(UInt64.random(in: 0 ... .max))"
      try Connection(info).execute("CREATE SCHEMA \(name)")
      return "\(info) options='-c search_path=\(name)'"
    #else
      return nil
    #endif
  }

  static func configuration(_ info: String?) -> String {
    info.map { "database: \"\($0)\"\n" } ?? ""
  }
}

extension Trait where Self == ConditionTrait {
  /// What files alone have: locks, backups, pages.
  static var onFiles: Self { .enabled(if: !TestDatabase.isUsed, "only of files") }
  /// What needs a database to test against.
  static var onDatabase: Self { .enabled(if: TestDatabase.isUsed, "no DOSSIER_TEST_DATABASE") }
}
