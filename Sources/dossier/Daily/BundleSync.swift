import ChangeLog
import DossierStore
import ReplicaStore
import SQLite

/// A sync without a network: by bundle files, or through a shared folder.
struct BundleSync {
  private let context: Context
  private let store: Store
  private let isDryRun: Bool

  init(_ context: Context, isDryRun: Bool) {
    self.context = context
    store = context.store
    self.isDryRun = isDryRun
  }

  // MARK: Out

  /// Writes what a receiver lacks into a file, or what a shared folder lacks into the folder.
  func write(to path: String, for receiver: String?) throws {
    if Files.isFolder(path) { return try add(to: SharedFolder(path: path), path) }
    guard !Files.exists(path) else {
      throw Failure(
        "exists", exit: 73, "\(path) exists",
        details: ["a bundle is never overwritten; nothing was written"], input: path)
    }
    let known = try receiver.map { try store.replica.receipt(of: $0) } ?? nil
    if let receiver, known == nil {
      context.report(
        "nothing is known of what \"\(receiver)\" has: the bundle holds everything")
    }
    let bundles = try bundles(beyond: known ?? VersionVector())
    let count = bundles.reduce(0) { $0 + $1.count }
    guard !isDryRun else {
      return context.report("would write \(Self.changes(count)) to \(path)")
    }
    let names = bundles.indices.map { $0 == 0 ? path : "\(path).\($0 + 1)" }
    if let taken = names.first(where: Files.exists) {
      throw Failure(
        "exists", exit: 73, "\(taken) exists",
        details: ["a bundle is never overwritten; nothing was written"], input: taken)
    }
    for (name, bundle) in zip(names, bundles) { try Files.writePrivately(bundle.bytes, to: name) }
    context.report(
      "wrote \(Self.changes(count)) to \(path)"
        + (bundles.count > 1 ? " and \(bundles.count - 1) more files" : ""))
    context.report("  there: dossier sync --from FILE   (or dossier join FILE on a new machine)")
  }

  private func bundles(beyond known: VersionVector) throws -> [(bytes: [UInt8], count: Int)] {
    let writer = try store.replica.identity().head.writer
    let author = try store.authors()[writer]
    let maker = author.map { "\($0.member) on \($0.device)" } ?? "unknown"
    return try store.replica.bundles(beyond: known, maker: maker).map {
      ($0, try Bundle(decoding: $0).changesets.count)
    }
  }

  private func add(to folder: SharedFolder, _ path: String) throws {
    let bundles = try bundles(beyond: store.replica.held(inFolder: folder.id))
    let count = bundles.reduce(0) { $0 + $1.count }
    guard count > 0 else { return context.report("\(path) has all that is here") }
    guard !isDryRun else {
      return context.report("would add \(Self.changes(count)) to \(path)")
    }
    for bundle in bundles {
      // Written twice when the power goes in between: harmless.
      let name = try folder.add(bundle.bytes, by: store.replica.identity().head.writer)
      _ = try store.replica.take(
        Bundle(decoding: bundle.bytes), named: name, inFolder: folder.id)
    }
    context.report("added \(Self.changes(count)) to \(path)")
  }

  // MARK: In

  /// Takes a bundle, or all that is new in a shared folder.
  ///
  /// - Parameter trusts: also from a device that is not known here yet.
  func read(from path: String, trusts: Bool) throws {
    if Files.isFolder(path) { return try read(SharedFolder(path: path), path, trusts: trusts) }
    guard let bytes = try Files.read(path, limit: Bundle.maximumSize) else {
      throw Failure("no-file", exit: 66, "there is no file \"\(path)\"", input: path)
    }
    let bundle = try Self.bundle(bytes, path)
    try refuseUnlessKnown(bundle, path, trusts: trusts)
    var received = Replica.Received()
    try trying { received = try store.replica.take(bundle) }
    try report(received, from: bundle.maker)
  }

  static func bundle(_ bytes: [UInt8], _ path: String) throws -> Bundle {
    do { return try Bundle(decoding: bytes) } catch {
      throw Failure(
        "bad-bundle", exit: 65, "\(path): \(error)", details: ["nothing of it was saved"],
        input: path)
    }
  }

  private func refuseUnlessKnown(_ bundle: Bundle, _ path: String, trusts: Bool) throws {
    if trusts { return }
    guard try !store.replica.isKnown(bundle.key) else { return }
    let isOut = try store.replica.membership().device(bundle.key) != nil
    throw Failure(
      "unknown-device", exit: 77,
      "the device that made \(path) is \(isOut ? "shut out" : "not known here")",
      details: [
        "it calls itself \"\(bundle.maker)\"; nothing of it was saved",
        "if you had it from somebody you trust, say so:",
      ], fix: "dossier sync --from \(path) --trust", input: path)
  }

  private func read(_ folder: SharedFolder, _ path: String, trusts: Bool) throws {
    var all = Replica.Received()
    var makers: Set<String> = []
    var problems: [Failure] = []
    try trying {
      for name in try folder.names()
      where try !store.replica.hasRead(name, inFolder: folder.id) {
        do {
          let bundle = try Self.bundle(folder.read(name), name)
          try refuseUnlessKnown(bundle, name, trusts: trusts)
          let received = try store.replica.take(bundle, named: name, inFolder: folder.id)
          all.add(received)
          makers.insert(bundle.maker)
        } catch  where Self.concernsOneBundle(error) {
          // Half copied, perhaps: it is read next time. The others are read now.
          problems.append(Failure(explaining: error).about(name))
        }
      }
    }
    try report(all, from: makers.isEmpty ? path : makers.sorted().joined(separator: ", "))
    guard let first = problems.first else { return }
    let isUnknown = problems.allSatisfy { $0.code == "unknown-device" }
    throw Failure(
      first.code, exit: first.exit,
      "\(problems.count) bundle\(problems.count == 1 ? "" : "s") in \(path) \(problems.count == 1 ? "was" : "were") not taken",
      details: problems.map(\.message) + ["all others were read"],
      fix: isUnknown ? "dossier sync --from \(path) --trust" : nil, input: path)
  }

  /// Whether an error says something of one bundle, and nothing of the store or the disk.
  private static func concernsOneBundle(_ error: any Error) -> Bool {
    switch error {
    case is Failure, is FormatError: true
    case let error as ReplicaError:
      [.otherWorkspace, .otherBeginning, .newer].contains(error)
    case let error as SQLiteError: [.link, .cannotOpen, .readOnly, .other].contains(error.kind)
    default: false
    }
  }

  /// Does it, and takes it back when nothing is to be saved.
  private func trying(_ work: () throws -> Void) throws {
    struct Back: Error {}
    let name = try store.replica.identity().head.writer
    do {
      try store.transaction {
        try work()
        // What came may show that this store was copied or set back: then it has a new name, and says whose it is.
        if try store.replica.identity().head.writer != name { try store.introduceAgain() }
        if isDryRun { throw Back() }
      }
    } catch is Back {}
    if try store.replica.identity().head.writer != name {
      context.report("this store was copied or restored; it has a new name now, and kept its words")
    }
  }

  private func report(_ received: Replica.Received, from maker: String) throws {
    context.report(
      (isDryRun ? "would take " : "took ") + Self.changes(received.applied) + " from " + maker)
    for (id, reason) in received.quarantined {
      context.report("refused \(id.description.prefix(12)): \(reason)")
    }
    if !received.quarantined.isEmpty, !isDryRun {
      context.report("what they say can be read: dossier quarantine")
    }
    if received.splitViews > 0 {
      context.report(
        "the server showed somebody else another log than this machine (dossier doctor)")
    }
    if isDryRun { return }
    let authors = try store.authors()
    for (writer, sequences) in try store.replica.missing() {
      let name = authors[writer].map { "\($0.member) on \($0.device)" } ?? "an unknown device"
      context.report(
        "waits for \(Self.changes(sequences.count)) of \(name), which did not come yet (number \(sequences.lowerBound)"
          + (sequences.count > 1 ? " to \(sequences.upperBound))" : ")"))
    }
    let review = try store.replica.review().count
    if review > 0 {
      context.report("\(review) value\(review == 1 ? "" : "s") to review (dossier review)")
    }
  }

  private static func changes(_ count: Int) -> String { "\(count) change\(count == 1 ? "" : "s")" }
}
