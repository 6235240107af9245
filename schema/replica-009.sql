-- Whether the remote shows everybody the same log: what it was at each position here, what others say it was, and what
-- does not agree.

CREATE TABLE log_hash (
  position  INTEGER PRIMARY KEY,     -- of the remote's log, from 1 to `replica.position`
  hash      BLOB NOT NULL            -- 32 bytes: the running hash there
) STRICT;

-- What our last changeset with a checkpoint says: the log's 16 bytes and the running hash's 32; empty before the first.
ALTER TABLE replica ADD COLUMN checkpoint BLOB NOT NULL DEFAULT x'';

CREATE TABLE checkpoint (
  changeset BLOB PRIMARY KEY,        -- 32 bytes: a changeset that has one, which could not be compared yet
  log       BLOB NOT NULL,           -- 16 bytes
  position  INTEGER NOT NULL,
  hash      BLOB NOT NULL            -- 32 bytes
) STRICT, WITHOUT ROWID;

CREATE TABLE split_view (
  number    INTEGER PRIMARY KEY,     -- in the order they were noticed
  changeset BLOB UNIQUE,             -- 32 bytes: its author was shown another log than this device; NULL: this device was shown two
  bytes     BLOB,                    -- verbatim: the author's signature stands for the checkpoint in it
  log       BLOB NOT NULL,           -- 16 bytes: of which log both speak
  position  INTEGER NOT NULL,        -- where this device knows
  hash      BLOB NOT NULL,           -- 32 bytes: that the running hash of the same log is this one
  clock     INTEGER NOT NULL,        -- when it was noticed, as 64 bits
  settled   INTEGER NOT NULL         -- 1: somebody has looked into it
) STRICT;

-- What of the quarantine somebody has said again, here or elsewhere. Can be made from the log again.

CREATE TABLE adoption (
  id        BLOB PRIMARY KEY,        -- 32 bytes: a changeset that is, or may once be, in quarantine
  by        BLOB NOT NULL,           -- 32 bytes: the changeset that says the same
  undone    BLOB                     -- 32 bytes: the changeset that took that back; NULL while it counts
) STRICT, WITHOUT ROWID;
