public import ChangeLog
internal import SQLite

/// The membership log as a replica keeps it: checked to the last signature before anything is believed.
extension Replica {
  /// Who belongs to the workspace, as far as is known here; without an entry when it keeps no membership log.
  public func membership() throws -> Membership {
    var membership = Membership(workspace: try identity().workspace)
    try connection.forEach("SELECT bytes FROM membership ORDER BY number", []) { row in
      do { try membership.append(MembershipEntry(bytes: row.blob(0)), isTrusted: true) } catch {
        throw ReplicaError.damaged("the membership log (\(error))")
      }
    }
    return membership
  }

  /// Believes only a log that holds this entry: the invite it came in with says so. A log of another founder than the one
  /// believed before takes its place, when it holds the entry: a person said to go there.
  public func trustMembership(with entry: Digest) throws {
    guard entry != .zero else { return }
    try connection.run("INSERT OR REPLACE INTO membership_pin VALUES (1, ?)", .blob(entry.bytes))
  }

  /// Takes the membership log that came with the answer to a join, when none is here.
  public func begin(with members: [[UInt8]]) throws {
    try connection.transaction {
      guard try membership().isEmpty else { return }
      for (place, bytes) in members.enumerated() {
        try connection.run("INSERT INTO membership VALUES (?, ?)", .int(place + 1), .blob(bytes))
      }
      try takeWhatFollows(from: membership())
    }
  }

  /// Keeps a statement of this device for the next exchange.
  ///
  /// - Parameter recipient: in an encrypted workspace with what keys are sealed to the invite that it makes.
  /// - Throws: ``ReplicaError/noKeys``.
  @discardableResult
  public func say(
    _ statement: MembershipEntry.Statement, to recipient: SealingKey? = nil
  ) throws -> MembershipEntry {
    let key = try signingKey()
    return try connection.transaction {
      var membership = try membership()
      // Behind what was said here and is not on its way yet.
      for bytes in try membershipRequest().entries {
        try? membership.append(MembershipEntry(bytes: bytes), isTrusted: true)
      }
      let entry = try MembershipEntry(
        statement, in: membership.workspace, after: membership.last, at: surroundings.now(),
        giving: grant(for: statement, to: recipient, after: membership), signedBy: key)
      try keepForRemote(entry.bytes, entry.id)
      return entry
    }
  }

  /// How far the writers with these keys have come, as is known here.
  public func heads(of keys: [PublicKey]) throws -> [WriterHead] {
    try keys.flatMap { key in
      try connection.all(
        "SELECT id, sequence, head FROM writer WHERE key = ? AND sequence > 0", .blob(key.bytes)
      ) {
        WriterHead(
          writer: WriterID(bytes: $0.blob(0)), sequence: UInt64($0.int(1)),
          id: Digest(bytes: $0.blob(2)))
      }
    }
  }

  /// Entries that the remote will never take as they are: more was written than they know of, or they follow such a one.
  static let isInVain =
    "refused IN (\(Membership.Refusal.stale.rawValue), \(Membership.Refusal.unknownCause.rawValue))"

  /// The statements of a kind that the remote has not got: how many it may still take, and how many it never will, which are
  /// dropped.
  func unsentStatements(
    _ isMeant: (MembershipEntry.Statement) -> Bool
  ) throws -> (waiting: Int, dropped: Int) {
    let unsent = try connection.all("SELECT id, bytes, \(Self.isInVain) FROM membership_unsent") {
      (id: $0.blob(0), entry: try MembershipEntry(bytes: $0.blob(1)), isInVain: $0.bool(2))
    }.filter { isMeant($0.entry.statement) }
    let inVain = unsent.filter(\.isInVain)
    for one in inVain {
      try connection.run("DELETE FROM membership_unsent WHERE id = ?", .blob(one.id))
    }
    return (unsent.count - inVain.count, inVain.count)
  }

  /// What was said here, or lost by the remote, and is not taken, with the reason.
  public func refusedStatements() throws -> [(entry: MembershipEntry, reason: Membership.Refusal)] {
    try connection.all(
      "SELECT bytes, refused FROM membership_unsent WHERE refused IS NOT NULL ORDER BY id"
    ) {
      (
        try MembershipEntry(bytes: $0.blob(0)),
        Membership.Refusal(rawValue: UInt8($0.int(1))) ?? .malformed
      )
    }
  }

  /// Forgets what the remote would not take.
  public func dropRefusedStatements() throws {
    try connection.run("DELETE FROM membership_unsent WHERE refused IS NOT NULL AND lost = 0")
  }

  // MARK: Exchange

  /// How many bytes of statements one request takes: there must be room for changesets too.
  private static let maximumStatements = 1 << 20

  func membershipRequest() throws -> MembershipRequest {
    let entries = try connection.all(
      "SELECT bytes FROM membership_unsent WHERE refused IS NULL", row: { $0.blob(0) })
    var waiting = try entries.map { try MembershipEntry(bytes: $0) }
      .sorted { ($0.time, $0.id) < ($1.time, $1.id) }
    // Each after the one that its signer had seen.
    var sorted: [MembershipEntry] = []
    while let next = waiting.firstIndex(where: { one in
      !waiting.contains { $0.id == one.previous }
    }) { sorted.append(waiting.remove(at: next)) }
    var size = 0
    let some = sorted.prefix(MembershipRequest.maximumEntries).prefix { entry in
      size += entry.bytes.count
      return size <= Self.maximumStatements
    }
    return MembershipRequest(head: try membership().head, entries: some.map(\.bytes))
  }

  /// Takes what an answer says of the members, before its page is looked at.
  ///
  /// - Returns: how many entries are new here.
  /// - Throws: ``ReplicaError/foreignMembers`` when it is the log of others; ``ReplicaError/brokenAnswer(_:)``.
  func take(_ answer: MembershipAnswer, to request: MembershipRequest) throws -> Int {
    for (bytes, refusal) in zip(request.entries, answer.refusals) {
      guard let refusal else { continue }
      try connection.run(
        "UPDATE membership_unsent SET refused = ? WHERE id = ?", .int(Int64(refusal.rawValue)),
        .blob(Digest(of: bytes).bytes))
    }
    let known = try membership()
    guard answer.head != known.head || !answer.entries.isEmpty else { return 0 }
    // A remote without one has lost it; what is known here is offered to nobody who does not ask.
    guard answer.head.count > 0 else { return 0 }
    var membership = known
    if answer.after != known.head.count {
      guard answer.after == 0 else { throw ReplicaError.brokenAnswer("its members do not follow") }
      membership = Membership(workspace: known.workspace)
    }
    for bytes in answer.entries { try append(bytes, to: &membership) }
    guard membership.head == answer.head else {
      throw ReplicaError.brokenAnswer("its members do not add up")
    }
    try refuseForeign(membership, known)
    // What is said of clocks changes nobody's rights.
    let added = try answer.entries.map { try MembershipEntry(bytes: $0) }.filter { entry in
      if case .clockBound = entry.statement { return false }
      return !known.contains(entry.id)
    }
    if answer.after != known.head.count {
      try replace(membership, isSame: isSameFounder(membership, known))
    }
    for (place, bytes) in answer.entries.enumerated() {
      try connection.run(
        "INSERT OR REPLACE INTO membership VALUES (?, ?)", .int(answer.after + place + 1),
        .blob(bytes))
      try connection.run(
        "DELETE FROM membership_unsent WHERE id = ?", .blob(Digest(of: bytes).bytes))
    }
    try takeWhatFollows(from: membership)
    return added.count
  }

  private func takeWhatFollows(from membership: Membership) throws {
    try takeKeys(of: membership)
    try takeClockBounds(of: membership)
  }

  func membershipEntries() throws -> [[UInt8]] {
    try connection.all("SELECT bytes FROM membership ORDER BY number", row: { $0.blob(0) })
  }

  /// Takes what a bundle's maker knew of the members beyond what is known here. Another branch of the log, or the log of
  /// others, is left to the remote: the changesets are looked at by what is known here.
  ///
  /// - Returns: how many entries are new here.
  func takeMembers(of bundle: Bundle) throws -> Int {
    let known = try membership()
    guard bundle.members.count > known.head.count else { return 0 }
    var membership = Membership(workspace: known.workspace)
    for bytes in bundle.members {
      try append(bytes, to: &membership)
      if membership.head.count == known.head.count, membership.head != known.head { return 0 }
    }
    do { try refuseForeign(membership, known) } catch ReplicaError.foreignMembers { return 0 }
    for (place, bytes) in bundle.members.enumerated().dropFirst(known.head.count) {
      try connection.run("INSERT INTO membership VALUES (?, ?)", .int(place + 1), .blob(bytes))
    }
    try takeWhatFollows(from: membership)
    return membership.head.count - known.head.count
  }

  private func append(_ bytes: [UInt8], to membership: inout Membership) throws {
    do { try membership.append(MembershipEntry(bytes: bytes)) } catch {
      throw ReplicaError.brokenAnswer("an entry about members is not good: \(error)")
    }
  }

  /// The entry that an invite named is there, and the founder is the one believed before, unless a later invite leads to
  /// another.
  private func refuseForeign(_ membership: Membership, _ known: Membership) throws {
    let pin = try connection.first("SELECT id FROM membership_pin") { Digest(bytes: $0.blob(0)) }
    let isInvited = pin.map { membership.contains($0) && !known.contains($0) } ?? false
    let isOfSameFounder = known.isEmpty || isSameFounder(membership, known)
    guard isOfSameFounder || isInvited, pin.map(membership.contains) ?? true else {
      throw ReplicaError.foreignMembers
    }
  }

  private func isSameFounder(_ one: Membership, _ other: Membership) -> Bool {
    one.hash(at: 1) == other.hash(at: 1)
  }

  /// The remote's log is another than the one read here: it was set back, and perhaps went on. What it lost is said
  /// again.
  private func replace(_ membership: Membership, isSame: Bool) throws {
    let former = try membershipEntries()
    try connection.execute("DELETE FROM membership")
    guard isSame else {
      try connection.execute("DELETE FROM membership_unsent; UPDATE epoch SET foreign_founder = 1")
      return
    }
    var said: Set<MembershipEntry.Statement.Subject> = []
    // The last word about each is what may have to be said again.
    for entry in try former.map({ try MembershipEntry(bytes: $0) }).reversed() {
      let isLast = entry.statement.subject.map { said.insert($0).inserted } ?? false
      guard !membership.contains(entry.id) else { continue }
      try keepForRemote(entry.bytes, entry.id, isLost: isLast)
    }
  }

  private func keepForRemote(_ bytes: [UInt8], _ id: Digest, isLost: Bool = false) throws {
    try connection.run(
      "INSERT OR IGNORE INTO membership_unsent VALUES (?, ?, NULL, ?)", .blob(id.bytes),
      .blob(bytes), .int(isLost ? 1 : 0))
  }

  /// What others wrote beyond the end of their right and the remote has not got goes to quarantine: it never will. Our own
  /// stays, to be exported; what we signed with a former key is written again as soon as the present one may write.
  ///
  /// - Returns: what went, and how many of our own changesets were written again.
  func letGoOfUnauthorised() throws -> (displaced: [ChangesetID], reissued: Int) {
    let membership = try membership()
    guard !membership.isEmpty else { return ([], 0) }
    let mayWrite = membership.refusal(ofSender: publicKey) == nil
    var branches: [WriterID: (number: Int, sequence: UInt64)] = [:]
    let unsent = try connection.all(
      """
      SELECT writer.id, writer.number, writer.key, min(changeset.sequence), max(changeset.sequence)
      FROM changeset JOIN writer ON writer.number = changeset.writer
      WHERE position IS NULL AND writer.key != ? GROUP BY writer.number
      """, .blob(publicKey.bytes)
    ) {
      (
        id: WriterID(bytes: $0.blob(0)), number: $0.int(1), key: PublicKey(bytes: $0.blob(2)),
        first: UInt64($0.int(3)), last: UInt64($0.int(4))
      )
    }
    for writer in unsent {
      // One that is not known here may come in again: a server set up anew knows nobody at first.
      guard let limit = membership.device(writer.key)?.limit else { continue }
      if try !mayWrite && isFormer(writer.number) { continue }
      let first = max(writer.first, (limit[writer.id] ?? 0) + 1)
      if first <= writer.last { branches[writer.id] = (writer.number, first) }
    }
    guard !branches.isEmpty else { return ([], 0) }
    let gone = try giveWay(branches, then: applyAnew)
    for id in gone.displaced {
      try connection.run(
        "UPDATE quarantine SET reason = ? WHERE id = ?",
        .int(Int64(Verdict.Refusal.notEnrolled.rawValue)), .blob(id.bytes))
    }
    return gone
  }
}

extension MembershipEntry.Statement {
  /// Whose rights it changes.
  fileprivate enum Subject: Hashable {
    case member(String)
    case device(PublicKey)
  }

  fileprivate var subject: Subject? {
    switch self {
    case .member(let name, _, _): .member(name)
    case .revoke(let key, _): .device(key)
    case .found, .invite, .device, .formerKeys, .clockBound, .other: nil
    }
  }
}
