-- What lists, filters and searches run over. All of it but `setting` is made from the log and can be made
-- again at any time.

CREATE TABLE record (
  number   INTEGER PRIMARY KEY,   -- short name inside this file; also the row of `search`
  id       BLOB NOT NULL UNIQUE,  -- 16 bytes
  kind     INTEGER NOT NULL,      -- Kind
  short    TEXT NOT NULL,         -- the random part of the id as people see it, 16 characters
  slug     TEXT,                  -- its slug now
  title    TEXT NOT NULL,         -- name, or first line of its words
  word     TEXT,                  -- what sort it is: its field `kind`; of an act or a role, its field `what`
  state    TEXT,                  -- action: open, done, dropped; dialogue: planned, held ...; partnership: status
  words    TEXT,                  -- its date (of a dialogue), due date (of an action) ... in its own words
  earliest INTEGER,               -- first possible day of that date, in days since 1970
  latest   INTEGER,               -- last possible day
  deleted  INTEGER NOT NULL,      -- 1: deleted, and nothing is alive that the deletion had not seen
  hidden   INTEGER NOT NULL       -- 1: deleted, and no visible record belongs to it
) STRICT;

CREATE INDEX record_short ON record (kind, short, id);
CREATE INDEX record_slug ON record (slug) WHERE slug IS NOT NULL;
CREATE INDEX record_list ON record (kind, hidden, earliest, latest, id);

CREATE INDEX record_deleted ON record (id) WHERE deleted = 1;

CREATE TABLE reference (
  source BLOB NOT NULL,           -- the record that names another
  field  INTEGER NOT NULL,        -- in this field
  target BLOB NOT NULL,           -- the record that is named
  parent INTEGER NOT NULL,        -- 1: a visible source keeps the target visible
  PRIMARY KEY (source, field, target)
) STRICT, WITHOUT ROWID;

CREATE INDEX reference_target ON reference (target, field);

CREATE TABLE name (
  folded TEXT NOT NULL,           -- a name, without case, accents and hyphens
  id     BLOB NOT NULL,           -- whose it is
  rank   INTEGER NOT NULL,        -- 0 slug, 1 acronym, 2 name, 3 alias, 4 code, 5 former slug
  PRIMARY KEY (folded, id)
) STRICT, WITHOUT ROWID;

CREATE INDEX name_id ON name (id);

-- Full text: all words of a record, siblings included. `joined` has words with hyphens written as one.
CREATE VIRTUAL TABLE search USING fts5 (
  title, body, joined, tokenize = "unicode61 remove_diacritics 2"
);

CREATE TABLE setting (
  name  TEXT PRIMARY KEY,         -- what is set on this machine: open dossier, remote, device
  value TEXT NOT NULL             -- to what
) STRICT, WITHOUT ROWID;
