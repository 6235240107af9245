import Foundation
import Testing

/// The walls of the house: which target may import what. Imports run downwards only.
@Suite struct ImportsTests {
  static let allowed: [String: Set<String>] = [
    "CLibPQ": [],
    "CSQLite": [],
    "PostgreSQL": ["CLibPQ"],
    // The library's HPKE takes and gives `Data`.
    "ChangeLog": ["Crypto", "FoundationEssentials"],
    "SQLite": ["CSQLite", "Glibc"],
    "ReplicaStore": ["ChangeLog", "SQLite"],
    "LogStore": ["ChangeLog", "Dispatch", "Glibc", "PostgreSQL", "SQLite", "Synchronization"],
    "SyncClient": [
      "ChangeLog", "AsyncHTTPClient", "Glibc", "NIOCore", "NIOHTTP1", "NIOPosix", "NIOSSL",
      "Synchronization",
    ],
    "SyncServer": [
      "ChangeLog", "LogStore", "Crypto", "Dispatch", "Foundation", "Glibc", "Hummingbird",
      "HummingbirdCore", "HummingbirdTLS", "Logging", "NIOCore", "NIOHTTPTypes", "NIOSSL",
      "ServiceLifecycle", "SwiftASN1", "Synchronization", "X509",
    ],
    "DossierModel": ["ChangeLog"],
    "DossierStore": ["ChangeLog", "DossierModel", "ReplicaStore", "SQLite"],
    "DossierPages": ["ChangeLog", "DossierModel"],
    "dossier": [
      "ArgumentParser", "ChangeLog", "DossierModel", "DossierPages", "DossierStore", "Glibc",
      "Synchronization",
      "ReplicaStore", "SQLite", "SyncClient",
    ],
    "dossier-server": [
      "ArgumentParser", "ChangeLog", "Dispatch", "Glibc", "LogStore", "Logging", "SyncServer",
      "Yams",
    ],
  ]

  @Test func everyImportIsInTheTable() throws {
    var seen = 0
    for (target, file, module) in try Self.imports() {
      let known = try #require(Self.allowed[target], "target \(target) is not in the table")
      #expect(known.contains(module), "\(file) imports \(module)")
      seen += 1
    }
    #expect(seen > 100)
  }

  /// An arrow nobody uses any more is taken out of the table.
  @Test func everyArrowOfTheTableIsUsed() throws {
    var used: [String: Set<String>] = [:]
    for (target, _, module) in try Self.imports() { used[target, default: []].insert(module) }
    for (target, modules) in Self.allowed {
      #expect(modules.subtracting(used[target] ?? []).isEmpty, "unused in \(target)")
    }
  }

  private static func imports() throws -> [(target: String, file: String, module: String)] {
    let sources = Project.root.appending(path: "Sources")
    var imports: [(String, String, String)] = []
    for target in try FileManager.default.contentsOfDirectory(atPath: sources.path) {
      let folder = sources.appending(path: target)
      let files = FileManager.default.enumerator(atPath: folder.path)?.compactMap { $0 as? String }
      for file in files ?? [] where file.hasSuffix(".swift") {
        let text = try String(contentsOf: folder.appending(path: file), encoding: .utf8)
        for line in text.split(separator: "\n") {
          let words = line.split(separator: " ")
          guard let place = words.firstIndex(of: "import"), place <= 2, words.count > place + 1,
            words[..<place].allSatisfy({
              ["public", "internal", "package", "private"].contains($0) || $0.hasPrefix("@")
            })
          else { continue }
          imports.append((target, "\(target)/\(file)", String(words[place + 1])))
        }
      }
    }
    return imports
  }
}
