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
  let keyFile: KeyFile
  private let surroundings: Surroundings
  /// This is a copy of another store, or was set back to an older state; see ``startNewWriter()``.
  public private(set) var isCopy: Bool

  /// Opens the store in a folder; also without its key, to be read (``hasKey``).
  ///
  /// - Throws: ``StoreError/notSetUp(folder:)`` when there is none.
  public init(folder: String, surroundings: Surroundings) throws {
    self.folder = folder
    self.surroundings = surroundings
    keyFile = KeyFile(folder: folder)
    let path = folder + "/dossier.db"
    // The mark is made with the first change: from then on a missing database is a loss, not a beginning.
    let missing =
      Files.exists(folder + "/writer.mark")
      ? StoreError.databaseGone(path: path) : StoreError.notSetUp(folder: folder)
    guard Files.exists(path) else { throw missing }
    connection = try Connection(path: path, mode: .readWrite)
    guard try Replica.exists(in: connection) else { throw missing }
    let key = try keyFile.find(Replica.publicKey(in: connection))
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

  // MARK: The key of this device

  /// Whether anything can be written here: without its key a store can be read only.
  public var hasKey: Bool { replica.key != nil }

  /// For the remote to check signatures with.
  ///
  /// - Throws: ``ReplicaError/keyMissing``.
  public var deviceKey: DeviceKey {
    get throws {
      guard let key = replica.key else { throw ReplicaError.keyMissing }
      return key
    }
  }

  /// A key for ``startNewWriter(with:)``, on the disk already. Until it is in use it is the same each time.
  public func newKey() throws -> DeviceKey { try keyFile.new(surroundings) }

  /// Goes on under a new name with the key of ``newKey()``. What was written before keeps its signatures.
  public func startNewWriter(with key: DeviceKey) throws {
    try replica.startNewWriter(with: key)
    isCopy = false
  }

  /// Puts the new key in its place, once the change of ``startNewWriter(with:)`` is on the disk; an opening of the store
  /// does it too.
  ///
  /// - Returns: where the file is now that stood there.
  @discardableResult
  public func settleKey() throws -> String? { try keyFile.settle() }

  /// Makes a store with a workspace of its own. A key that is there, of a store that lost its database, stays.
  public static func create(
    folder: String, workspace: WorkspaceID? = nil, surroundings: Surroundings
  ) throws {
    try Files.createFolder(folder)
    let path = folder + "/dossier.db"
    let connection = try Connection(path: path, mode: .create)
    guard try !Replica.exists(in: connection) else { throw StoreError.exists(folder: folder) }
    let file = KeyFile(folder: folder)
    let key = try file.read() ?? DeviceKey(seed: surroundings.randomBytes(32))
    try Replica.configure(connection)
    // The key first: a store without its key could be read, but never written.
    try file.write(key)
    try connection.transaction {
      try migrations.apply(to: connection)
      try Replica.create(
        in: connection, workspace: workspace ?? surroundings.newRandomID(),
        key: key, surroundings: surroundings)
    }
  }

  static let migrations = Migrations(name: "dossier", files: [PackageResources.dossier_001_sql])

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
    try replica.state(of: id).flatMap { Record(id: id, state: try replica.displayed($0)) }
  }

  /// Every visible record, with the ways between them.
  public func graph() throws -> RecordGraph {
    let hidden = Set(
      try connection.all("SELECT id FROM record WHERE hidden = 1") { EntityID(bytes: $0.blob(0)) })
    var records: [Record] = []
    try replica.forEachState { id, state in
      guard !hidden.contains(id) else { return }
      if let record = Record(id: id, state: try replica.displayed(state)) { records.append(record) }
    }
    return RecordGraph(records)
  }
}
