public import ChangeLog
internal import DossierModel
public import ReplicaStore
internal import SQLite

/// What an undo did.
public struct UndoReport: Sendable {
  public let intent: String
  public let changeset: ChangesetID
  /// Records of which some change stays, because it was changed again since.
  public let skipped: [Found]
  /// How many changes were taken back.
  public let count: Int
}

/// A command as the list of operations shows it.
public struct Command: Sendable {
  /// Its place in the list, 1 for the latest.
  public let number: Int
  public let logged: Logged
  /// Undone, by any command that still holds.
  public let isUndone: Bool
  /// Written by this life of this store.
  public let isOwn: Bool
}

extension Store {
  /// Takes back the last command of this machine that is not undone yet; nil when there is none.
  ///
  /// The inverse is a changeset like any other: safe after a sync, and itself undone by ``redo()``.
  public func undo() throws -> UndoReport? {
    try connection.transaction {
      try target(isRedo: false).map { try takeBack($0, as: "undo") }
    }
  }

  /// The last commands of everybody, latest first; the parts of one command count once.
  public func commands(_ limit: Int) throws -> [Command] {
    let own = try replica.identity().head.writer
    var cancelled: Set<ChangesetID> = []
    var commands: [Command] = []
    for logged in try replica.latest(limit * 2 + 50) {
      let header = logged.changeset.header
      let isUndone = cancelled.contains(logged.changeset.id)
      if let undone = logged.body.undoes, !isUndone { cancelled.insert(undone) }
      if header.isContinued { continue }
      commands.append(
        Command(
          number: commands.count + 1, logged: logged, isUndone: isUndone,
          isOwn: header.writer == own))
      if commands.count == limit { break }
    }
    return commands
  }

  /// Takes back one command of the list.
  public func undo(_ command: Command) throws -> UndoReport {
    try connection.transaction { try takeBack(command.logged, as: "undo") }
  }

  /// Takes back one command by its changeset; nil when it is not here any more.
  public func undo(_ id: ChangesetID) throws -> UndoReport? {
    try connection.transaction {
      try replica.changeset(id).map { try takeBack($0, as: "undo") }
    }
  }

  /// Takes back the last undo, as long as nothing was written since.
  public func redo() throws -> UndoReport? {
    try connection.transaction {
      try target(isRedo: true).map { try takeBack($0, as: "redo") }
    }
  }

  /// Walks back through our own commands: an undo cancels the command it names, a redo cancels that undo.
  private func target(isRedo: Bool) throws -> Logged? {
    var cancelled: Set<ChangesetID> = []
    for logged in try replica.latest(1000, onlyOwn: true) {
      let id = logged.changeset.id
      let isCancelled = cancelled.contains(id)
      if let undone = logged.body.undoes, !isCancelled {
        cancelled.insert(undone)
        if isRedo, logged.body.intent == "undo" { return logged }
        continue
      }
      if logged.body.undoes != nil || isCancelled || logged.changeset.header.isContinued {
        continue
      }
      if isRedo { return nil }
      if logged.body.intent == "init" || logged.body.intent == "join" { continue }
      return logged
    }
    return nil
  }

  private func takeBack(_ logged: Logged, as intent: String) throws -> UndoReport {
    // All parts at once: what one of them created goes whole.
    let inverse = try replica.inverse(of: replica.command(of: logged))
    let undone = try logged.body.undoes.flatMap { try replica.changeset($0) }
    try replica.commit(intent, undoes: logged.changeset.id, inverse.operations)
    return UndoReport(
      intent: undone?.body.intent ?? logged.body.intent, changeset: logged.changeset.id,
      skipped: try inverse.skipped.compactMap { try found($0) }, count: inverse.operations.count)
  }
}
