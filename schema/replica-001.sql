-- A replica: the log of changesets, and what they amount to. The log is the truth; `entity`, `history` and
-- `review` can be made from it again at any time.

CREATE TABLE replica (
  only      INTEGER PRIMARY KEY CHECK (only = 1),  -- one row
  workspace BLOB NOT NULL,     -- 16 bytes
  writer    INTEGER NOT NULL,  -- `writer.number` of this life of the store
  salt      BLOB NOT NULL,     -- 16 bytes: with the device's key it makes the writer's name
  clock     INTEGER NOT NULL,  -- the last timestamp of the hybrid clock, as 64 bits
  reader    INTEGER NOT NULL,  -- the rules by which the log was applied (Header.reader)
  log       BLOB NOT NULL,     -- cursor: the remote's log, 16 bytes; zero before the first exchange
  position  INTEGER NOT NULL,  -- cursor: how far it is read
  hash      BLOB NOT NULL      -- cursor: the running hash there, 32 bytes
) STRICT;

CREATE TABLE writer (
  number    INTEGER PRIMARY KEY,     -- short name inside this file
  id        BLOB NOT NULL UNIQUE,    -- 16 bytes
  key       BLOB NOT NULL,           -- 32 bytes: Ed25519 key of its device
  sequence  INTEGER NOT NULL,        -- its last changeset in `changeset`
  head      BLOB NOT NULL,           -- the id of that changeset
  applied   INTEGER NOT NULL,        -- its last changeset that is applied
  declared  INTEGER NOT NULL         -- how far our own changesets say they have seen it
) STRICT;

CREATE TABLE changeset (
  number    INTEGER PRIMARY KEY,     -- order of arrival here
  id        BLOB NOT NULL UNIQUE,    -- 32 bytes: SHA-256 of `bytes`
  writer    INTEGER NOT NULL,        -- who wrote it
  sequence  INTEGER NOT NULL,        -- its number with that writer, from 1 without gaps
  clock     INTEGER NOT NULL,        -- the writer's timestamp, as 64 bits
  applied   INTEGER,                 -- order of application; NULL while it waits for its causes
  position  INTEGER,                 -- where it stands in the remote's log; NULL until the remote said so
  refused   INTEGER,                 -- why the remote does not take it (Verdict.Refusal); NULL otherwise
  bytes     BLOB NOT NULL,           -- verbatim
  UNIQUE (writer, sequence)
) STRICT;

CREATE INDEX changeset_unsent ON changeset (number) WHERE position IS NULL;
CREATE UNIQUE INDEX changeset_position ON changeset (position) WHERE position IS NOT NULL;
CREATE INDEX changeset_waiting ON changeset (number) WHERE applied IS NULL;
CREATE UNIQUE INDEX changeset_applied ON changeset (applied) WHERE applied IS NOT NULL;

CREATE TABLE held (
  id        BLOB PRIMARY KEY,        -- a changeset whose writer's earlier ones are not here yet
  bytes     BLOB NOT NULL            -- verbatim, not yet checked
) STRICT, WITHOUT ROWID;

CREATE TABLE quarantine (
  id        BLOB PRIMARY KEY,        -- a changeset that must not be applied
  reason    INTEGER NOT NULL,        -- Verdict.Refusal
  bytes     BLOB NOT NULL            -- kept as evidence
) STRICT, WITHOUT ROWID;

CREATE TABLE entity (
  id        BLOB PRIMARY KEY,        -- 16 bytes
  kind      INTEGER NOT NULL,        -- the product's number for this kind of record
  state     BLOB NOT NULL            -- every value that is alive, with the change that wrote it
) STRICT, WITHOUT ROWID;

CREATE TABLE history (
  entity    BLOB NOT NULL,           -- what was changed
  changeset INTEGER NOT NULL,        -- `changeset.number` of a changeset that changed it
  PRIMARY KEY (entity, changeset)
) STRICT, WITHOUT ROWID;

CREATE TABLE review (
  entity    BLOB NOT NULL,           -- what waits for a decision
  field     INTEGER NOT NULL,        -- a field with siblings; -1: deleted by one, changed by another
  PRIMARY KEY (entity, field)
) STRICT, WITHOUT ROWID;
