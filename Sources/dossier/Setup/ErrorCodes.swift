/// Every `code` an error can have with --json. Programs rely on them: one may be added, none renamed.
enum ErrorCodes {
  struct Row {
    let code: String
    /// With which number the program ends.
    let exit: Int32
    let meaning: String
  }

  /// By exit code, then by name.
  static let all: [Row] = [
    Row(code: "not-level", exit: 1, meaning: "compact: this machine and the server differ"),
    Row(code: "not-recovery", exit: 1, meaning: "access: not the recovery code of this workspace"),

    Row(code: "ambiguous-date", exit: 64, meaning: "a date with two readings, both in candidates"),
    Row(code: "bad-address", exit: 64, meaning: "no address of a server, or one without TLS"),
    Row(code: "bad-assignment", exit: 64, meaning: "no FIELD=VALUE that this field takes"),
    Row(code: "bad-format", exit: 64, meaning: "a format that cannot be read or written"),
    Row(code: "bad-limit", exit: 64, meaning: "a limit that is too small"),
    Row(code: "bad-mark", exit: 64, meaning: "review: no value has that mark"),
    Row(code: "bad-place", exit: 64, meaning: "move: such a record does not belong there"),
    Row(code: "bad-rule", exit: 64, meaning: "a rule of attribution that does not exist"),
    Row(code: "bad-sort", exit: 64, meaning: "an order that does not exist"),
    Row(code: "bad-tag", exit: 64, meaning: "tag: neither +topic nor -topic"),
    Row(code: "bad-topic", exit: 64, meaning: "words that cannot be a topic"),
    Row(code: "bad-value", exit: 64, meaning: "an option or argument has a value not of its kind"),
    Row(code: "bad-verb", exit: 64, meaning: "review: something it cannot do, or not here"),
    Row(code: "editor", exit: 64, meaning: "the editor failed; the text waits in its file"),
    Row(code: "empty-filter", exit: 64, meaning: "a filter with nothing behind its colon"),
    Row(code: "impossible-date", exit: 64, meaning: "a date that does not exist"),
    Row(code: "missing-argument", exit: 64, meaning: "an argument or option the command needs"),
    Row(code: "missing-value", exit: 64, meaning: "an option without its value"),
    Row(code: "no-date", exit: 64, meaning: "such a record has no date"),
    Row(code: "no-name", exit: 64, meaning: "a record without a name"),
    Row(code: "no-party", exit: 64, meaning: "such a record has no parties"),
    Row(code: "no-place", exit: 64, meaning: "such a record belongs to no partnership"),
    Row(code: "no-record", exit: 64, meaning: "review: no record was named"),
    Row(code: "no-tags", exit: 64, meaning: "tag: no topic was named"),
    Row(code: "no-text", exit: 64, meaning: "no words to save"),
    Row(
      code: "not-alike", exit: 64,
      meaning: "review apart: these two are of kinds that are not told apart"),
    Row(code: "open-date", exit: 64, meaning: "a date without the end that is needed"),
    Row(code: "other-kind", exit: 64, meaning: "merge: records of two kinds"),
    Row(code: "same-record", exit: 64, meaning: "a record with itself"),
    Row(code: "time-of-day", exit: 64, meaning: "a date with a time; the day alone in candidates"),
    Row(code: "unexpected-argument", exit: 64, meaning: "a word the command does not take"),
    Row(code: "unknown-command", exit: 64, meaning: "no such command; the closest in candidates"),
    Row(code: "unknown-date", exit: 64, meaning: "no date of the grammar"),
    Row(code: "unknown-field", exit: 64, meaning: "such a record has no such field"),
    Row(code: "unknown-filter", exit: 64, meaning: "a word before a colon that is no filter"),
    Row(code: "unknown-kind", exit: 64, meaning: "no such kind of record"),
    Row(code: "unknown-option", exit: 64, meaning: "no such option; the closest in candidates"),
    Row(code: "unknown-shell", exit: 64, meaning: "no completion for that shell"),
    Row(code: "unknown-topic", exit: 64, meaning: "help knows no such topic or command"),
    Row(code: "usage", exit: 64, meaning: "options that do not go together"),
    Row(code: "which-field", exit: 64, meaning: "review: several fields wait, say which"),
    Row(code: "wrong-command", exit: 64, meaning: "new: another command makes such a record"),

    Row(code: "bad-bundle", exit: 65, meaning: "a file that is no bundle, or a damaged one"),
    Row(code: "bad-code", exit: 65, meaning: "no invite code, or a mistyped one"),
    Row(code: "bad-data", exit: 65, meaning: "bytes in a form that cannot be read"),
    Row(code: "bad-field", exit: 65, meaning: "a value this field cannot hold"),
    Row(code: "bad-import", exit: 65, meaning: "lines that cannot be imported"),
    Row(code: "bad-slug", exit: 65, meaning: "no slug: a-z, 0-9 and hyphens"),
    Row(code: "bad-text", exit: 65, meaning: "a text that is not UTF-8, or holds NUL"),
    Row(code: "no-backup", exit: 65, meaning: "a file that no store can be made from"),
    Row(code: "other-workspace", exit: 65, meaning: "a bundle of another workspace"),
    Row(code: "too-long", exit: 65, meaning: "a text of more than 1 MiB"),

    Row(code: "ambiguous-id", exit: 66, meaning: "several records; all in candidates"),
    Row(code: "deleted", exit: 66, meaning: "the record is deleted; fix restores it"),
    Row(code: "no-dialogue", exit: 66, meaning: "brief: no dialogue is planned"),
    Row(code: "no-file", exit: 66, meaning: "no such file, or a folder in its place"),
    Row(code: "no-such-command", exit: 66, meaning: "undo: no command has that number"),
    Row(code: "no-such-record", exit: 66, meaning: "no such record; the closest in candidates"),
    Row(code: "not-then", exit: 66, meaning: "show --at: it was not there on that day"),
    Row(code: "not-there", exit: 66, meaning: "what was to be removed is not there"),
    Row(code: "nothing-to-undo", exit: 66, meaning: "nothing to take back"),
    Row(code: "nothing-waits", exit: 66, meaning: "review: nothing of this record waits"),
    Row(code: "wrong-kind", exit: 66, meaning: "a record of another kind than is expected"),

    Row(code: "not-our-server", exit: 69, meaning: "what answered is no dossier server"),
    Row(code: "server-refused", exit: 69, meaning: "the server said no"),
    Row(code: "stalled", exit: 69, meaning: "the sync makes no progress"),
    Row(code: "unreachable", exit: 69, meaning: "the server cannot be reached"),
    Row(
      code: "untrusted-server", exit: 69, meaning: "the server's certificate or key is not believed"
    ),

    Row(code: "bug", exit: 70, meaning: "our fault"),

    Row(code: "already-joined", exit: 73, meaning: "the store belongs to a workspace already"),
    Row(code: "changed-by-hand", exit: 73, meaning: "an exported file was changed by hand"),
    Row(code: "changed-since", exit: 73, meaning: "undo: others have built on it"),
    Row(code: "exists", exit: 73, meaning: "the file or store exists"),
    Row(code: "is-link", exit: 73, meaning: "a link stands where a file was to be written"),
    Row(code: "one-of-us", exit: 73, meaning: "merge: one of the team cannot go"),
    Row(code: "slug-taken", exit: 73, meaning: "another record has that slug"),
    Row(code: "undecided", exit: 73, meaning: "merge: values wait for a decision"),
    Row(code: "undone", exit: 73, meaning: "undo: that command is undone already"),

    Row(code: "damaged", exit: 74, meaning: "the store is damaged"),
    Row(code: "database-gone", exit: 74, meaning: "the store's database is missing"),
    Row(code: "disk", exit: 74, meaning: "a file could not be read or written"),
    Row(code: "disk-full", exit: 74, meaning: "the disk is full"),
    Row(code: "not-durable", exit: 74, meaning: "the disk does not keep promises"),
    Row(code: "read-only", exit: 74, meaning: "a file or the store cannot be written"),

    Row(code: "busy", exit: 75, meaning: "another dossier keeps the store"),

    Row(code: "broken-answer", exit: 76, meaning: "the server's answer cannot be read"),
    Row(code: "newer", exit: 76, meaning: "made by a newer version"),
    Row(code: "newer-store", exit: 76, meaning: "the store was made by a newer version"),
    Row(code: "other-beginning", exit: 76, meaning: "two snapshots that cannot be exchanged"),
    Row(code: "protocol-mismatch", exit: 76, meaning: "client and server are too far apart"),

    Row(
      code: "foreign-members", exit: 77, meaning: "a server with the members of another workspace"),
    Row(code: "no-keys", exit: 77, meaning: "an encrypted workspace without a key of it"),
    Row(code: "not-allowed", exit: 77, meaning: "the server does not let this device do it"),
    Row(code: "last-owner", exit: 77, meaning: "nobody could say who belongs to the team any more"),
    Row(
      code: "not-encrypted", exit: 77, meaning: "join: a plain server for an encrypted workspace"),
    Row(code: "not-yours", exit: 77, meaning: "undo: somebody else's command"),
    Row(code: "unknown-device", exit: 77, meaning: "a bundle of a device not known here"),

    Row(code: "key-missing", exit: 78, meaning: "the key of this device is lost"),
    Row(code: "no-members", exit: 78, meaning: "access: nobody signed for the members here"),
    Row(code: "no-remote", exit: 78, meaning: "the store has no server"),
    Row(code: "no-such-workspace", exit: 78, meaning: "the server has no such workspace"),
    Row(code: "not-set-up", exit: 78, meaning: "there is no store"),
    Row(code: "token-missing", exit: 78, meaning: "what this device shows the server is lost"),
  ]
}
