import ChangeLog
import DossierModel
import DossierStore
import ReplicaStore
import SQLite
import SyncClient

/// The errors of the layers below in a person's words. Text and hint of each stand here and nowhere else.
extension Failure {
  init(explaining error: any Error) {
    switch error {
    case let failure as Failure: self = failure
    case let error as StoreError: self.init(store: error)
    case let error as SyncError: self.init(sync: error)
    case let error as ReplicaError: self.init(replica: error)
    case let error as SyncSession.NothingTaken:
      self.init(
        "server-refused", exit: 69, "the server took nothing: \(error.text)",
        details: ["what colleagues wrote was received: \(error.report.received)"])
    case let error as SQLiteError: self.init(database: error)
    case let error as DateError: self.init(date: error)
    case let error as FilterProblem: self.init(filter: error)
    case let problem as RecordProblem:
      self.init(
        "bad-field", exit: 65, "\(problem.field): \(problem.reason)",
        details: ["nothing was saved"])
    case let error as FormatError:
      self.init("bad-data", exit: 65, "\(error)")
    case let error as Migrations.Failure:
      self.init("newer-store", exit: 76, "\(error)")
    default:
      self.init(
        "bug", exit: 70, "something this program should have foreseen happened: \(error)",
        details: ["what was saved before is safe"], fix: "dossier doctor")
    }
  }

  private static func name(_ found: Found) -> String {
    [found.slug ?? found.short, found.title].joined(separator: "  ")
  }

  /// "record", "a partnership, dialogue or party".
  private static func names(_ kinds: [Kind], _ article: String? = nil) -> String {
    guard let last = kinds.last else { return "record" }
    let first = article == nil ? kinds[0].name : kinds[0].withArticle
    if kinds.count == 1 { return first }
    return ([first] + kinds.dropFirst().dropLast().map(\.name)).joined(separator: ", ")
      + " or \(last.name)"
  }

  private static func closest(_ found: [Found]) -> [String] {
    found.isEmpty ? [] : ["closest: " + found.map(name).joined(separator: "\n           ")]
  }

  /// Where somebody may look who named what is not there.
  private static func search(_ text: String, _ kinds: [Kind]) -> String {
    if let (kind, _) = ShortID.parse(text) { return "dossier \(kind.plural)" }
    return kinds == [.party]
      ? "dossier new party \(Shell.argument(text))" : "dossier find \(Shell.argument(text))"
  }

  private init(store error: StoreError) {
    switch error {
    case .notSetUp(let folder):
      self.init(
        "not-set-up", exit: 78, "there is no store in \(folder)",
        details: ["the first note makes one"], fix: "dossier init   or   dossier join CODE")
    case .exists(let folder):
      self.init("exists", exit: 73, "there is a store in \(folder) already", fix: "dossier whoami")
    case .noSuchRecord(let text, let kinds, let closest):
      let first = closest.first
      self.init(
        "no-such-record", exit: 66, "no \(Self.names(kinds)) matches \"\(text)\"",
        details: Self.closest(closest),
        fix: first.map { "dossier show \($0.slug ?? $0.short)" } ?? Self.search(text, kinds),
        input: text, candidates: closest.map(\.short))
    case .wrongKind(let text, let kinds, let found, let closest):
      self.init(
        "wrong-kind", exit: 66,
        "\"\(text)\" is \(found.kind.withArticle), \(found.title); \(Self.names(kinds, "a")) is expected",
        details: Self.closest(closest),
        fix: closest.first.map { "dossier show \($0.slug ?? $0.short)" }
          ?? "dossier \(kinds.first?.plural ?? "find")",
        input: text, candidates: closest.map(\.short))
    case .ambiguous(let text, let candidates):
      self.init(
        "ambiguous-id", exit: 66, "\"\(text)\" can mean \(candidates.count) records",
        details: candidates.map { "\($0.short)  \($0.kind.name)  \($0.title)" },
        fix: candidates.first.map { "dossier show \($0.short)" }, input: text,
        candidates: candidates.map(\.short))
    case .deleted(let found):
      self.init(
        "deleted", exit: 66, "\(found.short) \"\(found.title)\" is deleted",
        fix: "dossier restore \(found.short)", candidates: [found.short])
    case .newerStore(let found, let known):
      self.init(
        "newer-store", exit: 76,
        "a newer version of dossier made this store (version \(found); this one knows \(known))",
        details: ["nothing was changed"], fix: "upgrade dossier on this machine")
    case .keyBusy:
      self.init(
        "busy", exit: 75, "another dossier takes a new key for this device at this moment",
        details: ["nothing was changed"])
    case .databaseGone(let path):
      let folder = String(path.dropLast("/dossier.db".count))
      self.init(
        "database-gone", exit: 74, "the database of this store is missing or empty: \(path)",
        details: [
          "the key of this machine is still there; nothing was changed",
          "bring it back: dossier init --from BACKUP; or begin anew, and join to get what was synced:",
        ], fix: "mv \(folder) \(folder).old   then   dossier join CODE")
    case .noBackup(let path, nil):
      self.init(
        "no-file", exit: 66, "there is no file \"\(path)\"", details: ["nothing was made"],
        input: path)
    case .noBackup(let path, let reason?):
      self.init(
        "no-backup", exit: 65, "no store can be made from \"\(path)\"",
        details: [reason, "nothing was made"], input: path)
    case .field(let kind, let problem):
      self.init(
        "bad-field", exit: 65, "\(kind.name) \(problem.field): \(problem.reason)",
        details: ["nothing was saved"])
    case .badImport(let problems):
      self.init(
        "bad-import", exit: 65, "\(problems.count) lines cannot be imported",
        details: problems.map { "line \($0.line): \($0.field): \($0.reason)" })
    }
  }

  private init(sync error: SyncError) {
    switch error {
    case .badAddress(let text):
      self.init(
        "bad-address", exit: 64, "\"\(text)\" is no server address",
        details: ["https://… is; http://… only for this machine (127.0.0.1, localhost)"])
    case .unreachable(let address, let reason), .unanswered(let address, let reason):
      self.init(
        "unreachable", exit: 69, "server \(address) is not reachable (\(reason))")
    case .untrusted(let address, let reason):
      self.init(
        "untrusted-server", exit: 69, "server \(address) cannot prove who it is: \(reason)",
        details: ["nothing was sent to it"])
    case .notOurServer(let status):
      self.init(
        "not-our-server", exit: 69,
        "what answered is not a dossier server (HTTP \(status); a login page of the network?)",
        details: ["nothing was saved, nothing was taken for an answer"])
    case .refused(401, _):
      self.init(
        "not-allowed", exit: 77, "the server does not know this device",
        details: ["what you wrote is kept here; ask for a new invite"], fix: "dossier join CODE")
    case .refused(403, let text):
      self.init("not-allowed", exit: 77, text, details: ["what you wrote is kept here"])
    case .refused(404, _):
      self.init(
        "no-such-workspace", exit: 78, "the server does not have this workspace for this device",
        details: ["what you wrote is kept here; ask for a new invite"])
    case .refused(426, let text):
      self.init("protocol-mismatch", exit: 76, text, fix: "upgrade the older of the two")
    case .refused(let status, let text):
      self.init(
        "server-refused", exit: 69,
        "the server said no (HTTP \(status))" + (text.isEmpty ? "" : ": \(text)"),
        details: ["nothing is lost: what waits here is sent next time"])
    case .brokenAnswer(let why):
      self.init(
        "broken-answer", exit: 76, "the server's answer cannot be read: \(why)",
        details: ["nothing of it was saved"])
    }
  }

  private init(replica error: ReplicaError) {
    switch error {
    case .missing: self.init("not-set-up", exit: 78, "there is no store yet", fix: "dossier init")
    case .notDurable:
      self.init("not-durable", exit: 74, "SQLite does not keep the promises this store needs")
    case .textTooLong(let bytes):
      self.init(
        "too-long", exit: 65, "a text of \(bytes) bytes is too long; 1 MiB is the most",
        details: ["nothing was saved"])
    case .alreadyJoined:
      self.init(
        "already-joined", exit: 73, "this store belongs to a workspace already",
        details: ["another workspace needs a store of its own"],
        fix: "dossier --store ANOTHER/FOLDER join CODE")
    case .otherWorkspace:
      self.init(
        "other-workspace", exit: 65, "this is for another workspace than that of this store",
        details: ["nothing of it was saved"], fix: "dossier whoami")
    case .brokenAnswer(let why):
      self.init(
        "broken-answer", exit: 76, "the remote's answer does not hold together: \(why)",
        details: ["nothing of it was saved"])
    case .foreignMembers:
      self.init(
        "foreign-members", exit: 77,
        "what answered is not the workspace of the invite: its members were signed for by others",
        details: ["nothing was taken; what you wrote is kept here"],
        fix: "dossier join CODE, if its server was set up anew")
    case .noKeys:
      self.init(
        "no-keys", exit: 77, "this workspace is encrypted, and this device was given no key of it",
        details: ["nothing was changed; what is here stays"],
        fix: "ask an owner: dossier invite NAME")
    case .keyMissing:
      self.init(
        "key-missing", exit: 78,
        "the key of this device is lost: nothing can be written without it",
        details: [
          "device.key is not in the store's folder, or is another's; what is here can be read and exported",
          "put it back from a copy of the folder, or go on with a new one: in a team ask for an invite,",
          "then dossier join CODE; alone, or until there is a network:",
        ], fix: "dossier doctor --new-key")
    case .otherBeginning:
      self.init(
        "other-beginning", exit: 76,
        "its snapshot stands for changes that are not here, and lacks some that ours stands for",
        details: [
          "nothing is lost, and nothing of it was saved",
          "it ends when both machines have synced with one server",
        ])
    case .newer:
      self.init(
        "newer", exit: 76, "a newer version of dossier made this; this one cannot read it",
        details: ["nothing of it was saved", "upgrade dossier on this machine"])
    case .stalled:
      self.init(
        "stalled", exit: 69, "the sync makes no progress", details: ["nothing is lost"],
        fix: "dossier sync --status")
    case .damaged(let what):
      self.init(
        "damaged", exit: 74, "the store is damaged: \(what)", details: ["nothing was changed"],
        fix: "dossier doctor")
    }
  }

  private init(database error: SQLiteError) {
    switch error.kind {
    case .busy:
      self.init(
        "busy", exit: 75, "another dossier kept the store busy for 10 seconds",
        details: ["nothing was saved"])
    case .full:
      self.init(
        "disk-full", exit: 74, "the disk is full",
        details: ["nothing was saved; the store is whole"])
    case .readOnly:
      self.init(
        "read-only", exit: 74, "the store cannot be written: \(error.message)",
        details: ["nothing was saved; reading still works"])
    case .corrupt:
      self.init(
        "damaged", exit: 74, "the store is damaged: \(error.message)",
        details: ["nothing was changed"], fix: "dossier doctor")
    case .link:
      self.init(
        "is-link", exit: 73, error.message,
        details: ["links are not followed on the way out; nothing was written"])
    case .cannotOpen:
      self.init("disk", exit: 74, error.message)
    case .io:
      self.init("disk", exit: 74, "the disk did not do it: \(error.message)")
    case .constraint, .other:
      self.init("bug", exit: 70, "the database refused: \(error.message)", fix: "dossier doctor")
    }
  }

  private init(filter error: FilterProblem) {
    switch error {
    case .unknown(let key, let text):
      self.init(
        "unknown-filter", exit: 64, "there is no filter \"\(key):\"",
        details: ["filters: " + Filter.keys.map { $0 + ":" }.joined(separator: " ") + " +topic"],
        fix: "put words to search for in quotes without a colon", input: text)
    case .empty(let key):
      self.init(
        "empty-filter", exit: 64, "the filter \"\(key):\" says nothing after its colon",
        fix: "dossier help filters", input: "\(key):")
    }
  }

  private init(date error: DateError) {
    switch error {
    case .ambiguous(let input, let readings):
      self.init(
        "ambiguous-date", exit: 64, "date \"\(input)\" can be read two ways",
        details: [
          readings.map { "\($0.words) = \($0.day)" }.joined(separator: "      ")
        ],
        input: input, candidates: readings.map(\.day.description))
    case .unknown(let input, let suggestions):
      self.init(
        "unknown-date", exit: 64, "\"\(input)\" is no date this program reads",
        details: ["dates: " + suggestions.joined(separator: ", ")],
        fix: "dossier help dates", input: input)
    case .impossible(let input, let reason):
      self.init(
        "impossible-date", exit: 64, "there is no date \"\(input)\": \(reason)", input: input)
    case .hasTime(let input, let date):
      self.init(
        "time-of-day", exit: 64, "\"\(input)\" has a time of day; dates here are days",
        details: date.map { ["say \($0), and the time in the words"] } ?? [],
        fix: "dossier help dates", input: input, candidates: date.map { [$0] } ?? [])
    }
  }
}
