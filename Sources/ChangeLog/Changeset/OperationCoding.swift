/// How operations are written in a body. Specified in `schema/sync-protocol.md`.
extension Operation {
  /// Writes the payload and returns the code. Every payload but an unknown one begins with the entity.
  func encode(into writer: inout ByteWriter, _ tables: inout Body.Tables) -> UInt64 {
    if case .unknown(let code, let payload) = action {
      writer.append(raw: payload)
      return code
    }
    writer.append(count: tables.index(of: entity, kind))
    switch action {
    case .put(let field, let value, let replaced):
      writer.append(varint: UInt64(field))
      value.encode(into: &writer)
      writer.append(changes: replaced, &tables)
      return Code.put
    case .write(let field, let text, let replaced):
      writer.append(varint: UInt64(field))
      writer.append(text: text.string)
      writer.append(changes: replaced, &tables)
      return Code.write
    case .edit(let field, let edit):
      writer.append(varint: UInt64(field))
      edit.encode(into: &writer, &tables)
      return Code.edit
    case .add(let field, let value):
      writer.append(varint: UInt64(field))
      value.encode(into: &writer)
      return Code.add
    case .remove(let field, let additions):
      writer.append(varint: UInt64(field))
      writer.append(changes: additions, &tables)
      return Code.remove
    case .delete(let seen):
      writer.append(changes: seen, &tables)
      return Code.delete
    case .restore(let deletions):
      writer.append(changes: deletions, &tables)
      return Code.restore
    case .unknown: preconditionFailure("handled above")
    }
  }

  init(
    code: UInt64, from reader: inout ByteReader, _ tables: inout Body.Tables
  ) throws(FormatError) {
    guard code != 0 else { throw .invalid("operation 0 does not exist") }
    guard code <= Code.last else {
      tables.hasUnknown = true
      let payload = Array(try reader.raw(reader.remaining))
      self.init(entity: .zero, kind: 0, .unknown(code: code, payload))
      return
    }
    let (entity, kind) = try tables.entity(at: reader.count())
    let action: Action
    switch code {
    case Code.put:
      let field = FieldNumber(try reader.count())
      let value = try Value(from: &reader)
      action = .put(field, value, replacing: try reader.changes(&tables))
    case Code.add:
      action = .add(FieldNumber(try reader.count()), try Value(from: &reader))
    case Code.remove:
      action = .remove(FieldNumber(try reader.count()), try reader.changes(&tables))
    case Code.delete: action = .delete(seen: try reader.changes(&tables))
    case Code.restore: action = .restore(try reader.changes(&tables))
    case Code.write:
      let field = FieldNumber(try reader.count())
      let text = Text(try reader.text())
      action = .write(field, text, replacing: try reader.changes(&tables))
    default:
      action = .edit(FieldNumber(try reader.count()), try TextEdit(from: &reader, &tables))
    }
    try reader.expectEnd()
    self.init(entity: entity, kind: kind, action)
  }
}

extension ByteWriter {
  mutating func append(changes: [ChangeID], _ tables: inout Body.Tables) {
    append(count: changes.count)
    for change in changes { append(change: change, &tables) }
  }

  mutating func append(change: ChangeID, _ tables: inout Body.Tables) {
    append(count: tables.index(of: change.writer))
    append(varint: change.sequence)
    append(count: change.index)
  }
}

extension ByteReader {
  mutating func changes(_ tables: inout Body.Tables) throws(FormatError) -> [ChangeID] {
    let count = try itemCount(minimumSize: 3)
    var changes: [ChangeID] = []
    changes.reserveCapacity(count)
    for _ in 0..<count { changes.append(try change(&tables)) }
    return changes
  }

  mutating func change(_ tables: inout Body.Tables) throws(FormatError) -> ChangeID {
    let writer = try tables.writer(at: count(upTo: 1 << 20))
    let sequence = UInt64(try count(upTo: 1 << 53 - 1))
    guard sequence > 0 else { throw .invalid("a change of a changeset that cannot be is named") }
    return ChangeID(writer: writer, sequence: sequence, index: try count())
  }
}
