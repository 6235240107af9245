import ChangeLog
import DossierPages
import SQLite

/// A folder of exported pages. The file `.dossier-export` says what was written, so that a page changed by
/// hand is noticed.
struct ExportFolder {
  private let folder: Folder
  private var written: [String: String] = [:]
  private static let manifest = ".dossier-export"

  /// A page that is not as it was written.
  struct Change {
    let path: String
    /// "3 lines differ".
    let what: String
  }

  /// Opens the folder; makes it when there is none.
  init(path: String) throws {
    try Files.createFolder(path, mode: 0o755)
    folder = try Folder(path: path, links: .refused)
    guard let bytes = try folder.read(Self.manifest) else { return }
    for line in String(decoding: bytes, as: UTF8.self).split(separator: "\n") {
      let parts = line.split(separator: " ", maxSplits: 1)
      // Whoever wrote this list, what is no page is not ours to remove.
      guard parts.count == 2, Page.isPath(parts[1]) else { continue }
      written[String(parts[1])] = String(parts[0])
    }
  }

  /// The pages whose file is neither what was last written nor what would be written now.
  func changedByHand(_ pages: [Page]) throws -> [Change] {
    try pages.compactMap { page in
      do throws(SQLiteError) {
        guard let there = try folder.read(page.path) else { return nil }
        let hash = Digest(of: there).description
        if hash == written[page.path] || there == Array(page.text.utf8) { return nil }
        let count = difference(page, there).count
        return Change(
          path: page.path, what: count == 1 ? "1 line differs" : "\(count) lines differ")
      } catch {
        guard error.kind == .link else { throw error }
        return Change(path: page.path, what: "it is a link now")
      }
    }
  }

  /// Lines that are only in the file (-) or only in the page (+).
  func difference(_ page: Page) throws -> [String] {
    difference(page, try folder.read(page.path) ?? [])
  }

  private func difference(_ page: Page, _ there: [UInt8]) -> [String] {
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

  /// Writes each page whole or not at all, those that differ only. A link is replaced, never followed.
  ///
  /// - Parameter isWhole: pages of an earlier export that are no more are removed, unless changed by hand.
  /// - Returns: how many were written.
  mutating func write(_ pages: [Page], isWhole: Bool) throws -> Int {
    var count = 0
    for page in pages {
      let bytes = Array(page.text.utf8)
      if try bytesUnlessLink(page.path) != bytes {
        try folder.write(bytes, to: page.path, mode: 0o644)
        count += 1
      }
      written[page.path] = Digest(of: bytes).description
    }
    if isWhole {
      let present = Set(pages.map(\.path))
      for (stale, hash) in written where !present.contains(stale) {
        if let there = try bytesUnlessLink(stale), Digest(of: there).description == hash {
          try folder.remove(stale)
        }
        written[stale] = nil
      }
    }
    let lines = written.sorted { $0.key < $1.key }.map { "\($0.value) \($0.key)\n" }.joined()
    try folder.write(Array(lines.utf8), to: Self.manifest, mode: 0o644)
    return count
  }

  private func bytesUnlessLink(_ name: String) throws -> [UInt8]? {
    do throws(SQLiteError) {
      return try folder.read(name)
    } catch {
      guard error.kind == .link else { throw error }
      return nil
    }
  }
}
