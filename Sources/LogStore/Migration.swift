internal import ChangeLog
internal import SQLite

/// Moves a server from files into a database, or back: row by row, as it is, and under the same names, so that devices
/// notice nothing.
extension DataFolder {
  /// What a move has copied.
  public struct Moved: Sendable {
    public var workspaces = 0
    public var changesets = 0
  }

  /// A table, what it is called in both, and what stands in it.
  fileprivate struct Table {
    let name: String
    let columns: [Column]
    /// Whether it belongs to the accounts, not to the logs.
    var isOfAccounts = false

    enum Column {
      case int(String)
      case text(String)
      case blob(String)

      var name: String {
        switch self {
        case .int(let name), .text(let name), .blob(let name): name
        }
      }

      func value(_ place: Int, of row: any DatabaseRow) -> Binding {
        switch self {
        case .int: .int(row.int(place))
        case .text: .text(row.text(place))
        case .blob: .blob(row.blob(place))
        }
      }
    }
  }

  /// All that a workspace has. `workspace` is the first column of each; what refers to another row comes after it.
  private static let tables = [
    Table(name: "membership", columns: [.int("number"), .blob("bytes")], isOfAccounts: true),
    Table(name: "token", columns: [.blob("key"), .blob("token")], isOfAccounts: true),
    Table(name: "founding", columns: [.blob("key"), .int("expires")], isOfAccounts: true),
    Table(name: "log", columns: [.blob("id"), .int("bytes")]),
    Table(
      name: "changeset",
      columns: [
        .int("position"), .blob("id"), .blob("hash"), .text("device"), .blob("bytes"),
      ]),
    Table(
      name: "writer", columns: [.blob("id"), .blob("key"), .int("sequence"), .blob("head")]),
    Table(name: "fork", columns: [.blob("writer"), .text("device"), .blob("bytes")]),
    Table(name: "contact", columns: [.text("device"), .int("at"), .int("position")]),
    Table(name: "log_compaction", columns: [.int("position")]),
    Table(name: "snapshot", columns: [.blob("id"), .int("position"), .int("size")]),
    Table(name: "snapshot_part", columns: [.int("place"), .blob("bytes")]),
  ]

  /// Copies everything into a server that nobody has set up yet. Nothing is left of it when that fails. What stood here
  /// stays, and must not be served any more.
  ///
  /// - Parameter other: a folder that exists, without files of logs and accounts; or an empty database.
  /// - Throws: ``StoreError/served(_:)`` while a process serves from here, ``StoreError/notEmpty(_:)``.
  public func move(to other: DataFolder) throws(StoreError) -> Moved {
    guard database != nil || other.database != nil else { throw .onlyFiles }
    guard !other.isSetUp else { throw .notEmpty(other.path) }
    // While this lives nobody serves from here.
    let source = try ServerStore(in: self)
    let key = try translated {
      try source.logs.database.beAlone()
      return try administrator()
    }
    let target = try other.begin(address: source.accounts.address(), key: key)
    do { return try translated { try Self.copy(from: source, to: target) } } catch {
      try other.removeWhatBegan()
      throw error
    }
  }

  /// Makes an empty server. Nothing is left of it when that fails, and nothing is touched that stood there before.
  private func begin(address: String, key: DeviceKey) throws(StoreError) -> ServerStore {
    do {
      try LogDatabase.create(in: self)
      _ = try Accounts.create(in: self, address: address, key: key)
    } catch {
      // Rows are not ours unless the last of it went well.
      if database == nil { try removeWhatBegan() }
      throw error
    }
    return try ServerStore(in: self)
  }

  /// Takes away the files of a server that was begun, or the row that makes a database one: the rest was rolled back.
  private func removeWhatBegan() throws(StoreError) {
    try translated {
      try Files.removeIfThere(administratorKey)
      guard let database = try connect() else {
        for file in [log, accounts, lock] { try Files.removeIfThere(file) }
        return
      }
      try database.run("DELETE FROM server")
    }
  }

  private static func copy(from source: ServerStore, to target: ServerStore) throws -> Moved {
    var moved = Moved()
    let workspaces = try source.accounts.workspaces()
    // Those of one database are one transaction; two files are two, and both are removed when the second fails.
    try target.accounts.database.writing(in: nil) {
      try target.logs.database.writing(in: nil) {
        for workspace in workspaces {
          try target.accounts.database.run(
            "INSERT INTO workspace (id, name) VALUES ($1, $2)", .blob(workspace.id.bytes),
            .text(workspace.name))
          moved.workspaces += 1
          for table in tables {
            let count = try copy(
              table, of: workspace.id, from: source.database(of: table),
              to: WorkspaceRows(of: workspace.id, in: target.database(of: table)))
            if table.name == "changeset" { moved.changesets += count }
          }
        }
      }
    }
    return moved
  }

  private static func copy(
    _ table: Table, of workspace: WorkspaceID, from source: any Database, to target: WorkspaceRows
  ) throws -> Int {
    let names = table.columns.map(\.name).joined(separator: ", ")
    let places = table.columns.indices.map { "$\($0 + 2)" }.joined(separator: ", ")
    let insert = "INSERT INTO \(table.name) (workspace, \(names)) VALUES ($1, \(places))"
    var count = 0
    try source.reading(in: workspace) {
      try WorkspaceRows(of: workspace, in: source).forEach(
        "SELECT \(names) FROM \(table.name) WHERE workspace = $1"
      ) { row in
        let values = table.columns.enumerated().map { $1.value($0, of: row) }
        try target.run(insert, values)
        count += 1
      }
    }
    return count
  }
}

extension ServerStore {
  fileprivate func database(of table: DataFolder.Table) -> any Database {
    table.isOfAccounts ? accounts.database : logs.database
  }
}
