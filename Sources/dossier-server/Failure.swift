import Glibc
import LogStore
import SyncServer

/// Why a command did not do it: what happened, what to do next, and the exit code (sysexits.h).
struct Failure: Error {
  let exit: Exit
  /// Stable, for programs.
  let code: String
  let message: String
  /// Lines to read or to paste.
  var hints: [String] = []

  enum Exit: Int32 {
    case usage = 64
    case badData = 65
    case noSuchThing = 66
    case unavailable = 69
    case bug = 70
    case exists = 73
    case disk = 74
    case busy = 75
    case mismatch = 76
    case notAllowed = 77
    case notSetUp = 78
  }

  func printAndExit() -> Never {
    if CommandLine.arguments.contains("--json") {
      let error = JSON.object([
        ("code", .text(code)), ("exit", .number(Int(exit.rawValue))), ("message", .text(message)),
        ("fix", hints.first.map(JSON.text) ?? .null),
      ])
      Output.tell(JSON.object([("error", error)]).encoded)
    } else {
      Output.tell("dossier-server: \(message.onOneLine)")
      for hint in hints { Output.tell("  \(hint.onOneLine)") }
    }
    Glibc.exit(exit.rawValue)
  }
}

extension Failure {
  init(_ error: StoreError) {
    let (exit, code) = Self.kind(of: error)
    self.init(exit: exit, code: code, message: "\(error)", hints: Self.hints(for: error))
  }

  private static func kind(of error: StoreError) -> (Exit, String) {
    switch error {
    case .notSetUp: (.notSetUp, "not-set-up")
    case .notEmpty: (.exists, "not-empty")
    case .noFile: (.noSuchThing, "no-file")
    case .noBackup: (.badData, "no-backup")
    case .served: (.busy, "served")
    case .busy: (.busy, "busy")
    case .full: (.disk, "disk-full")
    case .overQuota: (.notAllowed, "workspace-full")
    case .readOnly: (.disk, "read-only")
    case .damaged: (.badData, "damaged")
    case .notDurable: (.disk, "not-durable")
    case .pooled: (.notSetUp, "pooled")
    case .newer: (.mismatch, "newer")
    case .failed: (.disk, "disk")
    case .interrupted: (.unavailable, "database-unreachable")
    case .noPostgreSQL: (.notSetUp, "no-postgresql")
    case .onlyFiles: (.usage, "in-a-database")
    case .older: (.badData, "older")
    case .entryRefused: (.notAllowed, "members")
    case .ownersOnly: (.notAllowed, "owners-only")
    case .noWorkspace: (.noSuchThing, "no-workspace")
    case .severalWorkspaces: (.usage, "which-workspace")
    case .workspaceExists: (.exists, "workspace-exists")
    case .noMember: (.noSuchThing, "no-member")
    case .memberExists: (.exists, "member-exists")
    case .memberDisabled: (.notAllowed, "member-disabled")
    case .noDevice: (.noSuchThing, "no-device")
    case .ambiguousDevice: (.noSuchThing, "ambiguous-id")
    case .deviceShutOut: (.notAllowed, "device-shut-out")
    case .badName: (.usage, "bad-name")
    case .inviteUnknown, .inviteExpired, .inviteUsed, .keyTaken, .unproven: (.notAllowed, "invite")
    }
  }

  private static func hints(for error: StoreError) -> [String] {
    switch error {
    case .notSetUp(let path): ["to make one: dossier-server init \(quoted(path))"]
    case .ownersOnly:
      [
        "nothing was changed; on a device of an owner:",
        "dossier invite NAME   dossier grant NAME ROLE   dossier revoke DEVICE",
      ]
    case .notEmpty: ["nothing was written; give a folder that is empty or missing"]
    case .noBackup:
      ["nothing was restored; a backup is what this writes: dossier-server backup FILE"]
    case .served(let path):
      ["one process at a time may write \(path)", "to see what it does: dossier-server stats"]
    case .busy: ["nothing was changed; try again"]
    case .full, .readOnly, .failed: ["nothing was changed"]
    case .interrupted:
      ["nothing was changed; is the database of \"database:\" in config.yaml running?"]
    case .pooled:
      [
        "nothing was changed; name the database itself in \"database:\" of config.yaml",
        "or give it a pool of its own with pool_mode = session",
      ]
    case .noPostgreSQL: ["build it so: scripts/install --postgresql"]
    case .onlyFiles:
      [
        "a database is backed up by its own tools (pg_dump, pg_basebackup)",
        "or, as files: dossier-server migrate DIR",
      ]
    case .damaged: ["to see where: dossier-server check"]
    case .older:
      [
        "nothing was changed; set a new server up in its place: dossier-server init DIR --workspace-id ID",
        "dossier whoami has the ID; the devices join again and bring back what it had",
      ]
    case .newer: ["nothing was changed; install the newer version"]
    case .noWorkspace: ["to see them: dossier-server workspace list"]
    case .severalWorkspaces(let names):
      ["say which: --workspace \(names.map(quoted).joined(separator: " | "))"]
    case .noMember: ["to see them: dossier-server user list"]
    case .memberDisabled(let name): ["to let them in: dossier-server user enable \(quoted(name))"]
    case .noDevice: ["to see them: dossier-server device list"]
    case .ambiguousDevice(_, let ids): ids
    default: []
    }
  }

  /// As a shell takes it for one word.
  static func quoted(_ word: String) -> String {
    let isPlain = word.allSatisfy {
      $0.isASCII && ($0.isLetter || $0.isNumber || "-_./".contains($0))
    }
    if isPlain, !word.isEmpty { return word }
    let parts = word.split(separator: "'", omittingEmptySubsequences: false)
    return "'" + parts.joined(separator: "'\\''") + "'"
  }
}
