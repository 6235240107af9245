import DossierModel
import DossierStore

enum Partnerships: Listing {
  static let kind = Kind.partnership
  static let columns = ["id", "slug", "name", "kind", "level", "status"]
}

enum Dialogues: Listing {
  static let kind = Kind.dialogue
  static let columns = ["id", "date", "name", "state", "city"]
}

enum Notes: Listing {
  static let kind = Kind.note
  static let columns = ["id", "when", "kind", "dialogue", "partnership", "text"]
}

enum Decisions: Listing {
  static let word = "decisions"
  static let kind = Kind.note
  static let columns = ["id", "when", "dialogue", "partnership", "text"]
  static let preset = [Filter.Test.kind("decision")]
}

enum Positions: Listing {
  static let word = "positions"
  static let kind = Kind.note
  static let columns = ["id", "when", "speaker", "dialogue", "text"]
  static let preset = [Filter.Test.kind("position")]
}

enum Statements: Listing {
  static let word = "statements"
  static let kind = Kind.note
  static let columns = ["id", "when", "speaker", "dialogue", "text"]
  static let preset = [Filter.Test.kind("statement")]
}

enum Lines: Listing {
  static let word = "lines"
  static let kind = Kind.note
  static let columns = ["id", "when", "partnership", "dialogue", "text"]
  static let preset = [Filter.Test.kind("line")]
}

enum Actions: Listing {
  static let kind = Kind.action
  static let columns = ["id", "due", "owners", "state", "text", "partnership", "dialogue"]
}

/// Action items of others: what they promised us.
enum Commitments: Listing {
  static let word = "commitments"
  static let kind = Kind.action
  static let columns = ["id", "due", "owners", "state", "text", "partnership", "dialogue"]

  static func includes(_ record: Record, _ context: Context) throws -> Bool {
    let owners = record.references(.owners)
    let us = try context.store.us()
    return !owners.isEmpty && !owners.allSatisfy { us.contains($0) }
  }
}

enum Parties: Listing {
  static let kind = Kind.party
  static let columns = ["id", "slug", "name", "acronym", "kind", "parent"]
}

/// The people of this team.
enum Members: Listing {
  static let word = "members"
  static let kind = Kind.party
  static let columns = ["id", "slug", "name"]

  static func includes(_ record: Record, _ context: Context) -> Bool { record.flag(.us) }
}

enum Devices: Listing {
  static let kind = Kind.device
  static let columns = ["id", "name", "member"]
}

enum Documents: Listing {
  static let kind = Kind.document
  static let columns = ["id", "date", "name", "kind", "reference"]
}

enum Acts: Listing {
  static let kind = Kind.act
  static let columns = ["id", "date", "party", "what", "in"]
}

enum Roles: Listing {
  static let kind = Kind.role
  static let columns = ["id", "party", "what", "title", "in"]
}

enum Discrepancies: Listing {
  static let kind = Kind.discrepancy
  static let columns = ["id", "kind", "what", "about", "settled"]
}

enum Topics: Listing {
  static let kind = Kind.topic
  static let columns = ["id", "slug", "name"]
}

enum Principles: Listing {
  static let kind = Kind.principle
  static let columns = ["id", "of", "ordinal", "name"]
}

enum Instruments: Listing {
  static let kind = Kind.instrument
  static let columns = ["id", "name", "kind", "funder"]
}
