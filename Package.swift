// swift-tools-version: 6.2
import PackageDescription

// A target guards an import: what a target does not list here it may not import.
// Tests/ProgramTests/ImportsTests.swift holds the same table and reads every import line against it.

let strict: [SwiftSetting] = [
  .swiftLanguageMode(.v6),
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .treatAllWarnings(as: .error),
]

let package = Package(
  name: "dossier",
  products: [
    .executable(name: "dossier", targets: ["dossier"]),
    .executable(name: "dossier-server", targets: ["dossier-server"]),
    .library(name: "ChangeLog", targets: ["ChangeLog"]),
  ],
  traits: [
    .trait(
      name: "PostgreSQL", description: "The server can keep its logs in PostgreSQL (needs libpq).")
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/apple/swift-asn1", from: "1.7.4"),
    .package(url: "https://github.com/apple/swift-certificates", from: "1.21.1"),
    .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
    .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
    .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
    .package(url: "https://github.com/apple/swift-nio-extras", from: "1.35.2"),
    .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.6"),
    .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
    .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1", traits: []),
    .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
    .package(url: "https://github.com/swift-server/async-http-client", from: "1.37.0"),
  ],
  targets: [
    .systemLibrary(
      name: "CSQLite", pkgConfig: "sqlite3", providers: [.apt(["libsqlite3-dev"])]),

    .systemLibrary(name: "CLibPQ", pkgConfig: "libpq", providers: [.apt(["libpq-dev"])]),

    // The engine: pure, knows no dossier.
    .target(
      name: "ChangeLog",
      dependencies: [.product(name: "Crypto", package: "swift-crypto")],
      swiftSettings: strict),

    // One connection to one database file.
    .target(name: "SQLite", dependencies: ["CSQLite"], swiftSettings: strict),

    // One connection to a PostgreSQL server; empty without the trait.
    .target(
      name: "PostgreSQL",
      dependencies: [.target(name: "CLibPQ", condition: .when(traits: ["PostgreSQL"]))],
      swiftSettings: strict),

    // A replica's log and state; the server's log.
    .target(
      name: "ReplicaStore", dependencies: ["ChangeLog", "SQLite"],
      resources: [.embedInCode("Schema")], swiftSettings: strict),
    .target(
      name: "LogStore",
      dependencies: [
        "ChangeLog", "SQLite",
        .target(name: "PostgreSQL", condition: .when(traits: ["PostgreSQL"])),
      ],
      resources: [.embedInCode("Schema")], swiftSettings: strict),

    // The protocol over HTTP, each end.
    .target(
      name: "SyncClient",
      dependencies: [
        "ChangeLog", "ReplicaStore",
        .product(name: "AsyncHTTPClient", package: "async-http-client"),
        .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOHTTP1", package: "swift-nio"),
        .product(name: "NIOPosix", package: "swift-nio"),
        .product(name: "NIOSSL", package: "swift-nio-ssl"),
      ], swiftSettings: strict),
    .target(
      name: "SyncServer",
      dependencies: [
        "ChangeLog", "LogStore",
        .product(name: "Crypto", package: "swift-crypto"),
        .product(name: "Hummingbird", package: "hummingbird"),
        .product(name: "HummingbirdCore", package: "hummingbird"),
        .product(name: "HummingbirdTLS", package: "hummingbird"),
        .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOHTTPTypes", package: "swift-nio-extras"),
        .product(name: "NIOSSL", package: "swift-nio-ssl"),
        .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
        .product(name: "SwiftASN1", package: "swift-asn1"),
        .product(name: "X509", package: "swift-certificates"),
        .product(name: "Logging", package: "swift-log"),
      ], swiftSettings: strict),

    // What a dossier is: records, dates, words. Pure.
    .target(name: "DossierModel", dependencies: ["ChangeLog"], swiftSettings: strict),
    .target(
      name: "DossierStore", dependencies: ["ChangeLog", "DossierModel", "ReplicaStore", "SQLite"],
      resources: [.embedInCode("Schema")], swiftSettings: strict),
    .target(
      name: "DossierPages", dependencies: ["ChangeLog", "DossierModel"], swiftSettings: strict),

    .executableTarget(
      name: "dossier",
      dependencies: [
        "ChangeLog", "DossierModel", "DossierPages", "DossierStore", "ReplicaStore", "SQLite",
        "SyncClient",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ], swiftSettings: strict),
    .executableTarget(
      name: "dossier-server",
      dependencies: [
        "ChangeLog", "LogStore", "SyncServer",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
        .product(name: "Logging", package: "swift-log"),
        .product(name: "Yams", package: "Yams"),
      ], swiftSettings: strict),

    // What tests stand on: a disk that loses power.
    .target(
      name: "CrashDisk", dependencies: ["CSQLite"], path: "Tests/CrashDisk", swiftSettings: strict),

    // Every reader of foreign bytes, for a fuzzer.
    .target(
      name: "ForeignReaders", dependencies: ["ChangeLog", "DossierModel"],
      path: "Tests/ForeignReaders", swiftSettings: strict),

    .testTarget(name: "ChangeLogTests", dependencies: ["ChangeLog"], swiftSettings: strict),
    .testTarget(
      name: "DossierModelTests", dependencies: ["DossierModel", "DossierPages", "ForeignReaders"],
      swiftSettings: strict),
    .testTarget(
      name: "StoreTests",
      dependencies: [
        "ChangeLog", "CrashDisk", "DossierModel", "DossierPages", "DossierStore", "LogStore",
        "ReplicaStore", "SQLite",
      ], swiftSettings: strict),
    .testTarget(
      name: "SyncTests",
      dependencies: [
        "ChangeLog", "LogStore", "ReplicaStore", "SQLite", "SyncClient", "SyncServer",
        .target(name: "PostgreSQL", condition: .when(traits: ["PostgreSQL"])),
      ],
      swiftSettings: strict),
    .testTarget(
      name: "ProgramTests", dependencies: ["dossier", "dossier-server", "SQLite"],
      swiftSettings: strict),
  ]
)

// `scripts/fuzz` builds the readers of foreign bytes with libFuzzer and AddressSanitizer, in a folder of its own.
if Context.environment["DOSSIER_FUZZ"] == "1" {
  let fuzzer = [SwiftSetting.unsafeFlags(["-sanitize=fuzzer", "-parse-as-library"])]
  for target in package.targets
  where ["ChangeLog", "DossierModel", "ForeignReaders"].contains(target.name) {
    target.swiftSettings = strict + fuzzer
  }
  package.targets.append(
    .executableTarget(
      name: "Fuzz", dependencies: ["ForeignReaders"], path: "Tests/Fuzz",
      swiftSettings: strict + fuzzer,
      linkerSettings: [.unsafeFlags(["-sanitize=fuzzer", "-use-ld=lld"])]))
}

// `scripts/load` builds the devices that push all at once.
if Context.environment["DOSSIER_LOAD"] == "1" {
  package.targets.append(
    .executableTarget(
      name: "Load", dependencies: ["ChangeLog"], path: "Tests/Load", swiftSettings: strict))
}
