internal import CSQLite
internal import Glibc

/// SQLite's extended result codes: macros that Swift does not import.
private enum IOError {
  static let read = SQLITE_IOERR | 1 << 8
  static let shortRead = SQLITE_IOERR | 2 << 8
  static let write = SQLITE_IOERR | 3 << 8
  static let sync = SQLITE_IOERR | 4 << 8
  static let truncate = SQLITE_IOERR | 6 << 8
  static let delete = SQLITE_IOERR | 10 << 8
  static let access = SQLITE_IOERR | 13 << 8
  static let lock = SQLITE_IOERR | 15 << 8
  static let deleteMissing = SQLITE_IOERR | 23 << 8
}

/// The calls SQLite makes of a file system, answered by a ``CrashDisk``.
enum FileSystem {
  static func install(in vfs: UnsafeMutablePointer<sqlite3_vfs>) {
    vfs.pointee.szOsFile = Int32(MemoryLayout<Handle>.size)
    vfs.pointee.mxPathname = 200
    vfs.pointee.xOpen = { vfs, name, file, flags, outFlags in
      let disk = CrashDisk.of(vfs)
      file!.pointee.pMethods = nil
      let name = name.map { String(cString: $0) }
      guard let stored = disk.open(name, flags) else { return SQLITE_CANTOPEN }
      let open = OpenFile(disk: disk, file: stored, name: name, flags: flags)
      UnsafeMutableRawPointer(file!).assumingMemoryBound(to: Handle.self).pointee = Handle(
        base: sqlite3_file(pMethods: FileSystem.methods), open: Unmanaged.passRetained(open))
      outFlags?.pointee = flags
      return SQLITE_OK
    }
    vfs.pointee.xDelete = { vfs, name, syncsFolder in
      CrashDisk.of(vfs).delete(String(cString: name!), syncsFolder: syncsFolder != 0)
    }
    vfs.pointee.xAccess = { vfs, name, flags, result in
      let disk = CrashDisk.of(vfs)
      let size = disk.size(of: String(cString: name!))
      // As on Unix: an empty journal is none.
      result!.pointee = (flags == SQLITE_ACCESS_EXISTS ? size ?? 0 > 0 : size != nil) ? 1 : 0
      return disk.isOff ? IOError.access : SQLITE_OK
    }
    vfs.pointee.xFullPathname = { _, name, size, target in
      guard strlen(name!) < Int(size) else { return SQLITE_CANTOPEN }
      strcpy(target!, name!)
      return SQLITE_OK
    }
  }

  /// What SQLite keeps of an open file; it begins with the part SQLite knows.
  struct Handle {
    var base: sqlite3_file
    var open: Unmanaged<OpenFile>
  }

  private static func open(_ file: UnsafeMutablePointer<sqlite3_file>?) -> OpenFile {
    UnsafeMutableRawPointer(file!).assumingMemoryBound(to: Handle.self).pointee.open
      .takeUnretainedValue()
  }

  nonisolated(unsafe) private static let methods: UnsafePointer<sqlite3_io_methods> = {
    let methods = UnsafeMutablePointer<sqlite3_io_methods>.allocate(capacity: 1)
    methods.initialize(to: sqlite3_io_methods())
    methods.pointee.iVersion = 2
    methods.pointee.xClose = { file in
      open(file).close()
      UnsafeMutableRawPointer(file!).assumingMemoryBound(to: Handle.self).pointee.open.release()
      return SQLITE_OK
    }
    methods.pointee.xRead = { file, target, count, offset in
      open(file).read(UnsafeMutableRawBufferPointer(start: target, count: Int(count)), Int(offset))
    }
    methods.pointee.xWrite = { file, bytes, count, offset in
      open(file).write(UnsafeRawBufferPointer(start: bytes, count: Int(count)), Int(offset))
    }
    methods.pointee.xTruncate = { open($0).truncate(to: Int($1)) }
    methods.pointee.xSync = { file, _ in open(file).sync() }
    methods.pointee.xFileSize = { file, size in
      size!.pointee = Int64(open(file).file.live.count)
      return SQLITE_OK
    }
    methods.pointee.xLock = { open($0).lock($1) }
    methods.pointee.xUnlock = { open($0).unlock($1) }
    methods.pointee.xCheckReservedLock = { file, result in
      result!.pointee = open(file).file.locks.isReserved ? 1 : 0
      return SQLITE_OK
    }
    methods.pointee.xFileControl = { _, _, _ in SQLITE_NOTFOUND }
    methods.pointee.xSectorSize = { _ in 4096 }
    methods.pointee.xDeviceCharacteristics = { _ in SQLITE_IOCAP_POWERSAFE_OVERWRITE }
    methods.pointee.xShmMap = { file, index, size, _, target in
      let file = open(file).file
      while file.shared.count <= Int(index) {
        let region = UnsafeMutableRawPointer.allocate(byteCount: Int(size), alignment: 16)
        memset(region, 0, Int(size))
        file.shared.append(region)
      }
      target!.pointee = file.shared[Int(index)]
      return SQLITE_OK
    }
    // A WAL database has one connection here, as in the server.
    methods.pointee.xShmLock = { _, _, _, _ in SQLITE_OK }
    methods.pointee.xShmBarrier = { _ in }
    methods.pointee.xShmUnmap = { _, _ in SQLITE_OK }
    return UnsafePointer(methods)
  }()
}

/// One opening of a file.
final class OpenFile {
  private let disk: CrashDisk
  let file: StoredFile
  private let name: String?
  private let isDeletedOnClose: Bool
  /// The first sync of a new journal syncs its folder too, as SQLite does on Unix.
  private var syncsNames: Bool
  private var level = SQLITE_LOCK_NONE

  init(disk: CrashDisk, file: StoredFile, name: String?, flags: Int32) {
    self.disk = disk
    self.file = file
    self.name = name
    isDeletedOnClose = flags & SQLITE_OPEN_DELETEONCLOSE != 0
    let journals = SQLITE_OPEN_MAIN_JOURNAL | SQLITE_OPEN_SUPER_JOURNAL | SQLITE_OPEN_WAL
    syncsNames = flags & SQLITE_OPEN_CREATE != 0 && flags & journals != 0
  }

  func close() {
    file.locks.release(&level, to: SQLITE_LOCK_NONE)
    if isDeletedOnClose, let name { disk.files[name] = nil }
  }

  func read(_ target: UnsafeMutableRawBufferPointer, _ offset: Int) -> Int32 {
    guard !disk.isOff else { return IOError.read }
    let there = max(0, min(target.count, file.live.count - offset))
    if there > 0 {
      file.live.withUnsafeBytes {
        target.copyMemory(from: UnsafeRawBufferPointer(rebasing: $0[offset..<offset + there]))
      }
    }
    guard there < target.count else { return SQLITE_OK }
    memset(target.baseAddress! + there, 0, target.count - there)
    return IOError.shortRead
  }

  func write(_ bytes: UnsafeRawBufferPointer, _ offset: Int) -> Int32 {
    let fault = name == nil ? nil : disk.step(isWrite: true)
    if fault?.happens ?? true { file.write(bytes, at: offset) }
    guard let failure = fault?.failure else { return SQLITE_OK }
    return failure == SQLITE_FULL ? SQLITE_FULL : IOError.write
  }

  func truncate(to size: Int) -> Int32 {
    let fault = name == nil ? nil : disk.step(isWrite: false)
    if fault?.happens ?? true { file.truncate(to: size) }
    return fault == nil ? SQLITE_OK : IOError.truncate
  }

  func sync() -> Int32 {
    if name != nil, disk.step(isWrite: false) != nil { return IOError.sync }
    file.sync()
    if syncsNames {
      disk.syncNames()
      syncsNames = false
    }
    return SQLITE_OK
  }

  func lock(_ wanted: Int32) -> Int32 {
    guard !disk.isOff else { return IOError.lock }
    return file.locks.take(&level, wanted) ? SQLITE_OK : SQLITE_BUSY
  }

  func unlock(_ wanted: Int32) -> Int32 {
    file.locks.release(&level, to: wanted)
    return SQLITE_OK
  }
}

/// The five lock levels of SQLite among the connections of one file.
struct Locks {
  private var sharing = 0
  private(set) var isReserved = false
  private var isPending = false
  private var isExclusive = false

  mutating func take(_ level: inout Int32, _ wanted: Int32) -> Bool {
    guard level < wanted else { return true }
    if level == SQLITE_LOCK_NONE {
      guard !isPending, !isExclusive else { return false }
      sharing += 1
      level = SQLITE_LOCK_SHARED
    }
    if wanted >= SQLITE_LOCK_RESERVED, level < SQLITE_LOCK_RESERVED {
      guard !isReserved else { return false }
      isReserved = true
      level = SQLITE_LOCK_RESERVED
    }
    if wanted == SQLITE_LOCK_EXCLUSIVE {
      isPending = true
      level = SQLITE_LOCK_PENDING
      guard sharing == 1 else { return false }
      isExclusive = true
      level = SQLITE_LOCK_EXCLUSIVE
    }
    return true
  }

  mutating func release(_ level: inout Int32, to wanted: Int32) {
    guard level > wanted else { return }
    if level >= SQLITE_LOCK_RESERVED {
      isReserved = false
      isPending = false
      isExclusive = false
    }
    if wanted == SQLITE_LOCK_NONE { sharing -= 1 }
    level = wanted
  }
}

extension CrashDisk {
  fileprivate static func of(_ vfs: UnsafeMutablePointer<sqlite3_vfs>?) -> CrashDisk {
    Unmanaged<CrashDisk>.fromOpaque(vfs!.pointee.pAppData).takeUnretainedValue()
  }

  fileprivate func open(_ name: String?, _ flags: Int32) -> StoredFile? {
    guard let name else { return StoredFile() }
    if let file = files[name] { return isOff ? nil : file }
    guard flags & SQLITE_OPEN_CREATE != 0 else { return nil }
    let fault = step(isWrite: true)
    guard fault?.happens ?? true else { return nil }
    let file = StoredFile()
    files[name] = file
    return fault == nil ? file : nil
  }

  fileprivate func delete(_ name: String, syncsFolder: Bool) -> Int32 {
    guard files[name] != nil else { return IOError.deleteMissing }
    let fault = step(isWrite: false)
    if fault?.happens ?? true { files[name] = nil }
    guard fault == nil else { return IOError.delete }
    if syncsFolder { syncNames() }
    return SQLITE_OK
  }
}
