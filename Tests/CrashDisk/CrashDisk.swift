internal import CSQLite
internal import Glibc

/// A disk in memory that can lose power, fill up or fail at any operation.
///
/// It is a SQLite file system (VFS) of one folder, and keeps apart what a program sees and what is surely on
/// the disk. Power loss keeps any part of what was not synced: writes are lost, torn at sectors of 512 bytes,
/// turned to noise and reordered; names that were made or removed come and go until their folder is synced.
/// Bytes outside a write are never harmed by it, as on every disk SQLite trusts by default.
///
/// Not safe to share between threads.
public final class CrashDisk {
  /// The name to open connections with.
  public let vfs: String
  private let registration: UnsafeMutablePointer<sqlite3_vfs>
  private let registeredName: UnsafeMutablePointer<CChar>

  /// As a running program sees them.
  var files: [String: StoredFile] = [:]
  /// The names that are surely there after power loss, and what they stood for then.
  private var durable: [String: StoredFile] = [:]

  public enum Fault: Sendable {
    /// From here on nothing is done any more.
    case powerLoss
    /// There is no room for this write, or from here on for none.
    case full(isLasting: Bool)
    /// This operation fails, or all from here on do.
    case failure(isLasting: Bool)
  }

  /// What goes wrong, and at which operation, counted from 1.
  public var fault: (kind: Fault, at: Int)?
  /// Creations, writes, truncations, syncs and deletions so far.
  public private(set) var operations = 0
  public private(set) var isOff = false

  public init() {
    registration = .allocate(capacity: 1)
    registration.initialize(to: sqlite3_vfs_find(nil).pointee)
    let address = UInt(bitPattern: registration)
    vfs = "crash-disk-\(address)"
    registeredName = strdup(vfs)
    registration.pointee.zName = UnsafePointer(registeredName)
    registration.pointee.pNext = nil
    registration.pointee.pAppData = Unmanaged.passUnretained(self).toOpaque()
    FileSystem.install(in: registration)
    sqlite3_vfs_register(registration, 0)
  }

  deinit {
    sqlite3_vfs_unregister(registration)
    registration.deallocate()
    free(registeredName)
  }

  /// The same disk once more, as it is now, without its fault.
  public func copy() -> CrashDisk {
    let copy = CrashDisk()
    for (name, file) in durable { copy.durable[name] = file.copy() }
    for (name, file) in files {
      let isSame = durable[name] === file
      copy.files[name] = isSame ? copy.durable[name] : file.copy()
    }
    return copy
  }

  /// The disk as the next start finds it.
  ///
  /// - Parameter damage: nil when only the program was killed: all it wrote is there. Otherwise random
  ///   numbers that choose what of the unsynced survives.
  public func restarted(damage: (() -> UInt64)?) -> CrashDisk {
    let next = CrashDisk()
    guard let damage else {
      for (name, file) in files { next.files[name] = StoredFile(settled: file.live) }
      next.durable = next.files
      return next
    }
    // How violent it was: from everything lost to nearly everything kept.
    let kept = damage() % 5 * 25
    for name in Set(files.keys).union(durable.keys).sorted() {
      var file = durable[name]
      if files[name] !== file, damage() % 100 < kept { file = files[name] }
      if let file {
        next.files[name] = StoredFile(settled: file.afterPowerLoss(kept: kept, damage))
      }
    }
    next.durable = next.files
    return next
  }

  /// Counts an operation.
  ///
  /// - Returns: the SQLite error it ends with; nil when it is done. Power that goes at an operation may
  ///   still let it happen: the caller does it then, unsynced, before it reports the failure.
  func step(isWrite: Bool) -> (failure: Int32, happens: Bool)? {
    guard !isOff else { return (SQLITE_IOERR, false) }
    operations += 1
    guard let fault, operations >= fault.at else { return nil }
    let isFirst = operations == fault.at
    switch fault.kind {
    case .powerLoss:
      isOff = true
      return (SQLITE_IOERR, true)
    case .full(let isLasting):
      return isWrite && (isFirst || isLasting) ? (SQLITE_FULL, false) : nil
    case .failure(let isLasting):
      return isFirst || isLasting ? (SQLITE_IOERR, false) : nil
    }
  }

  func syncNames() { durable = files }

  /// Whether these bytes stand anywhere in a file, as a running program sees it.
  public func holds(_ bytes: [UInt8]) -> Bool {
    files.values.contains { $0.live.firstRange(of: bytes) != nil }
  }

  /// The size of a file; nil when there is none.
  public func size(of name: String) -> Int? { files[name]?.live.count }
}

/// What is in one file.
final class StoredFile {
  /// As a running program sees it.
  private(set) var live: [UInt8]
  /// As it was at the last sync.
  private var settled: [UInt8]
  private var pending: [Change] = []
  /// Shared memory of the connections that have it open as a WAL database.
  var shared: [UnsafeMutableRawPointer] = []
  var locks = Locks()

  private enum Change {
    case write(offset: Int, [UInt8])
    case truncate(Int)
  }

  init(settled: [UInt8] = []) {
    self.settled = settled
    live = settled
  }

  deinit { for region in shared { region.deallocate() } }

  func copy() -> StoredFile {
    let copy = StoredFile(settled: settled)
    copy.live = live
    copy.pending = pending
    return copy
  }

  func write(_ bytes: UnsafeRawBufferPointer, at offset: Int) {
    pending.append(.write(offset: offset, Array(bytes)))
    Self.put(bytes, at: offset, in: &live)
  }

  func truncate(to size: Int) {
    pending.append(.truncate(size))
    Self.cut(&live, to: size)
  }

  func sync() {
    settled = live
    pending = []
  }

  private static func put(_ bytes: UnsafeRawBufferPointer, at offset: Int, in target: inout [UInt8])
  {
    if target.count < offset + bytes.count {
      target += [UInt8](repeating: 0, count: offset + bytes.count - target.count)
    }
    target.withUnsafeMutableBytes {
      UnsafeMutableRawBufferPointer(rebasing: $0[offset..<offset + bytes.count]).copyMemory(
        from: bytes)
    }
  }

  private static func cut(_ target: inout [UInt8], to size: Int) {
    if size < target.count { target.removeLast(target.count - size) }
  }

  func afterPowerLoss(kept: UInt64, _ damage: () -> UInt64) -> [UInt8] {
    var result = settled
    for change in pending {
      switch change {
      case .truncate(let size):
        if damage() % 100 < kept { Self.cut(&result, to: size) }
      case .write(let offset, let bytes):
        guard damage() % 100 < kept else { continue }
        let isTorn = damage() % 3 == 0
        bytes.withUnsafeBytes { all in
          for start in stride(from: 0, to: all.count, by: 512) {
            let sector = UnsafeRawBufferPointer(rebasing: all[start..<min(start + 512, all.count)])
            guard isTorn else {
              Self.put(sector, at: offset + start, in: &result)
              continue
            }
            switch damage() % 8 {
            case 0..<4: Self.put(sector, at: offset + start, in: &result)
            case 4:
              let noise = sector.map { _ in UInt8(truncatingIfNeeded: damage()) }
              noise.withUnsafeBytes { Self.put($0, at: offset + start, in: &result) }
            default: break
            }
          }
        }
      }
    }
    return result
  }
}
