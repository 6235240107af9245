import Glibc
import SQLite

/// Texts that could not be saved, kept as files so that no word is lost.
enum Unsaved {
  /// How many texts wait.
  static func count() throws -> Int {
    let folder = Context.unsavedFolder
    return Files.isFolder(folder) ? try Folder(path: folder, links: .followed).names().count : 0
  }

  /// - Returns: the path, with ~ for the home folder.
  static func keep(_ text: String) throws -> String { try keep(bytes: Array(text.utf8)) }

  static func keep(bytes: [UInt8]) throws -> String {
    let folder = Context.unsavedFolder
    try Files.createFolder(folder)
    var number = 1
    while Files.exists("\(folder)/\(number).txt") { number += 1 }
    let path = "\(folder)/\(number).txt"
    try Files.writePrivately(bytes, to: path)
    let home = Context.home
    return path.hasPrefix(home + "/") ? "~" + path.dropFirst(home.count) : path
  }
}
