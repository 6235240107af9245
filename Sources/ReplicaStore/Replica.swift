public import ChangeLog
public import SQLite

/// A replica of a workspace in one SQLite file: the log of changesets, and what they amount to.
///
/// Every change, ours or theirs, enters by one door: ``commit(_:undoes:_:)`` or ``receive(_:)``. Each is one
/// transaction; whatever was acknowledged is on disk. Not safe to share between threads.
public final class Replica {
  public let connection: Connection
  /// The key of this device; nil when it is lost. Then all that is here can be read, passed on and added to by others;
  /// what must be signed is refused (``ReplicaError/keyMissing``).
  public private(set) var key: DeviceKey?
  /// What others check our signatures with, also when ``key`` is lost.
  public private(set) var publicKey: PublicKey
  let surroundings: Surroundings
  let projection: any Projection
  /// The writers' numbers as read in one transaction.
  private var knownNumbers: (transaction: Int, numbers: WriterNumbers)?
  /// The keys as read in one transaction.
  var knownKeys: (transaction: Int, keys: Keyring)?
  /// What is known of clocks as read in one transaction.
  var knownBounds: (transaction: Int, bounds: ClockBounds)?

  /// Opens the replica in `connection`.
  ///
  /// - Parameter key: nil when it is lost; another one than the replica writes with is none.
  /// - Throws: ``ReplicaError/missing`` when there is none yet.
  public init(
    connection: Connection, key: DeviceKey?, surroundings: Surroundings,
    projection: any Projection
  ) throws {
    self.connection = connection
    self.surroundings = surroundings
    self.projection = projection
    guard try Self.exists(in: connection) else { throw ReplicaError.missing }
    publicKey = try Self.publicKey(in: connection)
    self.key = key?.publicKey == publicKey ? key : nil
    try Self.configure(connection)
    try Self.migrations.apply(to: connection)
    try fillLogHashesAfterUpgrade()
    try rebuildAfterUpgrade()
    try takeClockBoundsAfterUpgrade()
  }

  /// Makes a replica of a workspace, with a first writer.
  public static func create(
    in connection: Connection, workspace: WorkspaceID, key: DeviceKey, surroundings: Surroundings
  ) throws {
    if !connection.isInTransaction { try configure(connection) }
    try connection.transaction {
      try migrations.apply(to: connection)
      let introduction = Introduction(key: key.publicKey, salt: surroundings.newRandomID())
      try insertWriter(introduction, in: connection)
      try connection.run(
        """
        INSERT INTO replica (only, workspace, writer, salt, clock, reader, log, position, hash)
        VALUES (1, ?, 1, ?, 0, ?, ?, 0, ?)
        """,
        .blob(workspace.bytes), .blob(introduction.salt.bytes), .int(Int64(Header.reader)),
        .blob(LogID.zero.bytes), .blob(Digest.zero.bytes))
    }
  }

  public static func exists(in connection: Connection) throws -> Bool {
    try migrations.version(in: connection) > 0
  }

  /// The key that the replica in `connection` writes with.
  public static func publicKey(in connection: Connection) throws -> PublicKey {
    let found = try connection.first(
      "SELECT key FROM writer WHERE number = (SELECT writer FROM replica)"
    ) { PublicKey(bytes: $0.blob(0)) }
    guard let found else { throw ReplicaError.missing }
    return found
  }

  static let migrations = Migrations(
    name: "replica",
    files: [
      PackageResources.replica_001_sql, PackageResources.replica_002_sql,
      PackageResources.replica_003_sql, PackageResources.replica_004_sql,
      PackageResources.replica_005_sql, PackageResources.replica_006_sql,
      PackageResources.replica_007_sql, PackageResources.replica_008_sql,
      PackageResources.replica_009_sql, PackageResources.replica_010_sql,
      PackageResources.replica_011_sql,
    ])

  /// A rollback journal, and every commit on disk before it is acknowledged, the folder's entry included.
  ///
  /// To be called before the first transaction: SQLite changes neither inside one.
  public static func configure(_ connection: Connection) throws {
    try connection.execute(
      "PRAGMA journal_mode = DELETE; PRAGMA synchronous = EXTRA; PRAGMA cache_size = -32000")
    let level = try connection.first("PRAGMA synchronous", row: { $0.int(0) })
    guard level == 3 else { throw ReplicaError.notDurable }
  }

  private static func insertWriter(_ introduction: Introduction, in connection: Connection) throws {
    try connection.run(
      "INSERT INTO writer (id, key, sequence, head, applied, declared) VALUES (?, ?, 0, ?, 0, 0)",
      .blob(introduction.writer.bytes), .blob(introduction.key.bytes), .blob(Digest.zero.bytes))
  }

  // MARK: What is stored

  public func identity() throws -> Identity {
    let found = try connection.first(
      """
      SELECT workspace, writer, salt, clock, log, position, hash, id, sequence, head
      FROM replica JOIN writer ON writer.number = replica.writer
      """
    ) { row in
      Identity(
        workspace: WorkspaceID(bytes: row.blob(0)), number: row.int(1),
        salt: ID(bytes: row.blob(2)),
        clock: HybridClock(last: Timestamp(rawValue: UInt64(bitPattern: Int64(row.int(3))))),
        cursor: Cursor(
          log: LogID(bytes: row.blob(4)), position: row.int(5), hash: Digest(bytes: row.blob(6))),
        head: WriterHead(
          writer: WriterID(bytes: row.blob(7)), sequence: UInt64(row.int(8)),
          id: Digest(bytes: row.blob(9))))
    }
    guard let found else { throw ReplicaError.missing }
    return found
  }

  /// Who this replica is, and how far it has come.
  public struct Identity: Sendable {
    public let workspace: WorkspaceID
    let number: Int
    let salt: ID<Writer>
    var clock: HybridClock
    public let cursor: Cursor
    /// Our own writer and its last changeset.
    public let head: WriterHead
  }

  /// - Throws: ``ReplicaError/keyMissing``.
  func signingKey() throws -> DeviceKey {
    guard let key else { throw ReplicaError.keyMissing }
    return key
  }

  /// Goes on with a new key under a new name, because the former key is lost or was shut out.
  ///
  /// What was signed with the former one and is not sent yet stays as it is, and goes up with the next exchange. What the
  /// remote does not take, because that device is shut out, is written again (``giveWay(_:then:)``).
  public func startNewWriter(with new: DeviceKey) throws {
    let former = (key, publicKey)
    do {
      try connection.transaction {
        // As it is now: another process may have been here.
        try connection.run(
          "INSERT OR IGNORE INTO former_key VALUES (?)",
          .blob(Self.publicKey(in: connection).bytes))
        (key, publicKey) = (new, new.publicKey)
        try startNewWriter()
        // Its end may be known already.
        _ = try letGoOfUnauthorised()
      }
    } catch {
      (key, publicKey) = former
      throw error
    }
  }

  /// A name for a new entity.
  public func newID() -> EntityID { surroundings.newID() }

  /// - Parameter withTexts: the insides of edited texts too: needed to edit, not to read.
  public func state(of id: EntityID, withTexts: Bool = false) throws -> EntityState? {
    let writers = try writerNumbers()
    var state = try connection.first(
      "SELECT kind, state FROM entity WHERE id = ?", .blob(id.bytes)
    ) { try EntityState(kind: $0.int(0), stored: $0.blob(1), writers) }
    if withTexts { state?.documents = try documents(of: id) }
    return state
  }

  func documents(of id: EntityID) throws -> [TextDocument] {
    try connection.all(
      "SELECT document FROM text WHERE entity = ? ORDER BY id", .blob(id.bytes)
    ) { try TextDocument(decoding: $0.blob(0)) }
  }

  func store(
    _ document: TextDocument, of entity: EntityID, in table: StaticString = "text"
  ) throws {
    var id = ByteWriter(reserving: 32)
    id.append(id: document.id.writer)
    id.append(bigEndian: document.id.sequence)
    id.append(bigEndian: UInt64(document.id.index))
    try connection.run(
      "INSERT OR REPLACE INTO \(table) VALUES (?, ?, ?)", .blob(entity.bytes), .blob(id.bytes),
      .blob(document.encoded))
  }

  /// Calls `body` with every entity, ascending by id.
  public func forEachState(_ body: (EntityID, EntityState) throws -> Void) throws {
    let writers = try writerNumbers()
    try connection.forEach("SELECT id, kind, state FROM entity ORDER BY id", []) { row in
      let state = try EntityState(kind: row.int(1), stored: row.blob(2), writers)
      try body(EntityID(bytes: row.blob(0)), state)
    }
  }

  /// Short names of writers inside this file.
  func writerNumbers() throws -> WriterNumbers {
    if connection.isInTransaction, let known = knownNumbers,
      known.transaction == connection.transactionNumber
    {
      return known.numbers
    }
    let numbers = WriterNumbers(
      try connection.all("SELECT number, id FROM writer") {
        ($0.int(0), WriterID(bytes: $0.blob(1)))
      })
    knownNumbers = (connection.transactionNumber, numbers)
    return numbers
  }

  /// The last changeset this opening of the store wrote; nil when it wrote none.
  public internal(set) var lastWritten: WriterHead?

  /// A name for a new writer of this device, which no writer known here has.
  func newIntroduction() throws -> Introduction {
    let key = try signingKey().publicKey
    while true {
      let introduction = Introduction(key: key, salt: surroundings.newRandomID())
      let isTaken = try connection.first(
        "SELECT 1 FROM writer WHERE id = ?", .blob(introduction.writer.bytes), row: { _ in true })
      if isTaken == nil { return introduction }
    }
  }

  func insertWriter(_ introduction: Introduction) throws {
    knownNumbers = nil
    try Self.insertWriter(introduction, in: connection)
  }

  /// What waits for a decision: fields with siblings; nil for a record deleted by one and changed by another.
  public func review() throws -> [(entity: EntityID, field: FieldNumber?)] {
    try connection.all("SELECT entity, field FROM review ORDER BY entity, field") {
      (EntityID(bytes: $0.blob(0)), $0.int(1) < 0 ? nil : FieldNumber($0.int(1)))
    }
  }
}

extension EntityState {
  /// As a row of the tables `entity` and `snapshot_entity` holds it.
  init(kind: Int, stored bytes: [UInt8], _ writers: WriterNumbers) throws {
    do {
      try self.init(kind: KindNumber(kind), decoding: bytes, naming: writers)
    } catch { throw ReplicaError.damaged("the state of a record: \(error)") }
  }
}

/// Tables that a product derives from the state of entities, kept in the same transactions.
public protocol Projection {
  /// Brings the tables in line with entities that changed.
  func update(_ changed: [EntityID: EntityState], in connection: Connection) throws
  /// Empties the tables; ``update(_:in:)`` follows for every entity.
  func clear(in connection: Connection) throws
}

/// For a replica without tables of its own.
public struct NoProjection: Projection {
  public init() {}
  public func update(_ changed: [EntityID: EntityState], in connection: Connection) {}
  public func clear(in connection: Connection) {}
}
