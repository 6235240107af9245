import ArgumentParser
import DossierModel

/// `dossier help TOPIC`: what is longer than a line.
enum HelpTopics {
  /// In the order they are told.
  private static let summaries = [
    ("dates", "how dates are typed"),
    ("filters", "what narrows a list"),
    ("fields", "every field of every kind of record"),
    ("minutes", "the lines of minutes: take, and import --as md"),
    ("sync", "how machines become level"),
    ("exit-codes", "with which number the programs end"),
    ("errors", "the codes of errors with --json"),
    ("environment", "the variables the programs read"),
  ]

  static let names = summaries.map(\.0)

  static func text(_ topic: String) -> String? {
    switch topic {
    case "fields": fields
    case "errors": errors
    case "topics":
      summaries.map { name, summary in
        "  \(name)\(String(repeating: " ", count: 13 - name.count))\(summary)"
      }.joined(separator: "\n")
    default: texts[topic]
    }
  }

  /// - Throws: ``Failure`` for words `help` has nothing to say of.
  static func check(_ words: [String]) throws {
    guard let word = words.first(where: { !$0.hasPrefix("-") }) else { return }
    let commands = Dossier.configuration.subcommands.filter {
      $0.configuration.shouldDisplay
    }.map { $0._commandName }
    guard !commands.contains(word), word != "help" else { return }
    let closest = (names + commands)
      .map { (Similarity.distance(word.lowercased(), $0), $0) }
      .filter { $0.0 <= 2 }.sorted { $0 < $1 }.prefix(3).map(\.1)
    throw Failure(
      "unknown-topic", exit: 64, "there is no help on \"\(word)\"",
      details: ["topics: " + names.joined(separator: ", "), "or any command"],
      fix: closest.first.map { "dossier help \($0)" } ?? "dossier --help", input: word,
      candidates: Array(closest))
  }

  private static var errors: String {
    let head = """
      With --json an error is one object on standard error:
      {"error":{"code":…,"exit":…,"message":…,"input":…,"candidates":[…],"fix":…}}
      input, candidates and fix may be absent. Codes, and the number the program ends with:


      """
    let width = ErrorCodes.all.map(\.code.count).max() ?? 0
    return head
      + ErrorCodes.all.map { row in
        let pad = String(repeating: " ", count: width - row.code.count + 2)
        return "  \(row.code)\(pad)\(row.exit)  \(row.meaning)"
      }.joined(separator: "\n")
  }

  private static var fields: String {
    let head = """
      The fields of each kind of record, as set, --fields and the JSON of lists, show and export name them. A field with
      (set) holds any number of values. --fields also takes id and title; the objects of --json always have type and id,
      and leave out what is empty.


      """
    return head + kinds
  }

  private static var kinds: String {
    Kind.allCases.map { kind in
      let lines = kind.fields.filter { !$0.isInternal }.map { field in
        "  \(field.name)\(field.isSet ? " (set)" : "")  \(field.remark)"
      }
      return "\(kind.name)\n" + lines.joined(separator: "\n")
    }.joined(separator: "\n\n")
  }

  private static let texts: [String: String] = [
    "dates": """
    A date is read by a closed grammar, in English, French and German; anything else is refused. The reading is always
    printed.

      2025-05-12   12 May 2025   May 12, 2025   12 mai 2025   12. Mai 2025   a day
      today   tomorrow   yesterday   demain   hier   morgen   gestern        a day
      friday   next friday   last friday   vendredi prochain   freitag       a day; friday is the next one, never today
      +3d   -2w   +1m   +1y   12 may                                         a day; 12 may is the next one
      eow   eom   eoq   eoy                                                  the end of week, month, quarter, year
      2026-W05                                                               an ISO week
      may 2025   mai 2025   2025   Q3 2024   T3 2024   H1 2026               a period; "may" is the next one
      summer 2022   été 2022   Sommer 2022                                   a season, of the northern half of the earth
      early 2025   mid june 2025   end of june   début 2025   Ende Mai 2025  a part of a year or month
      circa 2024   vers 2024   2025-05?   2025-05~   201X                    uncertain
      before 2026   until may 2025   since 2023   after 2023   seit 2023     open
      16-18 may 2025   2025-05-12 to 2025-05-14   du 3 au 5 mai 2025         from one to another
      tbc   unknown   à préciser   unbekannt                                 no date, and that is a fact too

    A due date noted in a dialogue is read from the dialogue's day. 3/4/2026 is refused: it has two readings. A time of
    day is refused: dates are days. Any date of EDTF (ISO 8601-2, level 1) is read as well.
    """,
    "filters": """
    by:WHO           who does, wrote or said it; also of: owner:
    with:WHO         the other side; also for:
    in:REF           belongs to a partnership, dialogue, party or document
    topic:REF        about it; also +REF
    kind:WORD        what sort; also act:
    state:WORD       open, done, planned, held …; also status:
    on:DATE          may fall into that period; also date: due:
    on:none          has no date; also date:none due:none
    before:DATE      over before it begins; also date.before: due.before:
    after:DATE       begins after it ends; also date.after: due.after:
    since:DATE       ends in it or later
    until:DATE       over when it ends; also due.by: due.until:
    not:FILTER       the contrary of any of these
    "free words"     full text

    Several filters narrow together. A word before a colon that is not in this list is an error, never a search.
    """,
    "exit-codes": """
    0    done
    1    the check says no: overdue --check, review --check, doctor; compact on a machine that is not level
    64   usage: a word, an option or a date that is not understood
    65   bad input: a file, a text or a value that cannot be taken
    66   no such record or file, or several
    69   the server cannot be reached, or says no
    70   our bug
    73   it exists, was changed by hand, or was decided otherwise
    74   the disk, or the store on it
    75   busy: another dossier has the store
    76   made by another version, or not understood
    77   not allowed
    78   not set up: no store, no server
    130  interrupted
    141  the reader of the output has gone

    dossier-server ends with the same numbers. dossier help errors lists the codes of errors with --json.
    """,
    "environment": """
    DOSSIER_STORE         folder of the store; --store comes before it
    XDG_DATA_HOME         the store is in dossier below it; ~/.local/share when it is not set
    XDG_STATE_HOME        texts that could not be saved wait in dossier/unsaved below it; else ~/.local/state
    HOME                  where ~ is
    VISUAL, EDITOR        for note -e, edit and review; the first that is set, else vi
    PAGER, LESS           shows what is longer than the screen; less -FRX when not set, none when "cat"
    NO_COLOR              when it is set, no colours
    TERM                  without it, or when it is "dumb": no colours, no pager
    USER, LOGNAME         your name in a new store
    COLUMNS, LINES        size of the screen, when more than 5
    TZ                    what today is
    SSL_CERT_FILE         PEM file of the authorities to believe in the place of the system's, for servers with TLS
    DOSSIER_SERVER_DATA   dossier-server: folder of its data; --data comes before it, else dossier-server in
                          XDG_DATA_HOME
    DOSSIER_TEST_CLOCK, DOSSIER_TEST_SEED, DOSSIER_TEST_HOST
                          seconds since 1970, a number, a name: make a run repeatable, for tests
    """,
    "sync": """
    Every command saves a changeset on this machine. dossier sync sends what the server lacks, brings what
    is missing here, and says when both hold the same. Without a network everything but sync works.

    Two people who change one field without knowing of each other both keep their value: one is shown,
    the other waits in dossier review. dossier sync --status says what waits.

    Without a network: dossier sync --to FILE writes a bundle, dossier sync --from FILE takes one; a folder in the
    place of the file is shared by all. --for NAME leaves out what that member or machine has, --dry-run says what would
    be done, --trust takes a bundle of a machine that is not known here. dossier join FILE enters a workspace with one.

    dossier sync --explain REF says of one record what is sent, what waits and why. Machines that join late begin with
    a snapshot (dossier sync --snapshot gives the server one now); dossier compact lets a machine begin with one too.
    """,
    "minutes": """
    dossier take reads minutes line by line, dossier import FILE --as md reads them from a file. Each line is one record,
    safe on disk before the next is read; a line that names nobody known is kept as a note.

    any text                      a note
    jp: text                      what that party or person said
    ... text                      goes on with the line before
    TOPIC: data flows             the agenda point of what follows
    DECISION: text                a decision; also RESOLUTION: and AGREED:
    POSITION jp: text             its position on the topic
    ACTION ann, bob: text by friday   an action item; the date is read from the dialogue's day
    PROMISE jp: text by end of june   a commitment of theirs
    present+ taira, kiuchi        who is there; regrets+ x
    s/old/new/                    corrects the line before
    /undo  /rule chatham  /who  /end
    """,
  ]
}
