internal import ChangeLog
internal import DossierModel
internal import Glibc

/// Every reader of foreign bytes, as a fuzzer drives it.
///
/// None may trap, hang or take memory without bound; what can be read has one form only. A program that sees
/// either broken aborts.
public enum ForeignReader: String, CaseIterable, Sendable {
  case changeset, body, request, response, bundle, invite, join, member, document, snapshot, state,
    imports,
    date, filter, csv, taskwarrior, ics, notes

  public func read(_ bytes: [UInt8]) {
    switch self {
    case .changeset:
      guard let changeset = try? Changeset(bytes: bytes) else { return }
      expect(changeset.bytes == bytes)
      if let body = try? changeset.decodedBody() { apply(body, by: changeset.header.writer) }
    case .body:
      let author = WriterID(high: 1, low: 1)
      guard let body = try? Body(decoding: bytes, writtenBy: author) else { return }
      // What an unknown operation names in the tables of a body cannot be known.
      let hasUnknown = body.operations.contains {
        if case .unknown = $0.action { true } else { false }
      }
      expect(hasUnknown || body.encoded(by: author) == bytes)
      apply(body, by: author)
    case .request:
      if let request = try? SyncRequest(decoding: bytes) { expect(request.encoded == bytes) }
    case .response:
      if let response = try? SyncResponse(decoding: bytes) { expect(response.encoded == bytes) }
    case .bundle: _ = try? Bundle(decoding: bytes)
    case .invite: _ = try? InviteCode(text: String(decoding: bytes, as: UTF8.self))
    case .join:
      _ = try? JoinRequest(decoding: bytes)
      if let response = try? JoinResponse(decoding: bytes) { expect(response.encoded == bytes) }
    case .member:
      guard let entry = try? MembershipEntry(bytes: bytes) else { return }
      var membership = Membership(workspace: entry.workspace)
      try? membership.append(entry, isTrusted: true)
    case .document:
      guard let document = try? TextDocument(decoding: bytes) else { return }
      _ = document.text
      _ = document.clashes
      _ = document.edit(to: "some other words\n")
    case .snapshot:
      _ = try? SignedSnapshot(decoding: bytes)
      // What a maker signed may be anything too.
      let key = try? DeviceKey(seed: Array(repeating: 1, count: 32))
      let head = Array("dossier snapshot 1\n".utf8) + (key?.publicKey.bytes ?? [])
      guard let signature = try? key?.sign(Digest(of: head + bytes).bytes),
        let signed = try? SignedSnapshot(decoding: head + bytes + signature)
      else { return }
      for entity in signed.snapshot.entities { use(entity.state) }
      if let key, let again = try? SignedSnapshot.encode(signed.snapshot, signedBy: key) {
        expect(again.dropLast(64) == (head + bytes)[...])
      }
    case .state:
      let writers = WriterNumbers([(1, WriterID(high: 1, low: 1)), (2, WriterID(high: 2, low: 2))])
      guard let state = try? EntityState(kind: 1, decoding: bytes, naming: writers) else { return }
      expect(state.encoded(naming: writers) == bytes)
      use(state)
    case .imports: imports(bytes)
    case .date:
      let text = String(decoding: bytes, as: UTF8.self)
      guard let date = try? DateReader(today: Day(number: 20_000)).read(text) else { return }
      _ = date.reading
    case .filter:
      let words = String(decoding: bytes, as: UTF8.self).split(separator: "\n").map(String.init)
      _ = try? Filter(words, dates: DateReader(today: Day(number: 20_000)))
    case .csv:
      use(
        try? CSVRecords.read(
          bytes, kind: .action, columns: ["A": "text", "B": ""], separator: ",", surroundings))
    case .taskwarrior: use(try? TaskwarriorFile.read(bytes, surroundings))
    case .ics: use(try? CalendarReader.read(bytes, surroundings))
    case .notes:
      var file = ForeignFile()
      try? MarkdownNotes.add(bytes, path: "note.md", line: 1, to: &file, surroundings)
      use(file)
    }
  }

  private var surroundings: ForeignSurroundings {
    ForeignSurroundings(
      dates: DateReader(today: Day(number: 20_000)), find: { _ in nil },
      day: { Day(number: $0 / 86_400) })
  }

  /// What was made of a foreign file are lines of our own format, and name their place.
  private func use(_ file: ForeignFile?) {
    guard let file else { return }
    let lines = file.bytes.split(separator: 0x0a)
    expect(lines.count == file.records.count)
    for line in lines { expect((try? JSONReader.read(Array(line))) != nil) }
    for problem in file.problems { expect(problem.line > 0) }
  }

  /// Does all of a body to one entity, twice over.
  private func apply(_ body: Body, by author: WriterID) {
    var state = EntityState(kind: 1)
    for round in 0..<2 {
      for (index, operation) in body.operations.enumerated() {
        if case .unknown = operation.action { continue }
        let id = ChangeID(writer: author, sequence: UInt64(round + 1), index: index)
        state.apply(operation, id: id, clock: Timestamp(rawValue: UInt64(index)))
      }
    }
    for document in state.documents {
      expect((try? TextDocument(decoding: document.encoded)) == document)
    }
    _ = state.conflicts
    _ = state.isDeleted
  }

  /// Looks at a state, and edits every text of it.
  private func use(_ state: EntityState) {
    _ = (state.conflicts, state.isDeleted, state.isResurrected)
    var state = state
    let author = WriterID(high: 9, low: 9)
    for field in state.fields {
      for value in field.alive {
        guard let document = state.document(of: value, in: field.number),
          let edit = document.edit(to: document.text + " more")
        else { continue }
        state.apply(
          Operation(entity: .zero, kind: 1, .edit(field.number, edit)),
          id: ChangeID(writer: author, sequence: 1, index: 0), clock: Timestamp(rawValue: 1))
      }
    }
  }

  private func imports(_ bytes: [UInt8]) {
    guard bytes.count < 1 << 16 else { return }
    _ = try? ImportFile(bytes)
  }

  private func expect(_ condition: Bool) {
    if !condition { abort() }
  }
}
