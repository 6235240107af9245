import ChangeLog
import DossierStore
import ReplicaStore
import SQLite

/// A folder that several devices share, by a disk or by any program that copies files. Each only ever adds
/// bundles of its own; nobody changes or removes one.
struct SharedFolder {
  /// Its name for the store, wherever it is mounted.
  let id: String
  private let folder: Folder
  private static let nameFile = "dossier-folder"

  /// Opens the folder; the first device names it.
  init(path: String) throws {
    folder = try Folder(path: path, links: .followed)
    if try folder.read(Self.nameFile) == nil {
      let random = Machine.surroundings().newRandomID(Entity.self)
      try folder.write(Array("\(random)\n".utf8), to: Self.nameFile, mode: 0o644)
    }
    let bytes = try folder.read(Self.nameFile) ?? []
    id = String(String(decoding: bytes, as: UTF8.self).prefix { $0 != "\n" })
  }

  /// The bundles of all devices, in an order that is good to read them in.
  func names() throws -> [String] { try folder.names().filter { $0.hasSuffix(".bundle") } }

  func read(_ name: String) throws -> [UInt8] {
    try folder.read(name, limit: Bundle.maximumSize) ?? []
  }

  /// Adds a bundle of ours behind those that are there. Nobody else writes under our name, so no two make a file of
  /// one name, even where the folder is copied to and fro.
  func add(_ bytes: [UInt8], by writer: WriterID) throws -> String {
    let device = String(writer.description.prefix(12))
    let last = try names().filter { $0.hasPrefix(device + "-") && $0.utf8.count < 40 }
      .compactMap { Int32($0.dropFirst(device.count + 1).dropLast(7)) }.filter { $0 < 1 << 30 }
      .max()
    let number = String((last ?? 0) + 1)
    let name =
      device + "-" + String(repeating: "0", count: max(0, 6 - number.count)) + number + ".bundle"
    try folder.write(bytes, to: name, mode: 0o644)
    return name
  }
}
