public import ChangeLog
public import DossierModel
public import ReplicaStore
internal import SQLite

/// The dossiers on this machine: records, queries and search over a replica, in one folder.
///
/// The folder holds `dossier.db`, the device's key and the lock of a running sync.
public final class Store {
  public let folder: String
  public let replica: Replica
  let connection: Connection
  private let mark: StoreMark
  /// This is a copy of another store, or was set back to an older state; see ``startNewWriter()``.
  public private(set) var isCopy: Bool

  /// Opens the store in a folder.
  ///
  /// - Throws: ``StoreError/notSetUp(folder:)`` when there is none.
  public init(folder: String, surroundings: Surroundings) throws {
    self.folder = folder
    let path = folder + "/dossier.db"
    // The mark is made with the first change: from then on a missing database is a loss, not a beginning.
    let missing =
      Files.exists(folder + "/writer.mark")
      ? StoreError.databaseGone(path: path) : StoreError.notSetUp(folder: folder)
    guard Files.exists(path) else { throw missing }
    connection = try Connection(path: path, mode: .readWrite)
    guard try Replica.exists(in: connection) else { throw missing }
    let key = try Self.readKey(folder)
    mark = try StoreMark(folder: folder)
    let reading = try mark.read()
    do {
      let before = try Self.migrations.version(in: connection)
      try Self.migrations.apply(to: connection)
      replica = try Replica(
        connection: connection, key: key, surroundings: surroundings, projection: RecordProjection()
      )
      isCopy = mark.isCopy(try replica.identity().head, reading)
      if before < Self.migrations.steps.count { try replica.rebuild() }
    } catch Migrations.Failure.newer(_, let found, let known) {
      throw StoreError.newerStore(found: found, known: known)
    }
    let (replica, mark) = (replica, mark)
    connection.afterCommit = { [unowned replica] in
      if let head = replica.lastWritten { mark.write(head) }
    }
  }

  /// Goes on under a new name, so that two copies of one store never write as one.
  public func startNewWriter() throws {
    try replica.startNewWriter()
    isCopy = false
  }

  /// Makes a store with a workspace of its own.
  public static func create(
    folder: String, workspace: WorkspaceID? = nil, surroundings: Surroundings
  ) throws {
    try Files.createFolder(folder)
    let path = folder + "/dossier.db"
    let connection = try Connection(path: path, mode: .create)
    guard try !Replica.exists(in: connection) else { throw StoreError.exists(folder: folder) }
    let seed = surroundings.randomBytes(32)
    try Replica.configure(connection)
    // The key first: a store without its key could be read, but never written.
    try Files.writePrivately(seed, to: folder + "/device.key")
    try connection.transaction {
      try migrations.apply(to: connection)
      try Replica.create(
        in: connection, workspace: workspace ?? surroundings.newRandomID(),
        key: try DeviceKey(seed: seed), surroundings: surroundings)
    }
  }

  static let migrations = Migrations(name: "dossier", files: [PackageResources.dossier_001_sql])

  static func readKey(_ folder: String) throws -> DeviceKey {
    let path = folder + "/device.key"
    guard let seed = try Files.read(path), let key = try? DeviceKey(seed: seed) else {
      throw StoreError.keyMissing(path: path)
    }
    return key
  }

  // MARK: Settings of this machine

  public func setting(_ name: String) throws -> String? {
    try connection.first("SELECT value FROM setting WHERE name = ?", .text(name)) { $0.text(0) }
  }

  public func set(_ name: String, to value: String?) throws {
    if let value {
      try connection.run(
        "INSERT OR REPLACE INTO setting VALUES (?, ?)", .text(name), .text(value))
    } else {
      try connection.run("DELETE FROM setting WHERE name = ?", .text(name))
    }
  }

  /// All of one command: what it reads and what it writes see one state of the store.
  public func transaction<Value>(_ body: () throws -> Value) throws -> Value {
    try connection.transaction(body)
  }

  /// Makes the file as small as what is in it.
  public func giveRoomBack() throws { try connection.execute("VACUUM") }

  // MARK: Records

  public func record(_ id: EntityID) throws -> Record? {
    try replica.state(of: id).flatMap { Record(id: id, state: $0) }
  }

  /// Every visible record, with the ways between them.
  public func graph() throws -> RecordGraph {
    let hidden = Set(
      try connection.all("SELECT id FROM record WHERE hidden = 1") { EntityID(bytes: $0.blob(0)) })
    var records: [Record] = []
    try replica.forEachState { id, state in
      if !hidden.contains(id), let record = Record(id: id, state: state) { records.append(record) }
    }
    return RecordGraph(records)
  }
}
