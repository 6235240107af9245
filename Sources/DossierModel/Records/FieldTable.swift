// Numbers are for ever: a field may be added, never renumbered or given another meaning.

extension Field {
  // MARK: Fields of every kind

  public static let slug = Field(1, "slug", .text, "short name for typing: a-z, 0-9 and hyphens")
  public static let formerSlugs = Field(
    14, "former_slugs", .text, set: true, "slugs it had before; they stay valid")
  public static let name = Field(9, "name", .text, "the name people use")
  public static let names = Field(
    10, "names", .parts([("language", .text), ("text", .text)]), set: true,
    "names in other languages and scripts")
  public static let acronym = Field(11, "acronym", .text, "its acronym")
  public static let aliases = Field(8, "aliases", .text, set: true, "other names it is found by")
  public static let kind = Field(12, "kind", .word([]), "what sort it is, in a word or two")
  public static let topics = Field(
    2, "topics", .reference([.topic]), set: true, "what it is about")
  public static let links = Field(
    13, "links", .parts([("as", .word(Self.relations)), ("to", .reference([]))]), set: true,
    "relations to other records")
  public static let remark = Field(4, "remark", .prose, "a remark of the team")
  public static let outside = Field(5, "outside", .text, "what no source says")
  public static let readings = Field(
    6, "readings",
    .parts([
      ("field", .word([])), ("text", .text), ("date", .date),
      ("source", .reference([.document])), ("locator", .text),
    ]), set: true, "what sources say of a field, where they differ")
  public static let sources = Field(
    3, "sources", .parts([("document", .reference([.document])), ("locator", .text)]), set: true,
    "where it is said")
  public static let distinctFrom = Field(
    15, "distinct_from", .reference([]), set: true,
    "records that look like it and are not the same")
  public static let imported = Field(
    7, "imported", .text, internal: true, "hash of the imported line it came from")

  public static let relations = ["related", "parent", "follows", "amends", "implements", "about"]

  // MARK: Fields of single kinds that the program names

  public static let start = Field(25, "start", .date, "when it began")
  public static let status = Field(21, "status", .text, "how it stands")
  public static let summary = Field(35, "summary", .prose, "what a newcomer must know")
  public static let partnershipParent = Field(
    27, "parent", .reference([.partnership]), parent: true, "the partnership it is part of")
  public static let partners = Field(31, "partners", .reference([.party]), set: true, "with whom")
  public static let lead = Field(30, "lead", .reference([.party]), set: true, "who of us leads")

  public static let partnerships = Field(
    20, "partnerships", .reference([.partnership]), set: true, parent: true,
    "the partnerships it belongs to")
  public static let series = Field(21, "series", .reference([.dialogue]), "the series it is one of")
  public static let ordinal = Field(22, "ordinal", .number, "its number in the series")
  public static let date = Field(23, "date", .date, "when")
  public static let state = Field(
    27, "state", .word(["planned", "held", "cancelled", "postponed"]), "whether it took place")
  public static let organisers = Field(28, "organisers", .reference([]), set: true, "who invites")
  public static let participants = Field(
    29, "participants",
    .parts([
      ("party", .reference([.party])), ("for", .reference([.party])),
      ("as", .word(["present", "remote", "excused", "absent"])),
    ]), set: true, "who was there, speaking for whom, and how")

  public static let noteDialogue = Field(
    20, "dialogue", .reference([.dialogue]), parent: true, "where it was said")
  public static let notePartnership = Field(
    21, "partnership", .reference([.partnership]), parent: true, "the partnership it belongs to")
  public static let point = Field(22, "point", .text, "point of the agenda")
  public static let author = Field(23, "author", .reference([.party]), "who wrote it down")
  public static let speaker = Field(24, "speaker", .reference([.party]), "who said it")
  public static let about = Field(25, "about", .reference([]), set: true, "what it concerns")
  public static let when = Field(26, "when", .date, "when it was said")
  public static let noteText = Field(27, "text", .prose, "the words")
  public static let rule = Field(
    28, "rule", .word(["record", "background", "chatham", "off"]), "how it may be attributed")

  public static let actionText = Field(20, "text", .prose, "what is to be done")
  public static let owners = Field(21, "owners", .reference([]), set: true, "who does it")
  public static let with = Field(22, "with", .reference([]), set: true, "with whom")
  public static let due = Field(23, "due", .date, "by when")
  public static let actionState = Field(
    24, "state",
    .parts([("is", .word(["open", "done", "dropped"])), ("on", .date), ("how", .text)]),
    "whether it is closed, since when, and how")
  public static let modality = Field(
    25, "modality", .word(["task", "commitment", "pledge", "standing"]), "how binding it is")
  public static let from = Field(
    26, "from", .reference([.dialogue, .note, .document]), "where it was agreed")
  public static let actionPartnership = Field(
    27, "partnership", .reference([.partnership]), parent: true, "the partnership it belongs to")
  public static let actionDialogue = Field(
    28, "dialogue", .reference([.dialogue]), parent: true, "the dialogue it was taken in or is for")

  public static let codes = Field(
    20, "codes", .parts([("scheme", .word(["iso2"])), ("code", .text)]), set: true,
    "codes it has in lists of others")
  public static let partyParent = Field(
    21, "parent", .reference([.party]), "the party it is part of")
  public static let memberCount = Field(
    22, "member_count", .number, "how many members, where they are not named")
  public static let us = Field(23, "us", .flag, "one of this team")
  public static let memberOf = Field(24, "member_of", .reference([.party]), set: true, "its groups")

  public static let roleParty = Field(20, "party", .reference([.party]), "who")
  public static let roleIn = Field(
    21, "in", .reference([.party, .partnership, .dialogue]), parent: true, "where")
  public static let roleWhat = Field(22, "what", .word([]), "what the party is there")
  public static let title = Field(23, "title", .text, "the title of the post")
  public static let roleStart = Field(24, "start", .date, "from when")
  public static let roleEnd = Field(25, "end", .date, "until when")
  public static let asOf = Field(26, "as_of", .date, "when a source says it was so")

  public static let actParty = Field(20, "party", .reference([.party]), "who")
  public static let actWhat = Field(
    21, "what",
    .word([
      "invited", "launched", "initiated", "signed", "endorsed", "ratified", "joined", "withdrew",
    ]), "what the party did")
  public static let actIn = Field(
    22, "in", .reference([.partnership, .document, .dialogue]), parent: true, "to what")
  public static let actDate = Field(23, "date", .date, "when")
  public static let listed = Field(26, "listed", .flag, "named in the official list")

  public static let reference = Field(20, "reference", .text, "its number")
  public static let issuers = Field(21, "issuers", .reference([]), set: true, "who issued it")
  public static let documentDate = Field(23, "date", .date, "its date")
  public static let documentAbout = Field(
    28, "about", .reference([]), set: true, "what it concerns")
  public static let documentDialogue = Field(
    29, "dialogue", .reference([.dialogue]), "the dialogue it came out of")
  public static let url = Field(30, "url", .text, "its address")
  public static let urlMissing = Field(
    31, "url_missing", .flag, "the address is known to be absent")
  public static let file = Field(32, "file", .text, "the file it is kept in")

  public static let concerns = Field(
    20, "about", .reference([]), set: true, "the records it concerns")
  public static let what = Field(21, "what", .text, "what the sources disagree on")
  public static let values = Field(
    22, "values",
    .parts([("value", .text), ("source", .reference([.document])), ("locator", .text)]), set: true,
    "the readings, each with its source")
  public static let settled = Field(23, "settled", .prose, "how the team settled it")

  public static let principleOf = Field(
    20, "of", .reference([.partnership]), parent: true, "whose principle it is")
  public static let principleOrdinal = Field(21, "ordinal", .number, "its place in the list")

  public static let supports = Field(
    21, "supports", .reference([.partnership]), set: true, "the partnerships it pays for")

  public static let deviceMember = Field(20, "member", .reference([.party]), "whose it is")
  public static let deviceWriter = Field(
    21, "writers", .text, set: true, "the names it writes under, in hexadecimal")

  public static let level = Field(
    20, "level", .word(["bilateral", "regional", "multilateral", "global"]), "how wide it is")
  public static let ourRole = Field(22, "our_role", .text, "what our side is in it")
  public static let legalNature = Field(23, "legal_nature", .text, "what it is in law")
  public static let legalBasis = Field(24, "legal_basis", .text, "what it rests on")
  public static let end = Field(26, "end", .date, "when it ended")
  public static let instanceOf = Field(
    28, "instance_of", .reference([.partnership]), "the class it is one of")
  public static let organisation = Field(
    32, "organisation", .reference([.party]), "the body behind it")
  public static let claimedMembers = Field(
    33, "member_count", .number, "how many members a source claims")
  public static let cadence = Field(34, "cadence", .text, "how often it meets")
  public static let instruments = Field(
    36, "instruments", .reference([.instrument]), set: true, "what pays for it")
  public static let city = Field(24, "city", .text, "where")
  public static let country = Field(25, "country", .reference([.party]), "in which country")
  public static let mode = Field(
    26, "mode", .word(["in person", "virtual", "hybrid"]), "how they met")
  public static let agenda = Field(30, "agenda", .prose, "the points, one a line")
  public static let outcome = Field(31, "outcome", .prose, "what came out of it")
  public static let dialogueCadence = Field(
    32, "cadence", .text, "how often it is held, for a series")
  public static let implied = Field(
    33, "implied", .flag, "no source says it; another dialogue implies it")
  public static let verbatim = Field(29, "verbatim", .flag, "the very words, not a paraphrase")
  public static let flags = Field(30, "flags", .text, set: true, "warnings for those who quote it")
  public static let roleMemberCount = Field(
    27, "member_count", .number, "how many, where they are not named")

  // MARK: The table

  private static let before: [Field] = [slug, formerSlugs, name, names, acronym, aliases, kind]
  private static let after: [Field] = [
    topics, links, remark, outside, readings, sources, imported,
  ]

  static let table: [Kind: [Field]] = {
    let own: [Kind: [Field]] = [
      .partnership: [
        level,
        status,
        ourRole,
        legalNature,
        legalBasis,
        start,
        end,
        partnershipParent,
        instanceOf,
        lead, partners,
        organisation,
        claimedMembers,
        cadence,
        instruments,
        summary,
      ],
      .dialogue: [
        partnerships, series, ordinal, date,
        city,
        country,
        mode,
        state, organisers, participants,
        agenda,
        outcome,
        dialogueCadence,
        implied, distinctFrom,
      ],
      .note: [
        noteDialogue, notePartnership, point, author, speaker, about, when, noteText, rule,
        verbatim,
        flags,
      ],
      .action: [
        actionText, owners,
        Field(33, "owner_kind", .word([]), "what sort of owner, where that is not a party"),
        with, due, actionState, modality, from, actionPartnership, actionDialogue,
        Field(29, "principle", .reference([.principle]), "the principle it serves"),
        Field(30, "open_ended", .flag, "no date is meant"),
        Field(31, "proposed", .date, "when it was proposed"),
        Field(
          32, "followups", .reference([.dialogue]), set: true, "dialogues that came back to it"),
      ],
      .party: [codes, partyParent, memberCount, us, memberOf, distinctFrom],
      .role: [
        roleParty, roleIn, roleWhat, title, roleStart, roleEnd, asOf,
        roleMemberCount,
      ],
      .act: [
        actParty, actWhat, actIn, actDate,
        Field(24, "signed_by", .reference([.party]), "who signed for the party"),
        Field(25, "reservation", .prose, "the reservation made"),
        listed,
      ],
      .document: [
        reference, issuers,
        Field(22, "authors", .reference([.party]), set: true, "who wrote it"),
        documentDate,
        Field(24, "languages", .text, set: true, "languages it exists in"),
        Field(
          25, "parts",
          .parts([
            ("part", .text), ("kind", .text), ("locator", .text),
            ("publisher", .reference([.party])),
          ]), set: true, "what it consists of"),
        Field(26, "part_of", .reference([.document]), "the document it is a part of"),
        Field(27, "cites", .reference([.document]), set: true, "documents it names"),
        documentAbout, documentDialogue, url, urlMissing, file,
        Field(33, "site", .text, "the publication it appeared in"),
        Field(34, "city", .text, "where it was issued"),
      ],
      .discrepancy: [concerns, what, values, settled],
      .topic: [Field(20, "parent", .reference([.topic]), "the wider topic")],
      .principle: [principleOf, principleOrdinal],
      .instrument: [Field(20, "funder", .reference([.party]), "who pays"), supports],
      .device: [deviceMember, deviceWriter],
    ]
    return own.mapValues { before + $0 + after }
  }()
}
