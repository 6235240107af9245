import ChangeLog
import DossierPages
import Glibc
import SQLite

/// A folder of exported pages. The file `.dossier-export` says what was written, so that a page changed by
/// hand is noticed.
struct ExportFolder {
  let path: String
  private var written: [String: String] = [:]
  private static let manifest = ".dossier-export"

  init(path: String) { self.path = path }

  mutating func load() throws {
    try Files.createFolder(path, mode: 0o755)
    guard let bytes = try Files.read("\(path)/\(Self.manifest)") else { return }
    for line in String(decoding: bytes, as: UTF8.self).split(separator: "\n") {
      let parts = line.split(separator: " ", maxSplits: 1)
      if parts.count == 2 { written[String(parts[1])] = String(parts[0]) }
    }
  }

  /// The pages whose file is neither what was last written nor what would be written now.
  func changedByHand(_ pages: [Page]) throws -> [(path: String, lines: Int)] {
    try pages.compactMap { page in
      guard let there = try Files.read("\(path)/\(page.path)") else { return nil }
      let hash = Digest(of: there).description
      if hash == written[page.path] || there == Array(page.text.utf8) { return nil }
      return (page.path, try difference(page).count)
    }
  }

  /// Lines that are only in the file (-) or only in the page (+).
  func difference(_ page: Page) throws -> [String] {
    let there = try Files.read("\(path)/\(page.path)") ?? []
    let old = String(decoding: there, as: UTF8.self).split(
      separator: "\n", omittingEmptySubsequences: false)
    let new = page.text.split(separator: "\n", omittingEmptySubsequences: false)
    return new.difference(from: old).map { change in
      switch change {
      case .insert(_, let line, _): "+\(page.path): \(line)"
      case .remove(_, let line, _): "-\(page.path): \(line)"
      }
    }
  }

  /// Writes each page whole or not at all, those that differ only.
  ///
  /// - Parameter isWhole: pages of an earlier export that are no more are removed, unless changed by hand.
  /// - Returns: how many were written.
  mutating func write(_ pages: [Page], isWhole: Bool) throws -> Int {
    var count = 0
    for page in pages {
      let bytes = Array(page.text.utf8)
      if try Files.read("\(path)/\(page.path)") != bytes {
        try Files.writePrivately(bytes, to: "\(path)/\(page.path)", mode: 0o644)
        count += 1
      }
      written[page.path] = Digest(of: bytes).description
    }
    if isWhole {
      let present = Set(pages.map(\.path))
      for (stale, hash) in written where !present.contains(stale) {
        if let there = try Files.read("\(path)/\(stale)"), Digest(of: there).description == hash {
          unlink("\(path)/\(stale)")
        }
        written[stale] = nil
      }
    }
    let lines = written.sorted { $0.key < $1.key }.map { "\($0.value) \($0.key)\n" }.joined()
    try Files.writePrivately(Array(lines.utf8), to: "\(path)/\(Self.manifest)", mode: 0o644)
    return count
  }
}
