/// What people may be called here: a name has to survive a terminal, a log line and a table.
enum Name {
  /// The longest name, in bytes of UTF-8.
  static let maximumSize = 200

  static func check(_ name: String) throws(StoreError) {
    let isPlain = name.unicodeScalars.allSatisfy { scalar in
      switch scalar.properties.generalCategory {
      case .control, .format, .lineSeparator, .paragraphSeparator, .privateUse, .unassigned: false
      default: true
      }
    }
    guard isPlain, (1...maximumSize).contains(name.utf8.count), name.first != " ", name.last != " "
    else { throw .badName(name) }
  }
}
